package graph

import (
	"context"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/output"
)

// RemoteClient asks the same questions of a server that serves this package's tools. It is safe for concurrent use as far
// as its caller is, and has nothing to close. What an answer says in its Stats is added to those of base.WithStats, as a
// Client adds it.
type RemoteClient struct{ caller tool.Caller }

var _ code.Source = (*RemoteClient)(nil)

// Remote makes a client of the tools that the caller reaches.
func Remote(caller tool.Caller) *RemoteClient { return &RemoteClient{caller: caller} }

// Name is that of the package.
func (r *RemoteClient) Name() string { return defaultName }

// FindSymbols is [Client.FindSymbols].
func (r *RemoteClient) FindSymbols(ctx context.Context, q code.SymbolsQuery) ([]code.Symbol, error) {
	return items(ctx, r, FindSymbols, q)
}

// Callers is [Client.Callers].
func (r *RemoteClient) Callers(ctx context.Context, q code.CallsQuery) ([]code.Call, error) {
	return items(ctx, r, ListCallers, q)
}

// Callees is [Client.Callees].
func (r *RemoteClient) Callees(ctx context.Context, q code.CallsQuery) ([]code.Call, error) {
	return items(ctx, r, ListCallees, q)
}

// CallPath is [Client.CallPath].
func (r *RemoteClient) CallPath(ctx context.Context, q PathQuery) ([]code.Call, error) {
	return items(ctx, r, FindCallPath, q)
}

// ResolveFrames is [Client.ResolveFrames].
func (r *RemoteClient) ResolveFrames(ctx context.Context, q FramesQuery) ([]code.ResolvedFrame, error) {
	return items(ctx, r, ResolveFrames, q)
}

// Impact is [Client.Impact].
func (r *RemoteClient) Impact(ctx context.Context, q ImpactQuery) (Impact, error) {
	out, err := output.Told(ctx, func(ctx context.Context) (ImpactOutput, error) { return AssessImpact.Call(ctx, r.caller, q) },
		func(o ImpactOutput) base.Stats { return o.Stats })
	return out.Impact, incomplete(len(out.Callers), out.Outcome, out.Stats.Op, err)
}

// Flow is [Client.Flow].
func (r *RemoteClient) Flow(ctx context.Context, q FlowQuery) (Flow, error) {
	out, err := output.Told(ctx, func(ctx context.Context) (FlowOutput, error) { return TraceFlow.Call(ctx, r.caller, q) },
		func(o FlowOutput) base.Stats { return o.Stats })
	return out.Flow, incomplete(len(out.Steps), out.Outcome, out.Stats.Op, err)
}

// ValidateFlow is [Client.ValidateFlow].
func (r *RemoteClient) ValidateFlow(ctx context.Context, q FlowCheck) (FlowVerdict, error) {
	out, err := output.Told(ctx, func(ctx context.Context) (FlowVerdictOutput, error) { return ValidateFlow.Call(ctx, r.caller, q) },
		func(o FlowVerdictOutput) base.Stats { return o.Stats })
	return out.FlowVerdict, err
}

// Schema is [Client.Schema].
func (r *RemoteClient) Schema(ctx context.Context) (Schema, error) {
	out, err := output.Told(ctx, func(ctx context.Context) (SchemaOutput, error) {
		return DescribeSchema.Call(ctx, r.caller, SchemaInput{})
	}, func(o SchemaOutput) base.Stats { return o.Stats })
	return out.Schema, err
}

// incomplete is the error of an answer that says that it is not all.
func incomplete(n int, outcome base.Outcome, op string, err error) error {
	if err == nil && (outcome == base.Truncated || outcome == base.Partial) {
		return base.NewIncomplete(outcome, defaultName, op, int64(n), "the answer was cut; ask for less at once", nil)
	}
	return err
}

// items asks for a list that is given at once, and turns its page back into the list, with an error when it was cut.
func items[In, T any](ctx context.Context, r *RemoteClient, list tool.Declaration[In, base.Page[T]], in In) ([]T, error) {
	p, err := output.Told(ctx, func(ctx context.Context) (base.Page[T], error) { return list.Call(ctx, r.caller, in) },
		func(p base.Page[T]) base.Stats { return p.Stats })
	return output.Items(defaultName, p, err)
}
