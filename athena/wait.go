package athena

import (
	"context"
	"slices"
	"time"

	"github.com/fourkites/sources/base"
)

// Between two looks at a query passes a twelfth of the time that it has run already, so that its end is seen at most a
// tenth too late, the request included.
const (
	firstLook = 20 * time.Millisecond // an answer that is given again is there at once
	leastLook = 50 * time.Millisecond
	mostLook  = 2 * time.Second
	lookShare = 12
)

// pause is the wait before the next look at a query that has run for so long.
func pause(elapsed time.Duration) time.Duration {
	if elapsed < firstLook {
		return firstLook
	}
	return min(max(leastLook, elapsed/lookShare), mostLook)
}

// run is one attempt to have the query run to its end: it starts it, or goes on waiting for the one that it started.
func (a *ask) run(ctx context.Context) error {
	if a.id == "" {
		if err := a.start(ctx); err != nil {
			return err
		}
	}
	for {
		if err := sleep(ctx, pause(time.Since(a.began))); err != nil {
			return withQuery(err, a.id)
		}
		e, err := a.client.execution(ctx, a.id)
		if err != nil {
			return withQuery(err, a.id)
		}
		a.last = e
		if err := a.judge(e); err != nil || e.Done() {
			return err
		}
	}
}

// judge is the end of a query that failed, or that must not go on. What is tried again is a query of its own.
func (a *ask) judge(e Execution) error {
	limit, id := a.client.config.MaxExecution.D(), a.id
	switch {
	case e.Err() != nil:
		a.id, a.token = "", ""
		return withQuery(e.Err(), id)
	case e.Done():
		return nil
	case a.query.MaxScan > 0 && e.BytesScanned > a.query.MaxScan:
		return withQuery(&scanError{bytes: e.BytesScanned, limit: a.query.MaxScan}, id)
	case limit > 0 && time.Since(a.began) > limit:
		return withQuery(errOvertime, id)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// leave has the service stop a query that still runs, or may have been started, whatever became of the caller's context
// and of the guard: else it would run on, and cost. It returns at once; Close waits for what it began.
func (a *ask) leave() {
	if a.id == "" && !a.maybe || a.id != "" && a.last.ID == a.id && a.last.Done() {
		return
	}
	left := *a
	left.client.inBackground(func() {
		hurry := left.client.hurry
		if left.id == "" && sleep(hurry, lostPause) != nil {
			return
		}
		select {
		case left.client.stops <- struct{}{}:
			defer func() { <-left.client.stops }()
		case <-hurry.Done():
			return
		}
		ctx, cancel := context.WithTimeout(hurry, stopTimeout)
		defer cancel()
		for wait := stopPause; ; wait *= 2 {
			err := left.stop(ctx)
			if err == nil || !slices.Contains(passing, base.KindOf(classify(err))) || sleep(ctx, wait) != nil {
				return
			}
		}
	})
}

// passing are the kinds of failure that may be over in a moment.
var passing = []base.Kind{base.KindUnavailable, base.KindOverloaded, base.KindThrottled, base.KindAttemptTimeout}

// stop learns the id of a start whose answer was lost, by the same token, and stops the query.
func (a *ask) stop(ctx context.Context) error {
	if a.id == "" {
		out, err := requestDetached(ctx, a.client, a.starting())
		if err != nil {
			return err
		}
		if out.QueryExecutionId == nil {
			return nil
		}
		a.id = *out.QueryExecutionId
	}
	_, err := requestDetached(ctx, a.client, stopping(a.id))
	return err
}
