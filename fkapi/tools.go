package fkapi

import (
	"context"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
)

// The tools of the two clients. Declaration.Call calls one wherever it is served.
var (
	GetLoad = tool.Declare[LoadArguments, Load]("tracking_get_load",
		"Gives one load by its tracking id: state, numbers, companies, stops and times. Notes say which times had no zone.")
	SearchLoads = tool.Declare[SearchArguments, base.Page[Load]]("tracking_search_loads",
		"Searches loads by load number and shipper, newest first, page by page. Rows carry no stops; more says whether to read on with cursor.")
	GetLoadStops = tool.Declare[LoadArguments, StopsAnswer]("tracking_get_load_stops",
		"Gives the stops of one load in their sequence, with appointments, arrivals and departures.")
	GetLoadTimeline = tool.Declare[LoadArguments, TimelineAnswer]("tracking_get_load_timeline",
		"Gives what happened to one load and what is expected, oldest first.")
	FilterLoads = tool.Declare[FilterArguments, base.Page[Load]]("tracking_filter_loads",
		"Lists loads by shipper, carrier, state and days of creation, newest first, page by page. A page may be empty while more is true.")

	GetCompany = tool.Declare[CompanyArguments, Company]("company_get_company",
		"Gives one company by its permalink.")
	GetRelationships = tool.Declare[RelationshipsArguments, base.Page[Relationship]]("company_get_relationships",
		"Lists the network relationships of a company, page by page.")
	CheckNetwork = tool.Declare[NetworkArguments, Network]("company_check_network",
		"Says whether a carrier's loads can be tracked for a shipper: NO_RELATIONSHIP, RELATIONSHIP_INACTIVE, "+
			"RELATIONSHIP_NOT_LIVE, TRACKING_DISABLED or RELATIONSHIP_OK, with the reason.")
)

// Tools are the client's methods as tools, under their names in this house.
func (c *TrackingClient) Tools() []tool.Tool {
	return []tool.Tool{
		GetLoad.Bind(c.toolLoad), SearchLoads.Bind(c.toolSearch), GetLoadStops.Bind(c.toolStops),
		GetLoadTimeline.Bind(c.toolTimeline), FilterLoads.Bind(c.toolFilter),
	}
}

// Aliases are the same tools under the names that an endpoint of this source alone has always had.
func (c *TrackingClient) Aliases() []tool.Tool {
	return []tool.Tool{
		GetLoad.Alias("get_load").Bind(c.toolLoad), SearchLoads.Alias("search_loads").Bind(c.toolSearch),
		GetLoadStops.Alias("get_load_stops").Bind(c.toolStops), GetLoadTimeline.Alias("get_load_timeline").Bind(c.toolTimeline),
		FilterLoads.Alias("filter_loads").Bind(c.toolFilter),
	}
}

// Tools are the client's methods as tools, under their names in this house.
func (c *CompanyClient) Tools() []tool.Tool {
	return []tool.Tool{GetCompany.Bind(c.toolCompany), GetRelationships.Bind(c.toolRelationships), CheckNetwork.Bind(c.toolNetwork)}
}

// Aliases are the same tools under the names for an endpoint of this source alone.
func (c *CompanyClient) Aliases() []tool.Tool {
	return []tool.Tool{
		GetCompany.Alias("get_company").Bind(c.toolCompany), GetRelationships.Alias("get_relationships").Bind(c.toolRelationships),
		CheckNetwork.Alias("check_network").Bind(c.toolNetwork),
	}
}

// RemoteClient answers the questions about one thing through tools that are served elsewhere. It is made by Remote and
// is as safe for concurrent use as its caller.
type RemoteClient struct {
	name   string
	caller tool.Caller
}

// Remote is the clients of another process. The name stands in the provenance of answers. Nothing needs to be closed.
func Remote(name string, caller tool.Caller) *RemoteClient { return &RemoteClient{name, caller} }

// Name is the name given to Remote.
func (r *RemoteClient) Name() string { return r.name }

// Load is TrackingClient.Load.
func (r *RemoteClient) Load(ctx context.Context, trackingID string) (Load, error) {
	return GetLoad.Call(ctx, r.caller, LoadArguments{TrackingID: trackingID})
}

// Company is CompanyClient.Company.
func (r *RemoteClient) Company(ctx context.Context, permalink string) (Company, error) {
	return GetCompany.Call(ctx, r.caller, CompanyArguments{CompanyID: permalink})
}

// CheckNetwork is CompanyClient.CheckNetwork.
func (r *RemoteClient) CheckNetwork(ctx context.Context, shipper, carrier string) (Network, error) {
	return CheckNetwork.Call(ctx, r.caller, NetworkArguments{ShipperID: shipper, CarrierID: carrier})
}
