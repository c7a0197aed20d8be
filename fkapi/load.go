package fkapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/fourkites/sources/internal/document"
)

// Load is one load, from a flat row of a search or a nested body. Zero fields were missing or null. Times keep the zone
// in which they came. It encodes to JSON in the nested form and decodes from that, from both forms of the service, and
// from its own encoding.
type Load struct {
	ID         string     `json:"id"` // the tracking id, digits
	LoadNumber string     `json:"loadNumber,omitempty"`
	Status     LoadStatus `json:"status,omitempty"`     // in the words of LoadStatuses where it is one of them
	StatusText string     `json:"statusText,omitempty"` // as the service wrote it
	LoadMode   string     `json:"loadMode,omitempty"`

	CreatedAt         time.Time `json:"createdAt,omitzero"`
	UpdatedAt         time.Time `json:"updatedAt,omitzero"`
	DeliveredAt       time.Time `json:"deliveredAt,omitzero"`
	TerminatedAt      time.Time `json:"terminatedAt,omitzero"`
	ExpiredAt         time.Time `json:"expiredAt,omitzero"`
	FirstCheckCallAt  time.Time `json:"firstCheckCallAt,omitzero"`
	LatestCheckCallAt time.Time `json:"latestCheckCallAt,omitzero"`

	TrackingMethod   string   `json:"trackingMethod,omitempty"`
	TrackingNumber   string   `json:"trackingNumber,omitempty"`
	TruckNumber      string   `json:"truckNumber,omitempty"`
	TrailerNumber    string   `json:"trailerNumber,omitempty"`
	ContainerNumber  string   `json:"containerNumber,omitempty"`
	ReferenceNumbers []string `json:"referenceNumbers,omitempty"`
	BOLNumber        string   `json:"bolNumber,omitempty"`
	PONumber         string   `json:"poNumber,omitempty"`
	PRONumber        string   `json:"proNumber,omitempty"`

	Shipper          Party `json:"shipper,omitzero"`
	Carrier          Party `json:"carrier,omitzero"`
	ManagingCarrier  Party `json:"managingCarrier,omitzero"`
	OperatingCarrier Party `json:"operatingCarrier,omitzero"`

	Origin              *Stop     `json:"origin,omitempty"`
	Destination         *Stop     `json:"destination,omitempty"`
	PickupAppointment   time.Time `json:"pickupAppointmentTime,omitzero"`
	DeliveryAppointment time.Time `json:"deliveryAppointmentTime,omitzero"`
	Stops               []Stop    `json:"stops,omitempty"`

	TrackingStatus *TrackingStatus `json:"trackingStatus,omitempty"`

	// Extras are the fields that have no place above, as they came.
	Extras map[string]json.RawMessage `json:"extras,omitempty"`
	// Notes say what a reader must know: which times had no zone, which fields could not be read, which other loads
	// have the same number.
	Notes []string `json:"notes,omitempty"`
}

// Party is a company in its role for a load.
type Party struct {
	ID     string                     `json:"id,omitempty"` // permalink
	Name   string                     `json:"name,omitempty"`
	SCAC   string                     `json:"scac,omitempty"`
	Extras map[string]json.RawMessage `json:"extras,omitempty"`
}

// IsZero reports whether nothing is known of the company.
func (p Party) IsZero() bool { return p.ID == "" && p.Name == "" && p.SCAC == "" && len(p.Extras) == 0 }

// TrackingStatus is where the load is and when it is expected.
type TrackingStatus struct {
	LatestLocation     *Location                  `json:"latestLocation,omitempty"`
	NextStopETA        time.Time                  `json:"nextStopETA,omitzero"`
	NextStopCarrierETA time.Time                  `json:"nextStopCarrierETA,omitzero"`
	Extras             map[string]json.RawMessage `json:"extras,omitempty"`
}

// Location is a place at an instant.
type Location struct {
	Latitude  *float64                   `json:"latitude,omitempty"` // degrees
	Longitude *float64                   `json:"longitude,omitempty"`
	City      string                     `json:"city,omitempty"`
	State     string                     `json:"state,omitempty"`
	Country   string                     `json:"country,omitempty"`
	At        time.Time                  `json:"time,omitzero"`
	Extras    map[string]json.RawMessage `json:"extras,omitempty"`
}

// UnmarshalJSON reads a flat row, a nested body, or what MarshalJSON would write. A JSON value that is not an object is
// an error; a field that cannot be read is not: it is kept in Extras and noted.
func (l *Load) UnmarshalJSON(data []byte) error {
	d, err := document.Own(data)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	*l = readLoad(d)
	return nil
}

