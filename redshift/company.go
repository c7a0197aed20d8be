package redshift

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
)

var (
	opCompany           = &base.Op{Name: "Company", System: base.SystemDB}
	opFindCompanies     = &base.Op{Name: "FindCompanies", System: base.SystemDB}
	opRelationship      = &base.Op{Name: "Relationship", System: base.SystemDB}
	opSimilarStuckLoads = &base.Op{Name: "SimilarStuckLoads", System: base.SystemDB}
)

// Company is one company of the network as the warehouse has it. Zero fields were NULL.
type Company struct {
	ID            string         `json:"id,omitempty" db:"id"`
	Name          string         `json:"name,omitempty" db:"name"`
	Permalink     string         `json:"permalink" db:"permalink"` // by which loads and relationships name it
	Status        string         `json:"status,omitempty" db:"status"`
	Active        *bool          `json:"active,omitempty" db:"active"`                   // nil = NULL
	IsTestCompany *bool          `json:"is_test_company,omitempty" db:"is_test_company"` // nil = NULL
	Extras        map[string]any `json:"extras,omitempty" db:",extras"`
}

// Company returns the company with that permalink; an unknown one is base.ErrNotFound.
func (c *Client) Company(ctx context.Context, permalink string) (Company, error) {
	if err := checkText("permalink", permalink); err != nil {
		return Company{}, c.invalid(opCompany, err)
	}
	s := newSelect(opCompany, c.tables.newLayout("companies", c.tables.Companies))
	s.and(s.is("permalink", "=", permalink))
	s.newest("active")
	found, err := read[Company](ctx, c, s, 1)
	switch {
	case err != nil:
		return Company{}, err
	case len(found) == 0:
		return Company{}, c.notFound(opCompany, "no company has the permalink "+permalink, "search companies by words of their name")
	}
	return found[0], nil
}

// CompaniesQuery asks for companies by words of their name.
type CompaniesQuery struct {
	Words string `json:"words" jsonschema:"all of them must be in the name, in any case"`
	Limit int    `json:"limit,omitempty" jsonschema:"companies; default 5"`
}

const defaultCompanies = 5

// FindCompanies returns the companies whose name has all the words, by name: those that are approved, active and no
// test. When there are more than the limit, an *[base.IncompleteError] comes with them.
func (c *Client) FindCompanies(ctx context.Context, q CompaniesQuery) ([]Company, error) {
	if err := checkText("words", q.Words); err != nil {
		return nil, c.invalid(opFindCompanies, err)
	}
	s := newSelect(opFindCompanies, c.tables.newLayout("companies", c.tables.Companies))
	for word := range strings.FieldsSeq(q.Words) {
		s.and(s.like("name", word))
	}
	s.always("status", "lower(?) =", "approved")
	s.isTrue("active")
	s.isNotTrue("is_test_company")
	s.by("name", "permalink")
	return list[Company](ctx, c, s, c.limit(q.Limit, defaultCompanies))
}

// Direction says who has agreed with whom.
type Direction string

// The two directions of a relationship.
const (
	ShipperToCarrier Direction = "shipper_to_carrier"
	CarrierToShipper Direction = "carrier_to_shipper"
)

// CompanyRelationship is what one company has agreed with another. Zero fields were NULL.
type CompanyRelationship struct {
	CompanyID               string         `json:"company_id" db:"company_id"`
	TargetCompanyID         string         `json:"target_company_id" db:"target_company_id"`
	Active                  *bool          `json:"active,omitempty" db:"active"` // nil = NULL, as in the others
	Status                  string         `json:"status,omitempty" db:"status"` // "live" is good
	AllowTracking           *bool          `json:"allow_tracking,omitempty" db:"allow_tracking"`
	SuperFileConfigurations string         `json:"super_file_configurations,omitempty" db:"super_file_configurations"` // JSON, as it is
	ELDEnabled              *bool          `json:"eld_enabled,omitempty" db:"eld_enabled"`
	ELDProvider             string         `json:"eld_provider,omitempty" db:"eld_provider"`
	Extras                  map[string]any `json:"extras,omitempty" db:",extras"`
	Direction               Direction      `json:"direction" db:"-"`
}

