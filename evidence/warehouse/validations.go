package warehouse

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/redshift"
)

// AttemptReader reads the validation mart. *redshift.Client is one, and *redshift.RemoteClient.
type AttemptReader interface {
	Name() string
	ValidationAttempts(ctx context.Context, q redshift.AttemptsQuery) (redshift.Attempts, error)
}

// ValidationSource is an evidence.LoadSource over the validation mart: the last resort. It is made by [Validations], is
// safe for concurrent use as far as its reader is, and has nothing to close.
type ValidationSource struct {
	reader AttemptReader
}

var (
	_ evidence.LoadSource   = (*ValidationSource)(nil)
	_ evidence.HealthSource = (*ValidationSource)(nil)
	_ evidence.LesserSource = (*ValidationSource)(nil)
)

// Validations makes a source of loads of the attempts to create or update them. The caller closes the reader.
// Of a reader that is nil every load is base.ErrInvalid.
func Validations(reader AttemptReader) *ValidationSource {
	if holdsNil(reader) {
		return &ValidationSource{noReader{}}
	}
	return &ValidationSource{reader}
}

// Name is that of the reader with what is read, so that it is told apart from the table of loads.
func (s *ValidationSource) Name() string { return s.reader.Name() + " validations" }

// Health is that of the reader, unproven where it has none.
func (s *ValidationSource) Health() base.Health { return healthOf(s.reader) }

// Degrades says what a load from here lacks against one of the Tracking API.
func (s *ValidationSource) Degrades() string {
	return "only what was sent when the load was last created or updated, without its state and all that happened since; it may have been deleted"
}

// Load is what the newest attempt that was accepted says of the load with that tracking id, else the newest attempt: the
// Notes say which. All attempts that were read are in the extra "validation_attempts", what they amount to in
// "validation_breakdown". The Age in its Stats counts from that attempt. A load that no attempt names is
// base.ErrNotFound.
func (s *ValidationSource) Load(ctx context.Context, trackingID string) (fkapi.Load, error) {
	found, err := s.reader.ValidationAttempts(ctx, redshift.AttemptsQuery{TrackingID: trackingID})
	if err != nil {
		return fkapi.Load{}, aboutLoad(err)
	}
	if len(found.Items) == 0 {
		e := base.NewError(base.KindNotFound, nil).WithText("no validation attempt names the load " + trackingID)
		e.Source, e.Op, e.Sent = s.Name(), "Load", base.Answered
		e.Hint = "an attempt that failed may have no tracking id: look for the load number among the validation attempts"
		return fkapi.Load{}, e
	}
	at := max(0, slices.IndexFunc(found.Items, func(a redshift.ValidationAttempt) bool { return !a.Failed }))
	if last := found.Items[at].ProcessedAt; !last.IsZero() {
		base.AddStats(ctx, base.Stats{Age: max(0, time.Since(last))})
	}
	return sentLoad(trackingID, found, found.Items[at]), nil
}

// sentLoad is the load as the attempt tells it.
func sentLoad(trackingID string, found redshift.Attempts, from redshift.ValidationAttempt) fkapi.Load {
	e := newExtras(nil)
	l := fkapi.Load{
		ID: cmp.Or(from.LoadID, trackingID), LoadNumber: from.LoadNumber,
		Shipper: fkapi.Party{Name: from.ShipperName}, Carrier: fkapi.Party{ID: from.CarrierID, Name: from.CarrierName},
		Origin: placeOf("origin", from.Extras), Destination: placeOf("dest", from.Extras),
	}
	e.note("as of the validation attempt of %s: what happened since is not in it", from.ProcessedAt.UTC().Format(time.RFC3339))
	if from.Failed {
		e.note("every attempt that was read failed: this is what was sent, and not what was accepted")
	}
	if from.CompanyName != "" && strings.EqualFold(from.CompanyName, from.ShipperName) {
		l.Shipper.ID = from.CompanyID
		e.note("shipper.id: of the company that sent the load, which has the name of the shipper")
	}
	if found.Outcome != base.Data {
		e.note("validation_attempts: %s, the newest %d", found.Outcome, len(found.Items))
	}
	e.keep("validation_attempts", speakableAttempts(found.Items))
	e.keep("validation_breakdown", found.Breakdown)
	l.Extras, l.Notes = e.fields, e.notes
	return l
}

func speakableAttempts(all []redshift.ValidationAttempt) []redshift.ValidationAttempt {
	all = slices.Clone(all)
	for i := range all {
		all[i].Extras = maps.Clone(all[i].Extras)
		for name, value := range all[i].Extras {
			all[i].Extras[name] = speakable(value)
		}
	}
	return all
}

// placeOf reads the columns of one end of the route; nil where there are none.
func placeOf(end string, columns map[string]any) *fkapi.Stop {
	text := func(name string) string {
		value, _ := columns[end+"_"+name].(string)
		return strings.TrimSpace(value)
	}
	s := fkapi.Stop{
		Name: text("name"), City: text("city"), State: text("state"), PostalCode: text("postal_code"), Country: text("country"),
	}
	if s.Name+s.City+s.State+s.PostalCode+s.Country == "" {
		return nil
	}
	return &s
}
