package redshift

import (
	"context"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/output"
)

// The tools of a client. [Client.Tools] binds them; each can be called wherever it is served.
var (
	GetLoad = tool.Declare[LoadInput, LoadOutput]("redshift_get_load",
		"Returns one load by its tracking id, with every column that the warehouse has of it. The warehouse is some minutes behind: stats say how far.")
	FindLoads = tool.Declare[LoadsQuery, FoundLoads]("redshift_find_loads",
		"Finds loads by tracking ids, load numbers or PRO numbers, the newest first. Numbers match exactly; only where nothing does, "+
			"loads that have one as a part of their number are returned, and match says loose.")
	ListStops = tool.Declare[LoadInput, base.Page[Stop]]("redshift_list_stops",
		"Lists the stops of a load in their order, with appointment, arrival and departure times.")
	ListLoadEvents = tool.Declare[LoadEventsInput, base.Page[LoadEvent]]("redshift_list_load_events",
		"Lists the events of a load within a window, oldest first: its history, event by event. More pages follow with the cursor.")
	ListValidationAttempts = tool.Declare[AttemptsQuery, Attempts]("redshift_list_validation_attempts",
		"Lists the attempts to create or update a load, newest first, with a breakdown by status, error and way (API or file): why was a load not created?")
	ListCarrierFiles = tool.Declare[CarrierFilesQuery, base.Page[CarrierFile]]("redshift_list_carrier_files",
		"Lists the carriers' files that have a record with one of the identifiers of a load, newest first. None means that no carrier named the load so.")
	ListLoadFiles = tool.Declare[LoadInput, base.Page[LoadFile]]("redshift_list_load_files",
		"Lists the files that a load was created or updated from, newest first.")
	GetCompany      = tool.Declare[CompanyInput, CompanyOutput]("redshift_get_company", "Returns one company by its permalink.")
	SearchCompanies = tool.Declare[CompaniesQuery, base.Page[Company]]("redshift_search_companies",
		"Finds approved, active companies by words of their name.")
	GetRelationship = tool.Declare[RelationshipInput, Relationship]("redshift_get_relationship",
		"Returns what the warehouse knows between a shipper and a carrier, in both directions, with a verdict: may the carrier's loads be tracked? The Company API is the arbiter.")
	ListStuckLoads = tool.Declare[StuckQuery, base.Page[LoadState]]("redshift_list_stuck_loads",
		"Lists the loads of a carrier that are stuck in Awaiting Tracking Info, newest first: many mean that the carrier is the cause, not the load.")
)

// Tools binds the client's methods, under their canonical names.
func (c *Client) Tools() []tool.Tool {
	return append([]tool.Tool{
		GetLoad.Bind(c.loadTool), FindLoads.Bind(c.FindLoads), ListStops.Bind(output.PagedMore(c.stopsTool)),
		ListLoadEvents.Bind(c.eventsTool), ListValidationAttempts.Bind(c.ValidationAttempts),
		ListCarrierFiles.Bind(output.PagedMore(c.CarrierFiles)), ListLoadFiles.Bind(output.PagedMore(c.loadFilesTool)),
		GetCompany.Bind(c.companyTool), SearchCompanies.Bind(output.PagedMore(c.FindCompanies)),
		GetRelationship.Bind(c.relationshipTool), ListStuckLoads.Bind(output.PagedMore(c.SimilarStuckLoads)),
	}, c.sqlTools()...)
}

func (c *Client) loadTool(ctx context.Context, in LoadInput) (out LoadOutput, err error) {
	out.Load, err = c.Load(base.WithStats(ctx, &out.Stats), in.TrackingID)
	return out, err
}

func (c *Client) stopsTool(ctx context.Context, in LoadInput) ([]Stop, error) {
	return c.Stops(ctx, in.TrackingID)
}

func (c *Client) loadFilesTool(ctx context.Context, in LoadInput) ([]LoadFile, error) {
	return c.LoadFiles(ctx, in.TrackingID)
}

func (c *Client) eventsTool(ctx context.Context, in LoadEventsInput) (base.Page[LoadEvent], error) {
	return c.LoadEventsPage(ctx, EventsQuery{TrackingID: in.TrackingID, Window: in.Window, Statuses: in.Statuses, Limit: in.Limit}, in.Cursor)
}

func (c *Client) companyTool(ctx context.Context, in CompanyInput) (out CompanyOutput, err error) {
	out.Company, err = c.Company(base.WithStats(ctx, &out.Stats), in.Permalink)
	return out, err
}

func (c *Client) relationshipTool(ctx context.Context, in RelationshipInput) (Relationship, error) {
	return c.Relationship(ctx, in.ShipperID, in.CarrierID)
}