// NetworkRelationship is a relationship as the network keeps it. Zero fields were NULL. Times are in UTC.
type NetworkRelationship struct {
	ID            string         `json:"relationship_id,omitempty" db:"relationship_id"`
	ShipperID     string         `json:"shipper_id" db:"shipper_id"`
	CarrierID     string         `json:"carrier_id" db:"carrier_id"`
	Status        string         `json:"status,omitempty" db:"status"`
	Active        *bool          `json:"active,omitempty" db:"active"` // nil = NULL
	AllowTracking *bool          `json:"allow_tracking,omitempty" db:"allow_tracking"`
	CreatedAt     time.Time      `json:"created_at,omitzero" db:"created_at"`
	UpdatedAt     time.Time      `json:"updated_at,omitzero" db:"updated_at"`
	Extras        map[string]any `json:"extras,omitempty" db:",extras"`
	Direction     Direction      `json:"direction" db:"-"`
}

// Verdict is whether a carrier's loads can be tracked for a shipper.
type Verdict string

// The verdicts, in the order in which they are looked for.
const (
	NoRelationship       Verdict = "NO_RELATIONSHIP"
	RelationshipInactive Verdict = "RELATIONSHIP_INACTIVE"
	RelationshipNotLive  Verdict = "RELATIONSHIP_NOT_LIVE"
	TrackingDisabled     Verdict = "TRACKING_DISABLED"
	RelationshipOK       Verdict = "RELATIONSHIP_OK"
)

// Relationship is all that the warehouse knows between a shipper and a carrier, in both directions.
type Relationship struct {
	Shipper string                `json:"shipper_id"`
	Carrier string                `json:"carrier_id"`
	Verdict Verdict               `json:"verdict" jsonschema:"of the best relationship from shipper to carrier, else of the other direction; the Company API is the arbiter"`
	Company []CompanyRelationship `json:"company_relationships"`
	Network []NetworkRelationship `json:"network_relationships"`
	Stats   base.Stats            `json:"stats,omitzero"`
}

const maxRelationships = 100

// Relationship returns what the warehouse knows between the two companies, named by their permalinks, in both
// directions. No relationship is an answer: its verdict is NO_RELATIONSHIP. The warehouse lags; the Company API decides.
func (c *Client) Relationship(ctx context.Context, shipper, carrier string) (Relationship, error) {
	if err := errors.Join(checkText("shipper_id", shipper), checkText("carrier_id", carrier)); err != nil {
		return Relationship{}, c.invalid(opRelationship, err)
	}
	out := Relationship{Shipper: shipper, Carrier: carrier}
	ctx = base.WithStats(ctx, &out.Stats)
	var err error
	if out.Company, err = c.companyRelationships(ctx, shipper, carrier); err != nil {
		return Relationship{}, err
	}
	if out.Network, err = c.networkRelationships(ctx, shipper, carrier); err != nil {
		return Relationship{}, err
	}
	out.Verdict = out.verdict()
	return out, nil
}

func (c *Client) companyRelationships(ctx context.Context, shipper, carrier string) ([]CompanyRelationship, error) {
	s := newSelect(opRelationship, c.tables.newLayout("company_relationships", c.tables.CompanyRelationships))
	s.and(either(
		both(s.is("company_id", "=", shipper), s.is("target_company_id", "=", carrier)),
		both(s.is("company_id", "=", carrier), s.is("target_company_id", "=", shipper))))
	all, err := list[CompanyRelationship](ctx, c, s, maxRelationships)
	for i := range all {
		all[i].Direction = directionOf(all[i].CompanyID == shipper)
	}
	if all == nil {
		all = []CompanyRelationship{}
	}
	return all, err
}

func (c *Client) networkRelationships(ctx context.Context, shipper, carrier string) ([]NetworkRelationship, error) {
	s := newSelect(opRelationship, c.tables.newLayout("network_relationships", c.tables.NetworkRelationships))
	s.and(either(
		both(s.is("shipper_id", "=", shipper), s.is("carrier_id", "=", carrier)),
		both(s.is("shipper_id", "=", carrier), s.is("carrier_id", "=", shipper))))
	s.newest("updated_at", "relationship_id")
	all, err := list[NetworkRelationship](ctx, c, s, maxRelationships)
	for i := range all {
		all[i].Direction = directionOf(all[i].ShipperID == shipper)
	}
	if all == nil {
		all = []NetworkRelationship{}
	}
	return all, err
}

