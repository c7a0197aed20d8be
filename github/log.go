package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

var opJobLogs = &base.Op{Name: "JobLogs"}

// JobLog is the end of the log of one job.
type JobLog struct {
	Repo  string `json:"repo"`
	JobID int64  `json:"job_id"`
	Text  string `json:"text"`
	Lines int    `json:"lines"` // of Text
	Bytes int64  `json:"bytes"` // of the whole log; 0 where it is not known
	// Cut says that the log begins before Text.
	Cut bool `json:"cut,omitempty"`
}

const (
	defaultTail = 500
	mostTail    = 100_000
)

// JobLogs are the last lines of the log of a job, tail of them; 0 = 500. Of a log that is longer than Config.MaxLogBytes only
// that much of its end is read. GitHub keeps logs elsewhere: they are fetched from there without any credential.
func (c *Client) JobLogs(ctx context.Context, repo string, job int64, tail int) (JobLog, error) {
	owner, name, err := c.split(opJobLogs, repo)
	switch {
	case err != nil:
		return JobLog{}, err
	case job < 1:
		return JobLog{}, c.invalid(opJobLogs, "job_id: %d is no number of a job", job)
	case tail < 0 || tail > mostTail:
		return JobLog{}, c.invalid(opJobLogs, "tail: %d; give 1 to %d lines, 0 is %d", tail, mostTail, defaultTail)
	case tail == 0:
		tail = defaultTail
	}
	k := &call{op: opJobLogs, bucket: c.core, repo: repo}
	link, err := c.logLink(ctx, k, owner, name, job)
	if err != nil {
		return JobLog{}, err
	}
	body, total, cut, err := c.end(ctx, link)
	if err != nil {
		return JobLog{}, err
	}
	out := JobLog{Repo: repo, JobID: job, Bytes: total}
	out.Text, out.Lines, out.Cut = lastLines(body, tail, cut)
	base.AddStats(ctx, base.Stats{Rows: int64(out.Lines)})
	return out, nil
}

// logLink is where the log can be read for a minute.
func (c *Client) logLink(ctx context.Context, k *call, owner, name string, job int64) (*url.URL, error) {
	r := rest.Request{
		Op: opJobLogs, Method: http.MethodGet, Statuses: []int{http.StatusFound},
		Path: c.prefix + "/repos/" + owner + "/" + name + "/actions/jobs/" + strconv.FormatInt(job, 10) + "/logs",
	}
	answer, err := c.follow(c.through(ctx, k), k, r)
	if err != nil {
		return nil, err
	}
	link, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || link.Host == "" || answer.Status != http.StatusFound {
		return nil, c.protocol(opJobLogs, "the answer does not say where the log is")
	}
	return link, nil
}

// end reads the end of what a link leads to: all of it where that is not too much, else, by its size, the last bytes.
func (c *Client) end(ctx context.Context, link *url.URL) (body []byte, total int64, cut bool, err error) {
	limit := c.config.MaxLogBytes
	first, err := c.part(ctx, link, fmt.Sprintf("bytes=0-%d", limit))
	if err != nil || !first.Cut {
		return first.Body, int64(len(first.Body)), false, err
	}
	if total = sizeOf(first.Header); total <= limit {
		return nil, 0, false, c.tooLong()
	}
	last, err := c.part(ctx, link, fmt.Sprintf("bytes=%d-%d", total-limit, total-1))
	if err == nil && last.Status != http.StatusPartialContent {
		err = c.tooLong()
	}
	return last.Body, total, true, err
}

func (c *Client) tooLong() error {
	e := base.NewError(base.KindTooLarge, nil).WithText("the log is longer than max_log_bytes, and its end cannot be read alone")
	e.Source, e.Op, e.Sent = c.config.Name, opJobLogs.Name, base.Answered
	e.SetHint(base.HintOf("ask the operator to raise max_log_bytes"))
	return e
}

func (c *Client) part(ctx context.Context, link *url.URL, span string) (rest.Response, error) {
	answer, err := c.core.rest.Do(ctx, rest.Request{
		Op: opJobLogs, Method: http.MethodGet, Foreign: link, MaxBytes: c.config.MaxLogBytes, Header: http.Header{"Range": {span}},
	})
	base.AddStats(ctx, base.Stats{BytesRead: int64(len(answer.Body))})
	return answer, err
}

// sizeOf is the size of the whole, as the answer says it; 0 = it does not.
func sizeOf(h http.Header) int64 {
	text := h.Get("Content-Length")
	if _, after, ok := strings.Cut(h.Get("Content-Range"), "/"); ok {
		text = after
	}
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

// lastLines are the last lines of a text. cut says that the text itself is an end, whose first line may be broken.
func lastLines(body []byte, tail int, cut bool) (text string, lines int, more bool) {
	all := strings.SplitAfter(strings.ToValidUTF8(strings.TrimPrefix(string(body), "\uFEFF"), "\uFFFD"), "\n")
	if all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	if cut && len(all) > 1 {
		all = all[1:]
	}
	if more = cut || len(all) > tail; len(all) > tail {
		all = all[len(all)-tail:]
	}
	return strings.Join(all, ""), len(all), more
}
