package mcp_test

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/fourkites/sources/base/secret"
)

// turning is a source of a secret that a test replaces.
type turning struct{ text atomic.Value }

func newTurning(text string) *turning {
	t := new(turning)
	t.turn(text)
	return t
}

func (t *turning) turn(text string) { t.text.Store(text) }

func (t *turning) Get(context.Context) (secret.Snapshot, error) {
	return secret.NewSnapshot(t.text.Load().(string), "", time.Time{}), nil
}
