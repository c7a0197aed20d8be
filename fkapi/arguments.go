package fkapi

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/document"
)

// LoadArguments names one load for a tool.
type LoadArguments struct {
	TrackingID string `json:"tracking_id" jsonschema:"tracking id of the load, digits"`
}

// SearchArguments says which loads a tool searches for.
type SearchArguments struct {
	LoadNumber string `json:"load_number,omitempty" jsonschema:"load number, or several between commas"`
	ShipperID  string `json:"shipper_id,omitempty" jsonschema:"permalink of the shipper"`
	PerPage    int    `json:"per_page,omitempty" jsonschema:"loads of one page, 20 if not given"`
	Cursor     string `json:"cursor,omitempty" jsonschema:"cursor of the page before, to read on"`
}

// FilterArguments says which loads a tool lists.
type FilterArguments struct {
	Shipper   string `json:"shipper,omitempty" jsonschema:"permalink of the shipper"`
	Carrier   string `json:"carrier,omitempty" jsonschema:"permalink of the carrier"`
	Status    string `json:"status,omitempty" jsonschema:"state of the load, such as awaiting_tracking_info"`
	DateRange string `json:"date_range,omitempty" jsonschema:"days of creation: 2025-01-01..2025-01-31, or 7d for the last seven days"`
	PerPage   int    `json:"per_page,omitempty" jsonschema:"loads of one page, 20 if not given"`
	Cursor    string `json:"cursor,omitempty" jsonschema:"cursor of the page before, to read on"`
}

// CompanyArguments names one company for a tool.
type CompanyArguments struct {
	CompanyID string `json:"company_id" jsonschema:"permalink of the company"`
}

// RelationshipsArguments says whose relationships a tool lists.
type RelationshipsArguments struct {
	CompanyID        string `json:"company_id" jsonschema:"permalink of the company"`
	RelationshipType string `json:"relationship_type,omitempty" jsonschema:"only relationships of this type"`
	Cursor           string `json:"cursor,omitempty" jsonschema:"cursor of the page before, to read on"`
}

// NetworkArguments names the two companies that a tool checks.
type NetworkArguments struct {
	ShipperID string `json:"shipper_id" jsonschema:"permalink of the shipper"`
	CarrierID string `json:"carrier_id" jsonschema:"permalink of the carrier"`
}

// StopsAnswer is the stops of a load as a tool gives them.
type StopsAnswer struct {
	Stops []Stop `json:"stops"`
}

// TimelineAnswer is the life of a load as a tool gives it.
type TimelineAnswer struct {
	Events []TimelineEvent `json:"events"`
}

func (c *TrackingClient) toolLoad(ctx context.Context, in LoadArguments) (Load, error) {
	return c.Load(ctx, in.TrackingID)
}

func (c *TrackingClient) toolSearch(ctx context.Context, in SearchArguments) (base.Page[Load], error) {
	o := SearchOptions{Company: in.ShipperID, Shipper: in.ShipperID, PerPage: in.PerPage, LoadNumbers: document.SplitList(in.LoadNumber)}
	return c.SearchLoadsPage(ctx, o, in.Cursor)
}

func (c *TrackingClient) toolStops(ctx context.Context, in LoadArguments) (StopsAnswer, error) {
	stops, err := c.LoadStops(ctx, in.TrackingID)
	return StopsAnswer{Stops: append([]Stop{}, stops...)}, err
}

func (c *TrackingClient) toolTimeline(ctx context.Context, in LoadArguments) (TimelineAnswer, error) {
	events, err := c.LoadTimeline(ctx, in.TrackingID)
	return TimelineAnswer{Events: append([]TimelineEvent{}, events...)}, err
}

func (c *TrackingClient) toolFilter(ctx context.Context, in FilterArguments) (base.Page[Load], error) {
	window, ok := parseDateRange(in.DateRange, time.Now())
	if !ok {
		return base.Page[Load]{Outcome: base.Failed}, base.Invalid(c.name, opFilterPage.Name,
			"date_range: not a range of days; write it as 2025-01-01..2025-01-31, or as 7d for the last seven days")
	}
	return c.FilterLoadsPage(ctx, LoadsFilter{
		Company: in.Shipper, Shipper: in.Shipper, Carrier: in.Carrier, Status: LoadStatus(in.Status), Created: window, PerPage: in.PerPage,
	}, in.Cursor)
}

func (c *CompanyClient) toolCompany(ctx context.Context, in CompanyArguments) (Company, error) {
	return c.Company(ctx, in.CompanyID)
}

func (c *CompanyClient) toolRelationships(ctx context.Context, in RelationshipsArguments) (base.Page[Relationship], error) {
	return c.RelationshipsPage(ctx, RelationshipsOptions{Company: in.CompanyID, Type: in.RelationshipType}, in.Cursor)
}

func (c *CompanyClient) toolNetwork(ctx context.Context, in NetworkArguments) (Network, error) {
	return c.CheckNetwork(ctx, in.ShipperID, in.CarrierID)
}

// parseDateRange reads two days or instants, or a number of days before the end of today; all of UTC where no zone is
// named. The day at the end belongs to the range. Days, not instants, are the ends of the short form, so that the pages
// of one list ask the same question.
func parseDateRange(text string, now time.Time) (base.Window, bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return base.Window{}, true
	}
	if days, short := strings.CutSuffix(text, "d"); short {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > maxDays-2 {
			return base.Window{}, false
		}
		tomorrow := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
		return base.Window{From: tomorrow.AddDate(0, 0, -n), To: tomorrow}, true
	}
	for _, separator := range []string{"..", " to ", "/", ","} {
		first, last, found := strings.Cut(text, separator)
		if !found {
			continue
		}
		from, _, okFrom := document.ParseTime(first)
		to, _, okTo := document.ParseTime(last)
		if len(strings.TrimSpace(last)) == len(time.DateOnly) {
			to = to.AddDate(0, 0, 1)
		}
		return base.Window{From: from, To: to}, okFrom && okTo && to.After(from)
	}
	return base.Window{}, false
}
