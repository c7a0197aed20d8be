package redshift

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
)

var opValidationAttempts = &base.Op{Name: "ValidationAttempts", System: base.SystemDB}

// ValidationAttempt is one try to create or update a load. Zero fields were NULL. Times are in UTC.
type ValidationAttempt struct {
	LoadID      string         `json:"load_id,omitempty" db:"load_id"` // empty = no load came of it
	CompanyID   string         `json:"company_id,omitempty" db:"company_id"`
	CompanyName string         `json:"company_name,omitempty" db:"company_name"`
	LoadNumber  string         `json:"load_number,omitempty" db:"load_number"`
	Status      string         `json:"status,omitempty" db:"status"`
	Error       string         `json:"error,omitempty" db:"error"`
	ProcessedAt time.Time      `json:"processed_at,omitzero" db:"processed_at"`
	CarrierID   string         `json:"carrier_id,omitempty" db:"carrier_id"`
	CarrierName string         `json:"carrier_name,omitempty" db:"carrier_name"`
	FileName    string         `json:"file_name,omitempty" db:"file_name"`
	StopCount   int64          `json:"stop_count,omitempty" db:"stop_count"`
	Modes       string         `json:"modes,omitempty" db:"modes"`
	ShipperName string         `json:"shipper_name,omitempty" db:"shipper_name"`
	Extras      map[string]any `json:"extras,omitempty" db:",extras"` // origin_*, dest_* and others

	Failed bool   `json:"failed" db:"-"` // see IsFailed
	Way    string `json:"way" db:"-"`    // see Origin
}

// IsFailed reports whether the attempt failed: its status says so, it has an error, or no load came of it.
func (a ValidationAttempt) IsFailed() bool {
	return strings.Contains(a.Status, "Failure") || strings.Contains(a.Status, "Skipping") || strings.TrimSpace(a.Error) != "" || a.LoadID == ""
}

// The ways on which a load is created.
const (
	ByAPI     = "api"
	ByFile    = "file"
	ByUnknown = "unknown"
)

// Origin is the way on which the attempt came.
func (a ValidationAttempt) Origin() string {
	switch a.FileName {
	case "":
		return ByUnknown
	case "API Request":
		return ByAPI
	}
	return ByFile
}

// AttemptsQuery asks for the attempts at a load, by its tracking id, its number, or either.
type AttemptsQuery struct {
	TrackingID string      `json:"tracking_id,omitempty" jsonschema:"digits; an attempt that failed may have none, so give the number too"`
	LoadNumber string      `json:"load_number,omitempty" jsonschema:"as the customer writes it"`
	Company    string      `json:"company,omitempty" jsonschema:"permalink of the company that sent it; empty: any"`
	Window     base.Window `json:"window,omitzero" jsonschema:"optional; from included, to excluded, RFC 3339"`
	Limit      int         `json:"limit,omitempty" jsonschema:"attempts; default 50"`
}

// Attempts are validation attempts, the newest first, and what they amount to.
type Attempts struct {
	Items     []ValidationAttempt `json:"items"`
	Breakdown Breakdown           `json:"breakdown" jsonschema:"of the attempts in items"`
	Outcome   base.Outcome        `json:"outcome"`
	Stats     base.Stats          `json:"stats,omitzero"`
}

// Breakdown counts attempts.
type Breakdown struct {
	Total     int            `json:"total"`
	Failed    int            `json:"failed"`
	Succeeded int            `json:"succeeded"`
	ByStatus  map[string]int `json:"by_status"`
	ByError   map[string]int `json:"by_error"`
	ByWay     map[string]int `json:"by_way"`
	First     time.Time      `json:"first,omitzero"`
	Last      time.Time      `json:"last,omitzero"`
}

const defaultAttempts = 50

// ValidationAttempts returns the attempts at a load, the newest first, with a breakdown of those returned.
func (c *Client) ValidationAttempts(ctx context.Context, q AttemptsQuery) (Attempts, error) {
	if err := q.check(); err != nil {
		return Attempts{}, c.invalid(opValidationAttempts, err)
	}
	var out Attempts
	ctx = base.WithStats(ctx, &out.Stats)
	s := newSelect(opValidationAttempts, c.tables.newLayout("validations", c.tables.Validations))
	var any []string
	if q.TrackingID != "" {
		any = append(any, s.is("load_id", "=", q.TrackingID))
	}
	if q.LoadNumber != "" {
		any = append(any, s.is("load_number", "=", q.LoadNumber))
	}
	s.and(either(any...))
	if q.Company != "" {
		s.and(s.is("company_id", "=", q.Company))
	}
	s.window("processed_at", q.Window)
	s.newest("processed_at")
	limit := c.limit(q.Limit, defaultAttempts)
	found, err := read[ValidationAttempt](ctx, c, s, above(limit))
	if err != nil {
		return Attempts{}, err
	}
	kept, more := first(found, limit)
	for i := range kept {
		kept[i].Failed, kept[i].Way = kept[i].IsFailed(), kept[i].Origin()
	}
	out.Items, out.Breakdown = kept, breakdown(kept)
	out.Outcome = base.OutcomeOf(len(kept), incomplete(c.Name(), opValidationAttempts.Name, len(kept), more))
	if out.Items == nil {
		out.Items = []ValidationAttempt{}
	}
	return out, nil
}

func (q AttemptsQuery) check() error {
	var err error
	if q.TrackingID == "" && q.LoadNumber == "" {
		err = errors.New("tracking_id, load_number: both are empty; name the load")
	}
	if q.TrackingID != "" {
		err = errors.Join(err, checkTrackingID("tracking_id", q.TrackingID))
	}
	for field, text := range map[string]string{"load_number": q.LoadNumber, "company": q.Company} {
		if text != "" {
			err = errors.Join(err, checkText(field, text))
		}
	}
	if !q.Window.IsZero() {
		err = errors.Join(err, q.Window.Validate())
	}
	return err
}

func breakdown(all []ValidationAttempt) Breakdown {
	b := Breakdown{Total: len(all), ByStatus: map[string]int{}, ByError: map[string]int{}, ByWay: map[string]int{}}
	for _, a := range all {
		if a.Failed {
			b.Failed++
		}
		b.ByStatus[a.Status]++
		b.ByWay[a.Way]++
		if text := strings.TrimSpace(a.Error); text != "" {
			b.ByError[text]++
		}
		if b.First.IsZero() || a.ProcessedAt.Before(b.First) {
			b.First = a.ProcessedAt
		}
		if a.ProcessedAt.After(b.Last) {
			b.Last = a.ProcessedAt
		}
	}
	b.Succeeded = b.Total - b.Failed
	return b
}
