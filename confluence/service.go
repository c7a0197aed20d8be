package confluence

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/fourkites/sources/base"
)

var opServiceDocs = &base.Op{Name: "ServiceDocs"}

// The groups of a service's documents.
const (
	Architecture    = "architecture"
	Troubleshooting = "troubleshooting"
	General         = "general"
)

// Categories are the groups of ServiceDocs.
func Categories() []string { return []string{Architecture, Troubleshooting, General} }

// ServiceDocs are the pages about a service, each in one group, those that name it in their title first.
type ServiceDocs struct {
	Service         string `json:"service"`
	Architecture    []Hit  `json:"architecture"`    // how it is built
	Troubleshooting []Hit  `json:"troubleshooting"` // what to do when it fails
	General         []Hit  `json:"general"`         // the rest
	// Missing are the groups that could not be asked for; More those of which there are more pages than these.
	Missing []string `json:"missing,omitempty"`
	More    []string `json:"more,omitempty"`
}

// words that put a page into a group, as its label or in its title.
var words = map[string][]string{
	Architecture: {"architecture", "design", "adr", "overview", "diagram", "dataflow", "hld", "lld"},
	Troubleshooting: {
		"runbook", "troubleshooting", "playbook", "incident", "postmortem", "oncall", "alert", "rca", "debugging", "outage", "faq",
	},
}

const groupSize = 25

// ServiceDocs finds the pages about a service. A page of both groups stands under troubleshooting. Where a group could not be
// asked for, the others come with a [base.IncompleteError] beside them.
func (c *Client) ServiceDocs(ctx context.Context, service string) (ServiceDocs, error) {
	out := ServiceDocs{Service: strings.TrimSpace(service), Architecture: []Hit{}, Troubleshooting: []Hit{}, General: []Hit{}}
	questions := map[string]string{}
	for _, group := range Categories() {
		cql, err := c.about(out.Service, group)
		if err != nil {
			return out, err
		}
		questions[group] = cql
	}
	pages, problems := c.groups(ctx, questions)
	seen := map[string]bool{}
	for _, group := range []string{Troubleshooting, Architecture, General} {
		if p := pages[group]; p.More {
			out.More = append(out.More, group)
		}
		*out.group(group) = sorted(pages[group].Items, group, out.Service, seen)
	}
	for _, group := range Categories() {
		if problems[group] != nil {
			out.Missing = append(out.Missing, group)
		}
	}
	return out, c.shortOf(out, problems)
}

// about is the question for one group.
func (c *Client) about(service, group string) (string, error) {
	spaces, err := c.inSpaces(opServiceDocs, nil)
	if err != nil {
		return "", err
	}
	title, err := contains("title", service, true)
	if err != nil {
		return "", c.invalid(opServiceDocs, "service: %s", err)
	}
	text, err := contains("text", service, true)
	if err != nil {
		return "", c.invalid(opServiceDocs, "service: %s", err)
	}
	label, err := among("label", []string{strings.ToLower(strings.ReplaceAll(service, " ", "-"))})
	if err != nil {
		return "", c.invalid(opServiceDocs, "service: %s", err)
	}
	condition := title + " OR " + label + " OR " + text
	if group != General {
		in, err := among("label", words[group])
		if err != nil {
			return "", c.invalid(opServiceDocs, "service: %s", err)
		}
		for _, word := range words[group] {
			in += ` OR title ~ "` + word + `"`
		}
		condition = "(" + condition + ") AND (" + in + ")"
	}
	cql, err := within(condition, spaces)
	if err != nil {
		return "", c.invalid(opServiceDocs, "service: %s", err)
	}
	return "type = page AND (" + cql + ")", nil
}

// groups asks for all groups side by side.
func (c *Client) groups(ctx context.Context, questions map[string]string) (map[string]base.Page[Hit], map[string]error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	pages, problems := map[string]base.Page[Hit]{}, map[string]error{}
	for group, cql := range questions {
		all.Go(func() {
			p, err := c.hits(opServiceDocs, cql).Page(ctx, groupSize, "")
			mu.Lock()
			defer mu.Unlock()
			if pages[group] = p; err != nil {
				problems[group] = err
			}
		})
	}
	all.Wait()
	return pages, problems
}

func (d *ServiceDocs) group(name string) *[]Hit {
	switch name {
	case Architecture:
		return &d.Architecture
	case Troubleshooting:
		return &d.Troubleshooting
	}
	return &d.General
}

// sorted are the hits that no group before has, with the reason, those with the service in their title first.
func sorted(hits []Hit, group, service string, seen map[string]bool) []Hit {
	all := []Hit{}
	for _, h := range hits {
		if seen[h.ID] {
			continue
		}
		seen[h.ID] = true
		h.Why = why(h, group)
		all = append(all, h)
	}
	named := func(h Hit) int {
		if strings.Contains(strings.ToLower(h.Title), strings.ToLower(service)) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b Hit) int { return cmp.Compare(named(a), named(b)) })
	return all
}

func why(h Hit, group string) string {
	for _, word := range words[group] {
		if slices.Contains(h.Labels, word) {
			return "label " + word
		}
	}
	for _, word := range words[group] {
		if strings.Contains(strings.ToLower(h.Title), word) {
			return "title has " + word
		}
	}
	if group == General {
		return "names the service"
	}
	return "the site found it among " + group
}

// shortOf is the error of what could not be asked for.
func (c *Client) shortOf(out ServiceDocs, problems map[string]error) error {
	if len(problems) == 0 {
		return nil
	}
	var causes []error
	for _, group := range out.Missing {
		causes = append(causes, problems[group])
	}
	if len(problems) == len(Categories()) {
		return causes[0]
	}
	n := len(out.Architecture) + len(out.Troubleshooting) + len(out.General)
	return base.NewIncomplete(base.Partial, c.config.Name, opServiceDocs.Name, int64(n), strings.Join(out.Missing, " and ")+" could not be asked for", errors.Join(causes...))
}
