package main

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/jira"
)

// dossier is a ticket and what it points to.
type dossier struct {
	Demo         string                   `json:"demo,omitempty"`
	Issue        jira.Issue               `json:"issue"`
	Parsed       jira.ParsedIssue         `json:"parsed"`
	Window       base.Window              `json:"window"`
	Loads        []fkapi.Load             `json:"loads"`
	Logs         []logs.Record            `json:"logs"`
	Code         []place                  `json:"code"`
	Timeline     github.Timeline          `json:"timeline"`
	PullRequests []jira.PullRequest       `json:"pull_requests"`
	Documents    []confluence.ServiceDocs `json:"documents"`
	Similar      []jira.Issue             `json:"similar"`
	Asked        []command.Asked          `json:"asked"`
	NotSeen      []string                 `json:"not_seen"`
}

// place is a line of a stack trace, and the code that stands there.
type place struct {
	Frame code.Frame          `json:"frame"`
	Repo  string              `json:"repo"`
	Path  string              `json:"path"`
	Line  int                 `json:"line"`
	Text  string              `json:"text"`            // the lines around it
	From  int                 `json:"from"`            // line of the first of them
	By    []github.BlameRange `json:"by,omitempty"`    // who wrote the line
	Fresh bool                `json:"fresh,omitempty"` // it was written in the week before the window ended
}

// How much of what a ticket names is followed.
const (
	mostFollowed = 3 // loads, traces and services
	mostPlaces   = 4
	mostLines    = 40 // of logs, for each thing that is looked for
	mostSimilar  = 5
	around       = 3 // lines of code before and after
	lookBack     = 7 * 24 * time.Hour
)

// gathering is one dossier in the making.
type gathering struct {
	*clients
	*command.Inquiry
	mu      sync.Mutex
	dossier dossier
}

// fetchDossier reads the ticket, and then side by side what it points to. Without the ticket there is nothing.
func fetchDossier(ctx context.Context, key string, now time.Time, c *clients, p *command.Progress) (*dossier, error) {
	g := &gathering{clients: c, Inquiry: command.NewInquiry(p)}
	var failure error
	g.Start(ctx, "jira", "the ticket", func(ctx context.Context) (int, error) {
		issue, err := c.jira.WholeIssue(ctx, key)
		if g.dossier.Issue = issue; issue.Key == "" {
			failure = cmp.Or(err, error(errNoTicket))
			return 0, err
		}
		return 1, err
	})
	g.Wait()
	if failure != nil {
		return nil, failure
	}
	g.dossier.Parsed = jira.Parse(g.dossier.Issue)
	g.dossier.Window = windowOf(g.dossier, now)
	g.ask(ctx)
	g.Wait()
	g.dossier.Asked, g.dossier.NotSeen = g.Account()
	g.dossier.settle()
	return &g.dossier, nil
}

type noTicket string

// Error is the text.
func (e noTicket) Error() string { return string(e) }

const errNoTicket noTicket = "the ticket is not there"

// windowOf is the time that the ticket speaks of, else the day before it was written. It ends no later than now.
func windowOf(d dossier, now time.Time) base.Window {
	w := base.Window{From: d.Parsed.Window.Start, To: d.Parsed.Window.End}
	if w.From.IsZero() || !w.From.Before(w.To) {
		end := d.Issue.Created
		if end.IsZero() {
			end = now
		}
		w = base.Around(end, 24*time.Hour, time.Hour)
	}
	if w.To.After(now) && w.From.Before(now) {
		w.To = now
	}
	return w
}

// settle makes empty lists of what nobody found.
func (d *dossier) settle() {
	d.Loads, d.Logs, d.Code = append([]fkapi.Load{}, d.Loads...), append([]logs.Record{}, d.Logs...), append([]place{}, d.Code...)
	d.PullRequests, d.Documents = append([]jira.PullRequest{}, d.PullRequests...), append([]confluence.ServiceDocs{}, d.Documents...)
	d.Similar = append([]jira.Issue{}, d.Similar...)
	d.Timeline.Events = append([]github.DeployEvent{}, d.Timeline.Events...)
}

// keep writes down what a question found.
func (g *gathering) keep(what func(*dossier)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	what(&g.dossier)
}

// first are the first of some findings, each once.
func first(all []jira.Finding) []string {
	var out []string
	for _, f := range all[:min(len(all), mostFollowed)] {
		out = append(out, f.Value)
	}
	return out
}

func (g *gathering) ask(ctx context.Context) {
	g.askJira(ctx)
	g.askTracking(ctx)
	g.askLogs(ctx)
	g.askConfluence(ctx)
	g.askGitHub(ctx)
	for what, all := range map[string][]jira.Finding{
		"loads": g.dossier.Parsed.TrackingIDs, "services": g.dossier.Parsed.Services, "traces": g.dossier.Parsed.TraceIDs,
	} {
		if len(all) > mostFollowed {
			g.Unseen("the ticket names %d %s, and the first %d were followed", len(all), what, mostFollowed)
		}
	}
}

