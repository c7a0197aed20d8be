package vaultsecret

import (
	"context"
	"errors"

	"github.com/fourkites/sources/base/secret"
)

// source is one reference.
type source struct {
	store     *Store
	reference reference
	reads     single[secret.Snapshot]

	// What one Get at a time changes.
	mount mount
	held  *lease   // the present one; nil = none
	old   []*lease // that were replaced and run on, oldest first
}

func newSource(s *Store, r reference) *source {
	src := &source{store: s, reference: r}
	src.reads = single[secret.Snapshot]{tasks: &s.tasks, run: src.read}
	return src
}

// maxAsks is one answer to share and one of the caller's own.
const maxAsks = 2

// Get asks the server. An answer that was on its way already, of a version that the caller's cache knows to be refused, may be
// older than what the caller needs: then it asks once more.
func (s *source) Get(ctx context.Context) (snap secret.Snapshot, err error) {
	for range maxAsks {
		if ctx.Err() != nil {
			return secret.Snapshot{}, s.reference.left(ctx)
		}
		var joined bool
		snap, joined, err = s.reads.do(ctx)
		if err != nil || !joined || !secret.Refused(ctx, snap.Version) {
			break
		}
	}
	switch {
	case err == nil:
		return snap, nil
	case s.store.tasks.ctx.Err() != nil:
		return secret.Snapshot{}, s.reference.failed(secret.ErrClosed)
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return secret.Snapshot{}, s.reference.left(ctx)
	}
	return secret.Snapshot{}, s.reference.failed(err)
}

// read runs alone: see source.reads.
func (s *source) read(ctx context.Context) (secret.Snapshot, error) {
	if s.mount.engine == unknown {
		m, err := s.store.find(ctx, s.reference.path)
		if err != nil {
			return secret.Snapshot{}, err
		}
		s.mount = m
	}
	var snap secret.Snapshot
	var err error
	switch s.mount.engine {
	case kv1, kv2:
		snap, err = s.stored(ctx)
	default:
		snap, err = s.issued(ctx)
	}
	if errors.Is(err, ErrNotFound) {
		s.mount = mount{} // another engine may be mounted there by the next time
	}
	return snap, err
}