func directionOf(forward bool) Direction {
	if forward {
		return ShipperToCarrier
	}
	return CarrierToShipper
}

var verdictOrder = map[Verdict]int{NoRelationship: 0, RelationshipInactive: 1, RelationshipNotLive: 2, TrackingDisabled: 3, RelationshipOK: 4}

// verdict is the best that the rows of the first direction that has any allow.
func (r Relationship) verdict() Verdict {
	for _, direction := range []Direction{ShipperToCarrier, CarrierToShipper} {
		best := NoRelationship
		for _, one := range r.Company {
			if one.Direction == direction {
				best = better(best, judge(one.Active, one.Status, one.AllowTracking))
			}
		}
		for _, one := range r.Network {
			if one.Direction == direction {
				best = better(best, judge(one.Active, one.Status, one.AllowTracking))
			}
		}
		if best != NoRelationship {
			return best
		}
	}
	return NoRelationship
}

func better(a, b Verdict) Verdict {
	if verdictOrder[b] > verdictOrder[a] {
		return b
	}
	return a
}

// judge takes NULL for false.
func judge(active *bool, status string, tracking *bool) Verdict {
	switch {
	case active == nil || !*active:
		return RelationshipInactive
	case !strings.EqualFold(strings.TrimSpace(status), "live"):
		return RelationshipNotLive
	case tracking == nil || !*tracking:
		return TrackingDisabled
	}
	return RelationshipOK
}

// LoadState is the present state of a load. Zero fields were NULL. Times are in UTC.
type LoadState struct {
	LoadID    string         `json:"load_id" db:"load_id"`
	CarrierID string         `json:"carrier_id,omitempty" db:"carrier_id"`
	State     string         `json:"current_state,omitempty" db:"current_state"`
	UpdatedAt time.Time      `json:"updated_at,omitzero" db:"updated_at"`
	Extras    map[string]any `json:"extras,omitempty" db:",extras"`
}

// Awaiting is the state of a load that nobody tracks yet.
const Awaiting = "Awaiting Tracking Info"

// StuckQuery asks for the loads of a carrier that nobody tracks.
type StuckQuery struct {
	Carrier string    `json:"carrier_id" jsonschema:"permalink"`
	Since   time.Time `json:"since,omitzero" jsonschema:"whose state changed after that, RFC 3339; default: seven days ago"`
	Except  string    `json:"except,omitempty" jsonschema:"tracking id of the load that is looked into"`
	Limit   int       `json:"limit,omitempty" jsonschema:"loads; default 100"`
}

const stuckSince = 7 * 24 * time.Hour

// SimilarStuckLoads returns the loads of the carrier that are in the state Awaiting, the newest first: many of them mean
// that the carrier is the cause, not the load. When there are more than the limit, an *[base.IncompleteError] comes with
// them.
func (c *Client) SimilarStuckLoads(ctx context.Context, q StuckQuery) ([]LoadState, error) {
	err := checkText("carrier_id", q.Carrier)
	if q.Except != "" {
		err = errors.Join(err, checkTrackingID("except", q.Except))
	}
	if err != nil {
		return nil, c.invalid(opSimilarStuckLoads, err)
	}
	since := q.Since
	if since.IsZero() {
		since = time.Now().Add(-stuckSince)
	}
	s := newSelect(opSimilarStuckLoads, c.tables.newLayout("load_states", c.tables.LoadStates))
	s.and(s.is("carrier_id", "=", q.Carrier))
	s.and(s.is("current_state", "=", Awaiting))
	s.and(s.is("updated_at", ">=", since))
	if q.Except != "" {
		s.and(s.is("load_id", "<>", q.Except))
	}
	s.newest("updated_at", "load_id")
	return list[LoadState](ctx, c, s, c.limit(q.Limit, defaultLimit))
}
