package trino

import (
	"context"
	"errors"
	"time"
)

// quiet is how long pages without a row have followed each other. A server that works says so about once a second.
type quiet struct {
	pages int
	since time.Time
}

const (
	freePages = 20                    // without a row that are asked for as fast as the server answers
	pagePause = 50 * time.Millisecond // before each further one
	overtime  = 30 * time.Second      // beyond max_execution, which the server holds itself
)

var errOvertime = errors.New("the server still says that it works, beyond the time that a statement may take")

// note counts a page.
func (q *quiet) note(rows bool) {
	switch {
	case rows:
		q.pages = 0
	case q.pages == 0:
		q.pages, q.since = 1, time.Now()
	default:
		q.pages++
	}
}

// pace gives up on a server that goes on without a row beyond the limit, and asks no faster than it can have news. A
// limit of zero or less is none.
func (q *quiet) pace(ctx context.Context, limit time.Duration) error {
	switch {
	case q.pages == 0:
		return nil
	case limit > 0 && time.Since(q.since) > limit+overtime:
		return errOvertime
	case q.pages <= freePages:
		return nil
	}
	timer := time.NewTimer(pagePause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
