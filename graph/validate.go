package graph

import (
	"context"
	"regexp"
	"slices"
	"strconv"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
)

// FlowCheck is what was seen in logs, and what should have been. Expected, or Entry, says the latter.
type FlowCheck struct {
	Logs     []string `json:"logs" jsonschema:"lines in their order; each names Class#line, Class#method or Class.method somewhere"`
	Expected []string `json:"expected,omitempty" jsonschema:"Class#method or service, in order"`
	Entry    string   `json:"entry,omitempty" jsonschema:"instead of expected: a method or Class#method whose flow in the graph is expected"`
	Service  string   `json:"service,omitempty" jsonschema:"where the entry, and the classes of the logs, are, when several services have them"`
	Depth    int      `json:"depth,omitempty" jsonschema:"of the flow of the entry; default 4"`
}

// FlowVerdict compares two sequences of steps, each Class#method or the name of a service. A step that follows itself
// counts once.
type FlowVerdict struct {
	Expected   []string `json:"expected"`
	Observed   []string `json:"observed"`
	Missing    []string `json:"missing"`    // expected, and not seen
	Unexpected []string `json:"unexpected"` // seen, and not expected
	InOrder    bool     `json:"in_order"`   // what is in both has the same order in both
	// Confidence is how well the two fit, 0 to 1: twice the steps that are in both in the same order, over the steps of both.
	Confidence float64 `json:"confidence"`
	Unread     int     `json:"unread"` // lines of logs that name no symbol of the graph
}

const (
	maxLogs     = 10_000
	maxLogBytes = 4 << 20
	maxExpected = 1000
)

var opValidateFlow = &base.Op{Name: "ValidateFlow", System: base.SystemDB}

// ValidateFlow compares the flow that is expected with the sequence of symbols that logs name. Lines that name none are
// counted and left out.
func (c *Client) ValidateFlow(ctx context.Context, q FlowCheck) (FlowVerdict, error) {
	if err := c.checkFlow(q); err != nil {
		return FlowVerdict{}, err
	}
	expected := q.Expected
	if len(expected) == 0 {
		flow, err := c.Flow(ctx, FlowQuery{Entry: q.Entry, Service: q.Service, Depth: q.Depth})
		if err != nil {
			return FlowVerdict{}, err
		}
		expected = append(expected, flow.Entry.String())
		for _, step := range flow.Steps {
			expected = append(expected, step.Symbol.String())
		}
	}
	sites := sitesOf(q.Logs)
	names, err := c.siteNames(ctx, sites, q.Service)
	if err != nil {
		return FlowVerdict{}, err
	}
	return compare(expected, names, len(q.Logs)), nil
}

func (c *Client) checkFlow(q FlowCheck) error {
	bytes := 0
	for _, line := range q.Logs {
		bytes += len(line)
	}
	switch {
	case (len(q.Expected) == 0) == (q.Entry == ""):
		return base.Invalid(c.Name(), opValidateFlow.Name, "expected, entry: set one of the two")
	case len(q.Logs) == 0:
		return base.Invalid(c.Name(), opValidateFlow.Name, "logs: empty; give the lines in their order")
	case len(q.Logs) > maxLogs || bytes > maxLogBytes:
		return base.Invalid(c.Name(), opValidateFlow.Name, "logs: %d lines of %d bytes, and the limits are %d and %d; give a part of them", len(q.Logs), bytes, maxLogs, maxLogBytes)
	case len(q.Expected) > maxExpected:
		return base.Invalid(c.Name(), opValidateFlow.Name, "expected: %d steps, and the limit is %d", len(q.Expected), maxExpected)
	}
	return nil
}

// siteInLog is Class#line, Class#method or Class.method, perhaps behind a package.
var siteInLog = regexp.MustCompile(`(?:^|[^\w$])(?:[a-z][\w$]*\.)*([A-Z][\w$]*)(?:#|::|\.)([A-Za-z_$<][\w$<>]*|[0-9]{1,9})\b`)

// sitesOf are the places that log lines name, as frames: the first of each line.
func sitesOf(logs []string) []code.Frame {
	var all []code.Frame
	for _, line := range logs {
		found := siteInLog.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		f := code.Frame{Class: found[1], Method: found[2], Text: line}
		if n, err := strconv.Atoi(found[2]); err == nil {
			f.Method, f.Line = "", n
		}
		all = append(all, f)
	}
	return all
}

// siteNames are the symbols of the places, in their order; those that the graph does not have are left out.
func (c *Client) siteNames(ctx context.Context, sites []code.Frame, service string) ([]string, error) {
	unique, index := []code.Frame{}, map[code.Frame]int{}
	for _, s := range sites {
		s.Text = ""
		if _, known := index[s]; !known {
			index[s] = len(unique)
			unique = append(unique, s)
		}
	}
	found, err := c.resolve(ctx, opValidateFlow, unique, service)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range sites {
		s.Text = ""
		if r := found[index[s]]; len(r.Symbols) > 0 {
			names = append(names, r.Symbols[0].String())
		}
	}
	return names, nil
}

func compare(expected, observed []string, lines int) FlowVerdict {
	v := FlowVerdict{Missing: []string{}, Unexpected: []string{}, Unread: lines - len(observed)}
	v.Expected, v.Observed = slices.Compact(slices.Clone(expected)), slices.Compact(slices.Clone(observed))
	v.Expected, v.Observed = append([]string{}, v.Expected...), append([]string{}, v.Observed...)
	v.Missing = append(v.Missing, without(v.Expected, v.Observed)...)
	v.Unexpected = append(v.Unexpected, without(v.Observed, v.Expected)...)
	common := longestCommon(v.Expected, v.Observed)
	v.InOrder = common == min(shared(v.Expected, v.Observed), shared(v.Observed, v.Expected))
	if all := len(v.Expected) + len(v.Observed); all > 0 {
		v.Confidence = 2 * float64(common) / float64(all)
	}
	return v
}

// without are the steps of a that are not in b, each once.
func without(a, b []string) (all []string) {
	for _, s := range a {
		if !slices.Contains(b, s) && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// shared is how many steps of a are in b.
func shared(a, b []string) (n int) {
	for _, s := range a {
		if slices.Contains(b, s) {
			n++
		}
	}
	return n
}

// longestCommon is the length of the longest sequence that is in both, with anything between.
func longestCommon(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		before := 0 // row[j-1] of the line above
		for j, y := range b {
			above := row[j+1]
			if x == y {
				row[j+1] = before + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			before = above
		}
	}
	return row[len(b)]
}
