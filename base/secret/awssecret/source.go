package awssecret

import (
	"context"
	"errors"

	"github.com/fourkites/sources/base/secret"
)

// Open is the [secret.Opener] of the store: it reads the reference, whatever its scheme, and asks nothing. The source asks
// the service once for each Get, retries not counted; sources that ask for the same version of a secret at the same moment
// share that request. A reference that cannot be one is [ErrReference]; one that asks for AWSPENDING is [ErrPending] too.
func (s *Store) Open(_ context.Context, text string) (secret.Source, error) {
	r, err := parse(text)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	region := s.region
	s.mu.Unlock()
	if err := r.within(region); err != nil {
		return nil, err
	}
	return &source{s, r}, nil
}

var _ secret.Opener = (*Store)(nil).Open

// source is one reference.
type source struct {
	store     *Store
	reference reference
}

// maxAsks is one request to share and one of the caller's own time.
const maxAsks = 2

// Get asks the service. An answer to a request that began before the caller's, of a version that the caller's cache knows to
// be refused, may be older than the rotation that followed: then it asks once more.
func (s *source) Get(ctx context.Context) (snap secret.Snapshot, err error) {
	for range maxAsks {
		var joined bool
		if snap, joined, err = s.ask(ctx); err != nil || !joined || !secret.Refused(ctx, snap.Version) {
			break
		}
	}
	return snap, err
}

func (s *source) ask(ctx context.Context) (secret.Snapshot, bool, error) {
	if ctx.Err() != nil {
		return secret.Snapshot{}, false, s.reference.left(ctx)
	}
	a, joined, err := s.store.flights.fetch(ctx, s.reference.ask())
	switch {
	case err == nil:
		snap, err := s.reference.snapshot(a)
		return snap, joined, err
	case errors.Is(err, secret.ErrClosed), s.store.flights.ctx.Err() != nil:
		return secret.Snapshot{}, joined, s.reference.failed(secret.ErrClosed)
	case ctx.Err() != nil:
		return secret.Snapshot{}, joined, s.reference.left(ctx)
	}
	return secret.Snapshot{}, joined, s.reference.failed(err)
}
