package redshift

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
)

var (
	opLoad      = &base.Op{Name: "Load", System: base.SystemDB}
	opFindLoads = &base.Op{Name: "FindLoads", System: base.SystemDB}
	opStops     = &base.Op{Name: "Stops", System: base.SystemDB}
)

// Load is one load as the warehouse has it. Zero fields were NULL. Times are in UTC. Only the typed methods fill it, which
// read each column as its field needs it; for rows of a Query write a struct of your own, and see rows.ToStruct.
type Load struct {
	ID                string `json:"load_id" db:"load_id"` // the tracking id, digits
	LoadNumber        string `json:"load_number,omitempty" db:"load_number"`
	DisplayLoadNumber string `json:"display_load_number,omitempty" db:"display_load_number"`
	PRONumber         string `json:"pro_number,omitempty" db:"pro_number"`

	ShipperID         string `json:"shipper_id,omitempty" db:"shipper_id"` // permalink
	CarrierID         string `json:"carrier_id,omitempty" db:"carrier_id"`
	ManagingCarrierID string `json:"managing_carrier_id,omitempty" db:"managing_carrier_id"`

	Status           string `json:"status,omitempty" db:"status"` // the present state, as the warehouse writes it
	LoadMode         string `json:"load_mode,omitempty" db:"load_mode"`
	Modes            string `json:"modes,omitempty" db:"modes"`
	RelayLoad        *bool  `json:"relay_load,omitempty" db:"relay_load"` // nil = NULL
	ReferenceNumbers string `json:"reference_numbers,omitempty" db:"reference_numbers"`
	Tags             string `json:"tags,omitempty" db:"tags"`
	IsDeleted        *bool  `json:"is_deleted,omitempty" db:"is_deleted"` // nil = NULL

	CreatedAt           time.Time `json:"created_at,omitzero" db:"created_at"`
	TerminatedAt        time.Time `json:"terminated_at,omitzero" db:"terminated_at"`
	DeliveredAt         time.Time `json:"delivered_at,omitzero" db:"delivered_at"`
	FirstPingTime       time.Time `json:"first_ping_time,omitzero" db:"first_ping_time"`
	LatestCheckCallTime time.Time `json:"latest_check_call_time,omitzero" db:"latest_check_call_time"`

	// Extras are the columns that have no place above.
	Extras map[string]any `json:"extras,omitempty" db:",extras"`
}

// Match says how loads were found.
type Match string

// A number is looked for as it is written; only where nothing has it, as a part of another. MatchID says that no load
// has one of the numbers, if any were given.
const (
	MatchNone  Match = ""
	MatchID    Match = "id"
	MatchExact Match = "exact"
	MatchLoose Match = "loose"
)

// LoadsQuery asks for loads by tracking ids, by numbers, or by both: then a load needs one of the two.
type LoadsQuery struct {
	IDs     []string `json:"ids,omitempty" jsonschema:"tracking ids, digits"`
	Numbers []string `json:"numbers,omitempty" jsonschema:"load numbers or PRO numbers"`
	Shipper string   `json:"shipper,omitempty" jsonschema:"permalink; empty: any"`
	Carrier string   `json:"carrier,omitempty" jsonschema:"permalink; empty: any"`
	Limit   int      `json:"limit,omitempty" jsonschema:"loads; default 100"`
}

// FoundLoads are loads, the newest first, and how they were found.
type FoundLoads struct {
	Items   []Load       `json:"items"`
	Match   Match        `json:"match,omitempty" jsonschema:"id, exact (the whole number) or loose (a part of it)"`
	Outcome base.Outcome `json:"outcome"`
	Stats   base.Stats   `json:"stats,omitzero"`
}

const (
	defaultLimit = 100
	maxIDs       = 1000
	leastLoose   = 4 // characters that a part of a number must have
)

// Load returns the load with that tracking id; a deleted or unknown one is base.ErrNotFound.
func (c *Client) Load(ctx context.Context, trackingID string) (Load, error) {
	if err := checkTrackingID("tracking_id", trackingID); err != nil {
		return Load{}, c.invalid(opLoad, err)
	}
	s := newSelect(opLoad, c.tables.newLayout("loads", c.tables.Loads))
	s.and(s.is("load_id", "=", trackingID))
	s.isNotTrue("is_deleted")
	s.newest("created_at")
	found, err := read[Load](ctx, c, s, 1)
	switch {
	case err != nil:
		return Load{}, err
	case len(found) == 0:
		return Load{}, c.notFound(opLoad, "no load has the tracking id "+trackingID,
			"a new load reaches the warehouse some minutes late; a number that is no tracking id is found by a search for loads by their numbers")
	}
	return found[0], nil
}

