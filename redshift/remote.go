package redshift

import (
	"context"
	"iter"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/output"
)

// RemoteClient asks the same questions of a server that serves this package's tools. It is safe for concurrent use as
// far as its caller is, and has nothing to close. What an answer says in its Stats, its Age among them, is added to those
// of base.WithStats, as a Client adds it.
type RemoteClient struct{ caller tool.Caller }

// Remote makes a client of the tools that the caller reaches.
func Remote(caller tool.Caller) *RemoteClient { return &RemoteClient{caller: caller} }

// Name is that of the package.
func (r *RemoteClient) Name() string { return defaultName }

// Load is [Client.Load].
func (r *RemoteClient) Load(ctx context.Context, trackingID string) (Load, error) {
	out, err := output.Told(ctx, func(ctx context.Context) (LoadOutput, error) {
		return GetLoad.Call(ctx, r.caller, LoadInput{trackingID})
	},
		func(o LoadOutput) base.Stats { return o.Stats })
	return out.Load, err
}

// FindLoads is [Client.FindLoads].
func (r *RemoteClient) FindLoads(ctx context.Context, q LoadsQuery) (FoundLoads, error) {
	return output.Told(ctx, func(ctx context.Context) (FoundLoads, error) { return FindLoads.Call(ctx, r.caller, q) },
		func(o FoundLoads) base.Stats { return o.Stats })
}

// Stops is [Client.Stops].
func (r *RemoteClient) Stops(ctx context.Context, trackingID string) ([]Stop, error) {
	return items(ctx, r, ListStops, LoadInput{trackingID})
}

// LoadEvents is [Client.LoadEvents], page by page.
func (r *RemoteClient) LoadEvents(ctx context.Context, q EventsQuery) iter.Seq2[LoadEvent, error] {
	return walkEvents(defaultName, q, orDefaultLimit(q.Limit), func(q EventsQuery, cursor string) (base.Page[LoadEvent], error) {
		return r.LoadEventsPage(ctx, q, cursor)
	})
}

func orDefaultLimit(limit int) int {
	if limit == 0 {
		return defaultEvents
	}
	return limit
}

// LoadEventsPage is [Client.LoadEventsPage].
func (r *RemoteClient) LoadEventsPage(ctx context.Context, q EventsQuery, cursor string) (base.Page[LoadEvent], error) {
	in := LoadEventsInput{q.TrackingID, q.Window, q.Statuses, q.Limit, cursor}
	return output.Told(ctx, func(ctx context.Context) (base.Page[LoadEvent], error) { return ListLoadEvents.Call(ctx, r.caller, in) },
		func(p base.Page[LoadEvent]) base.Stats { return p.Stats })
}

// ValidationAttempts is [Client.ValidationAttempts].
func (r *RemoteClient) ValidationAttempts(ctx context.Context, q AttemptsQuery) (Attempts, error) {
	return output.Told(ctx, func(ctx context.Context) (Attempts, error) { return ListValidationAttempts.Call(ctx, r.caller, q) },
		func(o Attempts) base.Stats { return o.Stats })
}

// CarrierFiles is [Client.CarrierFiles].
func (r *RemoteClient) CarrierFiles(ctx context.Context, q CarrierFilesQuery) ([]CarrierFile, error) {
	return items(ctx, r, ListCarrierFiles, q)
}

// LoadFiles is [Client.LoadFiles].
func (r *RemoteClient) LoadFiles(ctx context.Context, trackingID string) ([]LoadFile, error) {
	return items(ctx, r, ListLoadFiles, LoadInput{trackingID})
}

// Company is [Client.Company].
func (r *RemoteClient) Company(ctx context.Context, permalink string) (Company, error) {
	out, err := output.Told(ctx, func(ctx context.Context) (CompanyOutput, error) {
		return GetCompany.Call(ctx, r.caller, CompanyInput{permalink})
	}, func(o CompanyOutput) base.Stats { return o.Stats })
	return out.Company, err
}

// FindCompanies is [Client.FindCompanies].
func (r *RemoteClient) FindCompanies(ctx context.Context, q CompaniesQuery) ([]Company, error) {
	return items(ctx, r, SearchCompanies, q)
}

// Relationship is [Client.Relationship].
func (r *RemoteClient) Relationship(ctx context.Context, shipper, carrier string) (Relationship, error) {
	return output.Told(ctx, func(ctx context.Context) (Relationship, error) {
		return GetRelationship.Call(ctx, r.caller, RelationshipInput{shipper, carrier})
	},
		func(o Relationship) base.Stats { return o.Stats })
}

// SimilarStuckLoads is [Client.SimilarStuckLoads].
func (r *RemoteClient) SimilarStuckLoads(ctx context.Context, q StuckQuery) ([]LoadState, error) {
	return items(ctx, r, ListStuckLoads, q)
}

// Schemas is [Client.Schemas].
func (r *RemoteClient) Schemas(ctx context.Context) ([]Schema, error) {
	return items(ctx, r, ListSchemas, SchemasInput{})
}

// Tables is [Client.Tables].
func (r *RemoteClient) Tables(ctx context.Context, schema string) ([]Table, error) {
	return items(ctx, r, ListTables, TablesInput{schema})
}

// DescribeTable is [Client.DescribeTable].
func (r *RemoteClient) DescribeTable(ctx context.Context, table string) ([]Column, error) {
	return items(ctx, r, DescribeTable, TableInput{table})
}

// RunningQueries is [Client.RunningQueries].
func (r *RemoteClient) RunningQueries(ctx context.Context) ([]RunningQuery, error) {
	return items(ctx, r, ListRunningQueries, SchemasInput{})
}

// Cancel is [Client.Cancel].
func (r *RemoteClient) Cancel(ctx context.Context, pid int64) (bool, error) {
	out, err := CancelQuery.Call(ctx, r.caller, CancelInput{pid})
	return out.Cancelled, err
}

// items asks for a list that is given at once, and turns its page back into the list, with an error when it was cut.
func items[In, T any](ctx context.Context, r *RemoteClient, list tool.Declaration[In, base.Page[T]], in In) ([]T, error) {
	p, err := output.Told(ctx, func(ctx context.Context) (base.Page[T], error) { return list.Call(ctx, r.caller, in) },
		func(p base.Page[T]) base.Stats { return p.Stats })
	return output.Items(defaultName, p, err)
}
