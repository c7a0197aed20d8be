package fkapi

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fourkites/sources/base"
)

// Verdict is what the network says about a shipper and a carrier.
type Verdict string

// The verdicts, in the order in which they are looked for: the first that applies stands.
const (
	NoRelationship       Verdict = "NO_RELATIONSHIP"
	RelationshipInactive Verdict = "RELATIONSHIP_INACTIVE"
	RelationshipNotLive  Verdict = "RELATIONSHIP_NOT_LIVE"
	TrackingDisabled     Verdict = "TRACKING_DISABLED"
	RelationshipOK       Verdict = "RELATIONSHIP_OK"
)

// rank orders the verdicts from worst to best.
var rank = map[Verdict]int{NoRelationship: 0, RelationshipInactive: 1, RelationshipNotLive: 2, TrackingDisabled: 3, RelationshipOK: 4}

// Network is the verdict on a shipper and a carrier, with the relationship that it rests on.
type Network struct {
	Verdict      Verdict       `json:"verdict"`
	Shipper      string        `json:"shipper"` // permalinks
	Carrier      string        `json:"carrier"`
	Reason       string        `json:"reason"`                 // in words, with the value that decided
	Relationship *Relationship `json:"relationship,omitempty"` // nil for NoRelationship
	Others       int           `json:"others,omitempty"`       // further relationships of the two, none of them better
}

// VerdictOf is the verdict on one relationship; nil is none. What the service does not say counts as no.
func VerdictOf(r *Relationship) (Verdict, string) {
	switch {
	case r == nil:
		return NoRelationship, "there is no relationship between the two"
	case !isTrue(r.Active):
		return RelationshipInactive, fmt.Sprintf("relationship %s: active is %s", r.ID, said(r.Active))
	case !r.Live():
		return RelationshipNotLive, fmt.Sprintf("relationship %s: status is %q, not \"live\"", r.ID, r.Status)
	case !isTrue(r.AllowTracking):
		return TrackingDisabled, fmt.Sprintf("relationship %s: allowTracking is %s", r.ID, said(r.AllowTracking))
	}
	return RelationshipOK, fmt.Sprintf("relationship %s is active, live and allows tracking", r.ID)
}

func said(v *bool) string {
	if v == nil {
		return "missing"
	}
	return fmt.Sprint(*v)
}

// CheckNetwork says whether the carrier's loads can be tracked for the shipper. Both are permalinks. Of several
// relationships the best counts. Where there is none the Reason says whether the carrier exists. An unknown shipper is ErrNotFound, which is not the same as NoRelationship. Where the
// list of relationships could not be read to its end there is no verdict but an error.
func (c *CompanyClient) CheckNetwork(ctx context.Context, shipper, carrier string) (Network, error) {
	if err := c.checkPermalink(opCheckNetwork, "shipper", shipper); err != nil {
		return Network{}, err
	}
	if err := c.checkPermalink(opCheckNetwork, "carrier", carrier); err != nil {
		return Network{}, err
	}
	all, err := base.Collect(c.relationships(ctx, opCheckNetwork, RelationshipsOptions{Company: shipper, Related: carrier}))
	if err != nil {
		return Network{}, err
	}
	n := Network{Shipper: shipper, Carrier: carrier}
	n.Verdict, n.Reason = VerdictOf(nil)
	found := 0
	for i := range all {
		if !all[i].concerns(carrier) {
			continue
		}
		found++
		if v, reason := VerdictOf(&all[i]); rank[v] > rank[n.Verdict] {
			n.Verdict, n.Reason, n.Relationship = v, reason, &all[i]
		}
	}
	n.Others = max(0, found-1)
	if found == 0 {
		n.Reason += "; " + c.existence(ctx, carrier)
	}
	return n, nil
}

// existence says whether a carrier without a relationship is one at all: a misspelt permalink has none either.
func (c *CompanyClient) existence(ctx context.Context, carrier string) string {
	_, err := c.company(ctx, opCheckNetwork, carrier)
	switch {
	case err == nil:
		return "the carrier exists"
	case errors.Is(err, base.ErrNotFound):
		return noCompany(carrier) + "; permalinks are lower case"
	}
	return fmt.Sprintf("whether there is a company %q could not be looked up: %s", carrier, base.KindOf(err))
}

// concerns leaves out relationships with others, should the service ignore the question's filter.
func (r *Relationship) concerns(permalink string) bool {
	return r.Target.Permalink == "" || strings.EqualFold(r.Target.Permalink, permalink)
}