// FindLoads returns the loads that have one of the ids or numbers, the newest first. Numbers are first looked for as
// they are; only when no load has one of them so, loads that have one as a part of theirs are returned, and Match says
// so. A part is looked for only if it has at least four characters: Stats.Notes name those that are shorter when nothing
// was found. Deleted loads are left out.
func (c *Client) FindLoads(ctx context.Context, q LoadsQuery) (FoundLoads, error) {
	if err := q.check(); err != nil {
		return FoundLoads{}, c.invalid(opFindLoads, err)
	}
	var out FoundLoads
	ctx = base.WithStats(ctx, &out.Stats)
	match := Match("")
	found, err := c.findLoads(ctx, q, false)
	if err == nil && len(found) == 0 && q.loose() {
		match = MatchLoose
		found, err = c.findLoads(ctx, q, true)
	}
	if err != nil {
		return FoundLoads{}, err
	}
	kept, more := first(found, c.limit(q.Limit, defaultLimit))
	out.Items, out.Outcome = kept, base.OutcomeOf(len(kept), incomplete(c.Name(), opFindLoads.Name, len(kept), more))
	if len(kept) > 0 {
		out.Match = cmp.Or(match, q.match(kept))
	} else {
		out.Items = []Load{}
		if short := q.short(); len(short) > 0 {
			base.AddStats(ctx, base.Stats{Notes: []string{fmt.Sprintf("looked for as whole numbers only, for a part needs at least %d characters: %s",
				leastLoose, strings.Join(short, ", "))}})
		}
	}
	return out, nil
}

// match tells loads that have one of the numbers from those that have one of the ids only.
func (q LoadsQuery) match(found []Load) Match {
	if len(q.IDs) == 0 {
		return MatchExact
	}
	for _, l := range found {
		for _, n := range []string{l.LoadNumber, l.DisplayLoadNumber, l.PRONumber} {
			if slices.Contains(q.Numbers, strings.TrimRight(n, " ")) {
				return MatchExact
			}
		}
	}
	return MatchID
}

func (q LoadsQuery) check() error {
	err := errors.Join(checkAll("ids", q.IDs, checkTrackingID), checkAll("numbers", q.Numbers, checkText))
	if len(q.IDs)+len(q.Numbers) == 0 {
		err = errors.New("ids, numbers: both are empty; name at least one load")
	}
	for field, text := range map[string]string{"shipper": q.Shipper, "carrier": q.Carrier} {
		if text != "" {
			err = errors.Join(err, checkText(field, text))
		}
	}
	return err
}

// short are the numbers that are not looked for as a part.
func (q LoadsQuery) short() []string {
	return slices.DeleteFunc(slices.Clone(q.Numbers), func(n string) bool { return len(n) >= leastLoose })
}

// loose reports whether some number is long enough to be looked for as a part.
func (q LoadsQuery) loose() bool {
	for _, n := range q.Numbers {
		if len(n) >= leastLoose {
			return true
		}
	}
	return false
}

var numberColumns = []string{"load_number", "display_load_number", "pro_number"}

func (c *Client) findLoads(ctx context.Context, q LoadsQuery, loose bool) ([]Load, error) {
	s := newSelect(opFindLoads, c.tables.newLayout("loads", c.tables.Loads))
	var any []string
	if !loose {
		any = append(any, s.in("load_id", q.IDs))
	}
	if !loose && len(q.Numbers) > 0 {
		any = append(any, s.oneOf(numberColumns, func(column string) string { return s.in(column, q.Numbers) }))
	}
	for _, n := range q.Numbers {
		if loose && len(n) >= leastLoose {
			any = append(any, s.oneOf(numberColumns, func(column string) string { return s.like(column, n) }))
		}
	}
	s.and(either(any...))
	if q.Shipper != "" {
		s.and(s.is("shipper_id", "=", q.Shipper))
	}
	if q.Carrier != "" {
		s.and(s.is("carrier_id", "=", q.Carrier))
	}
	s.isNotTrue("is_deleted")
	s.newest("created_at", "load_id")
	return read[Load](ctx, c, s, above(c.limit(q.Limit, defaultLimit)))
}

// Stop is one stop of a load. Zero fields were NULL. Times are in UTC.
type Stop struct {
	LoadID          string         `json:"load_id" db:"load_id"`
	ID              string         `json:"stop_id,omitempty" db:"stop_id"`
	Type            string         `json:"stop_type,omitempty" db:"stop_type"`
	Name            string         `json:"stop_name,omitempty" db:"stop_name"`
	Sequence        int64          `json:"sequence,omitempty" db:"sequence"`
	Status          string         `json:"status,omitempty" db:"status"`
	AppointmentTime time.Time      `json:"appointment_time,omitzero" db:"appointment_time"`
	ArrivalTime     time.Time      `json:"arrival_time,omitzero" db:"arrival_time"`
	DepartureTime   time.Time      `json:"departure_time,omitzero" db:"departure_time"`
	OnTime          *bool          `json:"on_time,omitempty" db:"on_time"` // nil = NULL
	Delayed         *bool          `json:"delayed,omitempty" db:"delayed"` // nil = NULL
	Delay           string         `json:"delay,omitempty" db:"delay"`     // as the warehouse writes it
	Extras          map[string]any `json:"extras,omitempty" db:",extras"`
}

const maxStops = 1000

// Stops returns the stops of a load in their order. A load without stops, and an unknown one, has none. When there are
// more than 1,000, an *[base.IncompleteError] comes with the first of them.
func (c *Client) Stops(ctx context.Context, trackingID string) ([]Stop, error) {
	if err := checkTrackingID("tracking_id", trackingID); err != nil {
		return nil, c.invalid(opStops, err)
	}
	s := newSelect(opStops, c.tables.newLayout("stops", c.tables.Stops))
	s.and(s.is("load_id", "=", trackingID))
	s.by("sequence", "stop_id")
	return list[Stop](ctx, c, s, maxStops)
}
