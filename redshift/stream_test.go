package redshift

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/fourkites/sources/base"
)

func offline(t *testing.T) *Client {
	t.Helper()
	c, err := New(t.Context(), Config{Host: "127.0.0.1", Database: "d", User: "u"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// The context of an attempt may have ended while its connection was being had.
func TestAnAnswerWhoseContextHasEndedAlreadyEndsOnce(t *testing.T) {
	t.Parallel()
	c := offline(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	for range 300 {
		s := newStream(ctx, &ask{client: c, op: opQuery, caller: ctx}, 1)
		close(s.reader.done)
		<-s.over // ended by the context, beside this goroutine
		if err := s.begin(); !errors.Is(err, gone) {
			t.Fatal(err)
		}
	}
}

// opened is an answer that a caller has, and whose reader does not come to an end.
func opened(ctx context.Context, t *testing.T, notes ...string) (*stream, *base.Hold) {
	t.Helper()
	c := offline(t)
	s, hold, err := base.Open(ctx, c.guard, opQuery, func(inner context.Context) (*stream, error) {
		s := newStream(inner, &ask{client: c, op: opQuery, caller: ctx}, 1)
		s.notes = notes
		return s, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, hold
}

// The context ends an answer while it is read: what the reader gets is typed, whoever is the first.
func TestTheErrorOfAnAnswerIsTypedWhileItsEndIsUnderWay(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s, hold := opened(ctx, t)
	s.attach(hold, func() {})
	cancel()
	<-s.over
	_, err := s.Next()
	if _, typed := errors.AsType[*base.Error](err); !typed || base.KindOf(err) != base.KindCanceled {
		t.Errorf("%T %v", err, err)
	}
}

// An answer may end between the call's return and the hand-over of what it holds.
func TestAnAnswerThatEndsWhileItIsHandedOverIsCountedOnce(t *testing.T) {
	t.Parallel()
	var stats base.Stats
	s, hold := opened(base.WithStats(t.Context(), &stats), t, "once")
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Close()
	}()
	<-s.over
	s.attach(hold, func() {})
	<-done
	if !slices.Equal(stats.Notes, []string{"once"}) {
		t.Errorf("%+v", stats)
	}
}
