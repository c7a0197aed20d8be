package output

import (
	"context"

	"github.com/fourkites/sources/base"
)

// Told asks for an answer that says in itself what it cost, and adds that to the stats of the caller, unless the context
// went all the way to the client that answered and that did so.
func Told[Out any](ctx context.Context, ask func(context.Context) (Out, error), statsOf func(Out) base.Stats) (Out, error) {
	var seen base.Stats
	out, err := ask(base.WithStats(ctx, &seen))
	if err != nil {
		return out, err
	}
	if said := statsOf(out); seen.Source != said.Source || seen.Op != said.Op {
		base.AddStats(ctx, said)
	}
	return out, nil
}