// readLoad is the one place where a body becomes a Load.
func readLoad(d document.Document) Load {
	kept := d.Unfold()
	l := Load{ID: d.Text("id", "trackingId", "tracking_id", "loadId", "load_id"), LoadNumber: d.Text("loadNumber", "load_number")}
	l.readState(d)
	l.readNumbers(d)
	l.Shipper = readParty(d, "shipper")
	l.Carrier = readParty(d, "carrier")
	l.ManagingCarrier = readParty(d, "managingCarrier")
	l.OperatingCarrier = readParty(d, "operatingCarrier")
	l.readRoute(d)
	l.TrackingStatus = readTrackingStatus(d)
	l.Extras = d.Extras()
	l.Notes = d.Doubts(kept)
	return l
}

func (l *Load) readState(d document.Document) {
	word := d.Text("status", "loadStatus", "currentState", "current_state")
	l.Status = ParseLoadStatus(word)
	if l.StatusText = d.Text("statusText"); l.StatusText == "" {
		l.StatusText = word
	}
	l.LoadMode = d.Text("loadMode", "mode", "load_mode")
	l.CreatedAt = d.Time("createdAt", "created_at")
	l.UpdatedAt = d.Time("updatedAt", "updated_at")
	l.DeliveredAt = d.Time("deliveredAt", "delivered_at")
	l.TerminatedAt = d.Time("terminatedAt", "terminated_at")
	l.ExpiredAt = d.Time("expiredAt", "expired_at")
	l.FirstCheckCallAt = d.Time("firstCheckCallAt", "first_check_call_at")
	l.LatestCheckCallAt = d.Time("latestCheckCallAt", "latest_check_call_at")
}

func (l *Load) readNumbers(d document.Document) {
	l.TrackingMethod = d.Text("trackingMethod", "tracking_method")
	l.TrackingNumber = d.Text("trackingNumber", "tracking_number")
	l.TruckNumber = d.Text("truckNumber", "truck_number")
	l.TrailerNumber = d.Text("trailerNumber", "trailer_number")
	l.ContainerNumber = d.Text("containerNumber", "container_number")
	l.ReferenceNumbers = d.Texts("referenceNumbers", "reference_numbers")
	l.BOLNumber = d.Text("bolNumber", "bol_number")
	l.PONumber = d.Text("poNumber", "po_number")
	l.PRONumber = d.Text("proNumber", "pro_number")
}

func (l *Load) readRoute(d document.Document) {
	l.Origin = readPlace(d, "origin")
	l.Destination = readPlace(d, "destination")
	l.PickupAppointment = d.Time("pickupAppointmentTime", "pickupAppointment", "pickup_appointment_time")
	l.DeliveryAppointment = d.Time("deliveryAppointmentTime", "deliveryAppointment", "delivery_appointment_time")
	all, _ := d.Objects("stops")
	for _, inner := range all {
		l.Stops = append(l.Stops, readStop(inner))
	}
	slices.SortStableFunc(l.Stops, func(a, b Stop) int { return a.Sequence - b.Sequence })
}

// readParty reads shipper{id,name}, shipperId and shipperName, or a bare permalink.
func readParty(d document.Document, role string) Party {
	var p Party
	if inner, ok := d.Object(role); ok {
		inner.Unfold()
		p = Party{
			ID: inner.Text("id", "permalink", "companyId"), Name: inner.Text("name", "companyName"),
			SCAC: inner.Text("scac", "scacCode"), Extras: inner.Extras(),
		}
	} else {
		p.ID = d.Text(role)
	}
	for _, field := range []struct {
		into *string
		name string
	}{{&p.ID, role + "Id"}, {&p.Name, role + "Name"}, {&p.SCAC, role + "Scac"}} {
		if text := d.Text(field.name); *field.into == "" {
			*field.into = text
		}
	}
	return p
}

func readTrackingStatus(d document.Document) *TrackingStatus {
	inner, ok := d.Object("trackingStatus", "tracking_status")
	if !ok {
		return nil
	}
	inner.Unfold()
	s := &TrackingStatus{LatestLocation: readLocation(inner)}
	schedule, ok := inner.Object("deliverySchedule", "delivery_schedule")
	if !ok {
		schedule = inner
	}
	s.NextStopETA = schedule.Time("nextStopETA", "nextStopEta")
	s.NextStopCarrierETA = schedule.Time("nextStopCarrierETA", "nextStopCarrierEta")
	if left := schedule.Extras(); ok && left != nil {
		if raw, err := json.Marshal(left); err == nil {
			inner.Fields["deliverySchedule"] = raw
		}
	}
	s.Extras = inner.Extras()
	return s
}

func readLocation(d document.Document) *Location {
	inner, ok := d.Object("latestLocation", "latest_location")
	if !ok {
		return nil
	}
	inner.Unfold()
	at := &Location{
		Latitude: inner.Degrees(90, "latitude", "lat"), Longitude: inner.Degrees(180, "longitude", "lon", "lng"),
		City: inner.Text("city"), State: inner.Text("state"), Country: inner.Text("country"),
		At: inner.Time("time", "locatedAt", "timestamp", "createdAt"),
	}
	at.Extras = inner.Extras()
	return at
}
