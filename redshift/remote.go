package redshift

import (
	"context"
	"iter"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
)

// RemoteClient asks the same questions of a server that serves this package's tools. It is safe for concurrent use as
// far as its caller is, and has nothing to close.
type RemoteClient struct{ caller tool.Caller }

// Remote makes a client of the tools that the caller reaches.
func Remote(caller tool.Caller) *RemoteClient { return &RemoteClient{caller: caller} }

// Name is that of the package.
func (r *RemoteClient) Name() string { return defaultName }

// Load is [Client.Load].
func (r *RemoteClient) Load(ctx context.Context, trackingID string) (Load, error) {
	return GetLoad.Call(ctx, r.caller, LoadInput{trackingID})
}

// FindLoads is [Client.FindLoads].
func (r *RemoteClient) FindLoads(ctx context.Context, q LoadsQuery) (FoundLoads, error) {
	return FindLoads.Call(ctx, r.caller, q)
}

// Stops is [Client.Stops].
func (r *RemoteClient) Stops(ctx context.Context, trackingID string) ([]Stop, error) {
	return items(ListStops.Call(ctx, r.caller, LoadInput{trackingID}))
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
	return ListLoadEvents.Call(ctx, r.caller, LoadEventsInput{q.TrackingID, q.Window, q.Statuses, q.Limit, cursor})
}

// ValidationAttempts is [Client.ValidationAttempts].
func (r *RemoteClient) ValidationAttempts(ctx context.Context, q AttemptsQuery) (Attempts, error) {
	return ListValidationAttempts.Call(ctx, r.caller, q)
}

// CarrierFiles is [Client.CarrierFiles].
func (r *RemoteClient) CarrierFiles(ctx context.Context, q CarrierFilesQuery) ([]CarrierFile, error) {
	return items(ListCarrierFiles.Call(ctx, r.caller, q))
}

// LoadFiles is [Client.LoadFiles].
func (r *RemoteClient) LoadFiles(ctx context.Context, trackingID string) ([]LoadFile, error) {
	return items(ListLoadFiles.Call(ctx, r.caller, LoadInput{trackingID}))
}

// Company is [Client.Company].
func (r *RemoteClient) Company(ctx context.Context, permalink string) (Company, error) {
	return GetCompany.Call(ctx, r.caller, CompanyInput{permalink})
}

// FindCompanies is [Client.FindCompanies].
func (r *RemoteClient) FindCompanies(ctx context.Context, q CompaniesQuery) ([]Company, error) {
	return items(SearchCompanies.Call(ctx, r.caller, q))
}

// Relationship is [Client.Relationship].
func (r *RemoteClient) Relationship(ctx context.Context, shipper, carrier string) (Relationship, error) {
	return GetRelationship.Call(ctx, r.caller, RelationshipInput{shipper, carrier})
}

// SimilarStuckLoads is [Client.SimilarStuckLoads].
func (r *RemoteClient) SimilarStuckLoads(ctx context.Context, q StuckQuery) ([]LoadState, error) {
	return items(ListStuckLoads.Call(ctx, r.caller, q))
}

// Schemas is [Client.Schemas].
func (r *RemoteClient) Schemas(ctx context.Context) ([]Schema, error) {
	return items(ListSchemas.Call(ctx, r.caller, SchemasInput{}))
}

// Tables is [Client.Tables].
func (r *RemoteClient) Tables(ctx context.Context, schema string) ([]Table, error) {
	return items(ListTables.Call(ctx, r.caller, TablesInput{schema}))
}

// DescribeTable is [Client.DescribeTable].
func (r *RemoteClient) DescribeTable(ctx context.Context, table string) ([]Column, error) {
	return items(DescribeTable.Call(ctx, r.caller, TableInput{table}))
}

// RunningQueries is [Client.RunningQueries].
func (r *RemoteClient) RunningQueries(ctx context.Context) ([]RunningQuery, error) {
	return items(ListRunningQueries.Call(ctx, r.caller, SchemasInput{}))
}

// Cancel is [Client.Cancel].
func (r *RemoteClient) Cancel(ctx context.Context, pid int64) (bool, error) {
	out, err := CancelQuery.Call(ctx, r.caller, CancelInput{pid})
	return out.Cancelled, err
}

// items turns the page of a list that is given at once back into the list, with an error when it was cut.
func items[T any](p base.Page[T], err error) ([]T, error) {
	if err == nil && (p.More || p.Outcome == base.Partial) {
		err = base.NewIncomplete(p.Outcome, defaultName, p.Stats.Op, int64(len(p.Items)), "the list was cut; ask for less at once", nil)
	}
	return p.Items, err
}
