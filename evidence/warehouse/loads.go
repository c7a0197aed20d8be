package warehouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/redshift"
)

// LoadReader reads the table of loads. *redshift.Client is one, and *redshift.RemoteClient.
type LoadReader interface {
	Name() string
	Load(ctx context.Context, trackingID string) (redshift.Load, error)
}

// LoadSource is an evidence.LoadSource over the table of loads. It is made by [Loads], is safe for concurrent use as far
// as its reader is, and has nothing to close.
type LoadSource struct {
	reader LoadReader
}

var (
	_ evidence.LoadSource   = (*LoadSource)(nil)
	_ evidence.HealthSource = (*LoadSource)(nil)
	_ evidence.LesserSource = (*LoadSource)(nil)
)

// Loads makes a source of loads of the reader, which the caller closes. Of a reader that is nil every load is
// base.ErrInvalid.
func Loads(reader LoadReader) *LoadSource {
	if holdsNil(reader) {
		return &LoadSource{noReader{}}
	}
	return &LoadSource{reader}
}

// Name is that of the reader.
func (s *LoadSource) Name() string { return s.reader.Name() }

// Health is that of the reader, unproven where it has none.
func (s *LoadSource) Health() base.Health { return healthOf(s.reader) }

// Degrades says what a load from here lacks against one of the Tracking API.
func (s *LoadSource) Degrades() string {
	return "some minutes behind, and without stops, positions, expected times, equipment and names of companies"
}

// Load is the load with that tracking id; a deleted or unknown one is base.ErrNotFound, and so is one that has not
// reached the warehouse yet.
func (s *LoadSource) Load(ctx context.Context, trackingID string) (fkapi.Load, error) {
	row, err := s.reader.Load(ctx, trackingID)
	if err != nil {
		return fkapi.Load{}, aboutLoad(err)
	}
	return loadOf(row), nil
}

// loadOf loses nothing: what has no place among the fields goes into the extras, by the name of its column.
func loadOf(row redshift.Load) fkapi.Load {
	l := fkapi.Load{
		ID: row.ID, LoadNumber: row.LoadNumber, Status: fkapi.ParseLoadStatus(row.Status), StatusText: row.Status, LoadMode: row.LoadMode,
		CreatedAt: row.CreatedAt.UTC(), DeliveredAt: row.DeliveredAt.UTC(), TerminatedAt: row.TerminatedAt.UTC(),
		FirstCheckCallAt: row.FirstPingTime.UTC(), LatestCheckCallAt: row.LatestCheckCallTime.UTC(), PRONumber: row.PRONumber,
		Shipper: fkapi.Party{ID: row.ShipperID}, Carrier: fkapi.Party{ID: row.CarrierID}, ManagingCarrier: fkapi.Party{ID: row.ManagingCarrierID},
	}
	e := newExtras(row.Extras)
	l.ReferenceNumbers = referencesOf(row.ReferenceNumbers)
	if strings.Join(l.ReferenceNumbers, ",") != row.ReferenceNumbers {
		e.keep("reference_numbers", row.ReferenceNumbers)
	}
	e.keepText("display_load_number", row.DisplayLoadNumber)
	e.keepText("modes", row.Modes)
	e.keepText("tags", row.Tags)
	e.keepFlag("relay_load", row.RelayLoad)
	e.keepFlag("is_deleted", row.IsDeleted)
	if !row.FirstPingTime.IsZero() {
		e.note("firstCheckCallAt: the warehouse's first_ping_time")
	}
	l.Extras, l.Notes = e.fields, e.notes
	return l
}

// referencesOf reads a JSON list of texts, or numbers between commas.
func referencesOf(text string) []string {
	var all []string
	if strings.HasPrefix(strings.TrimSpace(text), "[") && json.Unmarshal([]byte(text), &all) == nil {
		return all
	}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// aboutLoad keeps an error about a table, a database or a cluster that is not there from passing for one about the load:
// it carries the server's code, and that a load is not known comes from the client itself. It is base.ErrInvalid, for the
// same question fails again until the configuration is another.
func aboutLoad(err error) error {
	e, ok := errors.AsType[*base.Error](err)
	if !ok || e.Kind != base.KindNotFound || e.Code == "" {
		return err
	}
	other := *e
	other.Kind = base.KindInvalid
	return &other
}

func healthOf(reader any) base.Health {
	if known, ok := reader.(evidence.HealthSource); ok {
		return known.Health()
	}
	return base.Health{State: base.Unproven}
}

// extras are what has no place in a load.
type extras struct {
	fields map[string]json.RawMessage
	notes  []string
}

func newExtras(from map[string]any) *extras {
	e := &extras{}
	for name, value := range from {
		e.keep(name, value)
	}
	return e
}

// keep keeps a value in its JSON form; one that has none as text.
func (e *extras) keep(name string, value any) {
	raw, err := json.Marshal(speakable(value))
	if err != nil {
		raw, _ = json.Marshal(fmt.Sprint(value)) // a text always has a JSON form
	}
	if e.fields == nil {
		e.fields = map[string]json.RawMessage{}
	}
	e.fields[name] = raw
}

// speakable is a value that JSON can carry: it has no number for NaN.
func speakable(v any) any {
	if f, ok := v.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return v
}

func (e *extras) keepText(name, text string) {
	if text != "" {
		e.keep(name, text)
	}
}

func (e *extras) keepFlag(name string, flag *bool) {
	if flag != nil {
		e.keep(name, *flag)
	}
}

func (e *extras) note(format string, args ...any) {
	e.notes = append(e.notes, fmt.Sprintf(format, args...))
}
