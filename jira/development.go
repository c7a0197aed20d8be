package jira

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/rest"
)

var opPullRequests = &base.Op{Name: "PullRequests"}

// maxHosts bounds how many code hosts of one issue are asked.
const maxHosts = 10

// PullRequests are those that name the issue, of every code host that is connected to the site. An issue without any gives
// none. A code host that could not be asked is named in a [base.IncompleteError], beside what the others gave.
//
// The site answers this from what it calls development information, for which it documents no interface: the one of its own
// pages is used, as others do.
func (c *Client) PullRequests(ctx context.Context, key string) ([]PullRequest, error) {
	id, err := c.id(ctx, opPullRequests, key)
	if err != nil {
		return nil, err
	}
	hosts, err := c.codeHosts(ctx, id)
	if err != nil {
		return nil, err
	}
	all, missing := []PullRequest{}, []string{}
	var cause error
	for _, host := range hosts {
		some, failed, err := c.pullRequestsOf(ctx, id, host)
		if err != nil {
			failed, cause = []string{host}, err
		}
		all, missing = append(all, some...), append(missing, failed...)
	}
	if len(missing) > 0 {
		if len(all) == 0 && cause != nil && len(missing) == len(hosts) {
			return nil, cause
		}
		return all, base.NewIncomplete(base.Partial, c.config.Name, opPullRequests.Name, int64(len(all)),
			"pull requests could not be read from "+strings.Join(missing, ", "), cause)
	}
	base.AddStats(ctx, base.Stats{Rows: int64(len(all))})
	return all, nil
}

// codeHosts are the types of the code hosts that have pull requests of the issue.
func (c *Client) codeHosts(ctx context.Context, id string) ([]string, error) {
	d, err := c.object(ctx, rest.Request{
		Op: opPullRequests, Method: http.MethodGet, Path: "/rest/dev-status/latest/issue/summary", Query: url.Values{"issueId": {id}}.Encode(),
	})
	if err != nil {
		return nil, err
	}
	var hosts []string
	if s, ok := d.Object("summary"); ok {
		if p, ok := s.Object("pullrequest"); ok {
			if by, ok := p.Object("byInstanceType"); ok {
				for host := range by.Fields {
					hosts = append(hosts, host)
				}
			}
		}
	}
	slices.Sort(hosts)
	if len(hosts) > maxHosts {
		return nil, c.protocol(opPullRequests, "the site names more than ten code hosts")
	}
	return hosts, nil
}

// pullRequestsOf are those of one code host, and the instances of it that failed.
func (c *Client) pullRequestsOf(ctx context.Context, id, host string) (all []PullRequest, failed []string, err error) {
	d, err := c.object(ctx, rest.Request{
		Op: opPullRequests, Method: http.MethodGet, Path: "/rest/dev-status/latest/issue/detail",
		Query: url.Values{"issueId": {id}, "applicationType": {host}, "dataType": {"pullrequest"}}.Encode(),
	})
	if err != nil {
		return nil, nil, err
	}
	problems, _ := d.Objects("errors")
	if len(problems) > 0 {
		failed = append(failed, host)
	}
	details, ok := d.Objects("detail")
	if !ok {
		return nil, nil, c.protocol(opPullRequests, "the answer has no list detail")
	}
	for _, detail := range details {
		some, _ := detail.Objects("pullRequests")
		for _, one := range some {
			all = append(all, readPullRequest(one))
		}
	}
	return all, failed, nil
}

func readPullRequest(d document.Document) PullRequest {
	p := PullRequest{
		ID: d.Text("id"), Title: d.Text("name"), URL: d.Text("url"), Status: d.Text("status"), Repository: d.Text("repositoryName"),
		Author: nameOf(d, "author"), Updated: d.Time("lastUpdate"),
	}
	if s, ok := d.Object("source"); ok {
		p.Source = s.Text("branch")
	}
	if s, ok := d.Object("destination"); ok {
		p.Destination = s.Text("branch")
	}
	return p
}