func (g *gathering) askJira(ctx context.Context) {
	key := g.dossier.Issue.Key
	g.Start(ctx, "jira", "pull requests of the ticket", func(ctx context.Context) (int, error) {
		all, err := g.jira.PullRequests(ctx, key)
		g.keep(func(d *dossier) { d.PullRequests = all })
		return len(all), err
	})
	g.Start(ctx, "jira", "similar tickets", func(ctx context.Context) (int, error) {
		all, err := base.Collect(g.jira.SimilarIssues(ctx, jira.SimilarOptions{Key: key, Limit: mostSimilar}))
		g.keep(func(d *dossier) { d.Similar = all })
		return len(all), enough(err)
	})
}

// enough is the error of a list that is meant to be cut: none.
func enough(err error) error {
	if base.OutcomeOf(1, err) == base.Truncated {
		return nil
	}
	return err
}

func (g *gathering) askTracking(ctx context.Context) {
	ids := first(g.dossier.Parsed.TrackingIDs)
	if g.tracking == nil {
		g.Skip("tracking", "FK_API_APP_ID is not set", questions("load ", ids)...)
		return
	}
	for _, id := range ids {
		g.Start(ctx, "tracking", "load "+id, func(ctx context.Context) (int, error) {
			load, err := g.tracking.Load(ctx, id)
			if base.KindOf(err) == base.KindNotFound {
				return 0, nil // a ticket may be wrong
			}
			if err == nil {
				g.keep(func(d *dossier) { d.Loads = append(d.Loads, load) })
			}
			return 1, err
		})
	}
}

func questions(before string, all []string) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = before + one
	}
	return out
}

func (g *gathering) askLogs(ctx context.Context) {
	ids, traces := first(g.dossier.Parsed.TrackingIDs), first(g.dossier.Parsed.TraceIDs)
	if g.logs == nil {
		g.Skip("clickhouse", "CLICKHOUSE_HOST is not set", append(questions("log lines of load ", ids), questions("log lines of trace ", traces)...)...)
		return
	}
	window := g.dossier.Window
	for _, id := range ids {
		g.lines(ctx, "log lines of load "+id, logs.Query{Window: window, TrackingID: id, Limit: mostLines})
	}
	for _, id := range traces {
		g.lines(ctx, "log lines of trace "+id, logs.Query{Window: window, TraceID: id, Limit: mostLines})
	}
}

func (g *gathering) lines(ctx context.Context, question string, q logs.Query) {
	g.Start(ctx, "clickhouse", question, func(ctx context.Context) (int, error) {
		all, err := base.Collect(g.logs.Logs(ctx, q))
		g.keep(func(d *dossier) { d.Logs = append(d.Logs, all...) })
		return len(all), err
	})
}

func (g *gathering) askConfluence(ctx context.Context) {
	services := first(g.dossier.Parsed.Services)
	if g.confluence == nil {
		g.Skip("confluence", "CONFLUENCE_URL is not set", questions("documents of ", services)...)
		return
	}
	for _, service := range services {
		g.Start(ctx, "confluence", "documents of "+service, func(ctx context.Context) (int, error) {
			docs, err := g.confluence.ServiceDocs(ctx, service)
			n := len(docs.Architecture) + len(docs.Troubleshooting) + len(docs.General)
			g.keep(func(d *dossier) { d.Documents = append(d.Documents, docs) })
			return n, err
		})
	}
}

func (g *gathering) askGitHub(ctx context.Context) {
	frames := worthReading(g.dossier.Parsed.StackTraces)
	const deployed = "what was deployed"
	if g.github == nil {
		g.Skip("github", "GITHUB_TOKEN is not set", append(questions("code of ", names(frames)), deployed)...)
		return
	}
	for _, f := range frames {
		g.Start(ctx, "github", "code of "+nameOf(f), func(ctx context.Context) (int, error) {
			found, err := g.find(ctx, f)
			g.keep(func(d *dossier) { d.Code = append(d.Code, found...) })
			return len(found), err
		})
	}
	if len(g.repositories) == 0 {
		g.Skip("github", "TICKET_REPOSITORIES is not set", deployed)
		return
	}
	window := base.Window{From: g.dossier.Window.From.Add(-lookBack), To: g.dossier.Window.To}
	g.Start(ctx, "github", deployed, func(ctx context.Context) (int, error) {
		line, err := g.github.DeployTimeline(ctx, g.repositories, window)
		g.keep(func(d *dossier) { d.Timeline = line })
		return len(line.Events), err
	})
}

func names(frames []code.Frame) []string {
	var all []string
	for _, f := range frames {
		all = append(all, nameOf(f))
	}
	return all
}

func nameOf(f code.Frame) string {
	name := cmp.Or(f.Class, f.File)
	if f.Line > 0 {
		return fmt.Sprintf("%s, line %d", name, f.Line)
	}
	return name
}
