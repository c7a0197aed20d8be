package fkapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
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
	d, err := readOwn(data)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	*l = readLoad(d)
	return nil
}

// readLoad is the one place where a body becomes a Load.
func readLoad(d document) Load {
	kept := d.unfold()
	l := Load{ID: d.text("id", "trackingId", "tracking_id", "loadId", "load_id"), LoadNumber: d.text("loadNumber", "load_number")}
	l.readState(d)
	l.readNumbers(d)
	l.Shipper = readParty(d, "shipper")
	l.Carrier = readParty(d, "carrier")
	l.ManagingCarrier = readParty(d, "managingCarrier")
	l.OperatingCarrier = readParty(d, "operatingCarrier")
	l.readRoute(d)
	l.TrackingStatus = readTrackingStatus(d)
	l.Extras = d.extras()
	l.Notes = d.doubts(kept)
	return l
}

func (l *Load) readState(d document) {
	word := d.text("status", "loadStatus", "currentState", "current_state")
	l.Status = ParseLoadStatus(word)
	if l.StatusText = d.text("statusText"); l.StatusText == "" {
		l.StatusText = word
	}
	l.LoadMode = d.text("loadMode", "mode", "load_mode")
	l.CreatedAt = d.time("createdAt", "created_at")
	l.UpdatedAt = d.time("updatedAt", "updated_at")
	l.DeliveredAt = d.time("deliveredAt", "delivered_at")
	l.TerminatedAt = d.time("terminatedAt", "terminated_at")
	l.ExpiredAt = d.time("expiredAt", "expired_at")
	l.FirstCheckCallAt = d.time("firstCheckCallAt", "first_check_call_at")
	l.LatestCheckCallAt = d.time("latestCheckCallAt", "latest_check_call_at")
}

func (l *Load) readNumbers(d document) {
	l.TrackingMethod = d.text("trackingMethod", "tracking_method")
	l.TrackingNumber = d.text("trackingNumber", "tracking_number")
	l.TruckNumber = d.text("truckNumber", "truck_number")
	l.TrailerNumber = d.text("trailerNumber", "trailer_number")
	l.ContainerNumber = d.text("containerNumber", "container_number")
	l.ReferenceNumbers = d.texts("referenceNumbers", "reference_numbers")
	l.BOLNumber = d.text("bolNumber", "bol_number")
	l.PONumber = d.text("poNumber", "po_number")
	l.PRONumber = d.text("proNumber", "pro_number")
}

func (l *Load) readRoute(d document) {
	l.Origin = readPlace(d, "origin")
	l.Destination = readPlace(d, "destination")
	l.PickupAppointment = d.time("pickupAppointmentTime", "pickupAppointment", "pickup_appointment_time")
	l.DeliveryAppointment = d.time("deliveryAppointmentTime", "deliveryAppointment", "delivery_appointment_time")
	all, _ := d.objects("stops")
	for _, inner := range all {
		l.Stops = append(l.Stops, readStop(inner))
	}
	slices.SortStableFunc(l.Stops, func(a, b Stop) int { return a.Sequence - b.Sequence })
}

// readParty reads shipper{id,name}, shipperId and shipperName, or a bare permalink.
func readParty(d document, role string) Party {
	var p Party
	if inner, ok := d.object(role); ok {
		inner.unfold()
		p = Party{
			ID: inner.text("id", "permalink", "companyId"), Name: inner.text("name", "companyName"),
			SCAC: inner.text("scac", "scacCode"), Extras: inner.extras(),
		}
	} else {
		p.ID = d.text(role)
	}
	for _, field := range []struct {
		into *string
		name string
	}{{&p.ID, role + "Id"}, {&p.Name, role + "Name"}, {&p.SCAC, role + "Scac"}} {
		if text := d.text(field.name); *field.into == "" {
			*field.into = text
		}
	}
	return p
}

func readTrackingStatus(d document) *TrackingStatus {
	inner, ok := d.object("trackingStatus", "tracking_status")
	if !ok {
		return nil
	}
	inner.unfold()
	s := &TrackingStatus{LatestLocation: readLocation(inner)}
	schedule, ok := inner.object("deliverySchedule", "delivery_schedule")
	if !ok {
		schedule = inner
	}
	s.NextStopETA = schedule.time("nextStopETA", "nextStopEta")
	s.NextStopCarrierETA = schedule.time("nextStopCarrierETA", "nextStopCarrierEta")
	if left := schedule.extras(); ok && left != nil {
		if raw, err := json.Marshal(left); err == nil {
			inner.fields["deliverySchedule"] = raw
		}
	}
	s.Extras = inner.extras()
	return s
}

func readLocation(d document) *Location {
	inner, ok := d.object("latestLocation", "latest_location")
	if !ok {
		return nil
	}
	inner.unfold()
	at := &Location{
		Latitude: inner.degrees(90, "latitude", "lat"), Longitude: inner.degrees(180, "longitude", "lon", "lng"),
		City: inner.text("city"), State: inner.text("state"), Country: inner.text("country"),
		At: inner.time("time", "locatedAt", "timestamp", "createdAt"),
	}
	at.Extras = inner.extras()
	return at
}
