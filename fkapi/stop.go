package fkapi

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/fourkites/sources/internal/document"
)

// Stop is one place of a load's route. Zero fields were missing or null.
type Stop struct {
	ID         string `json:"id,omitempty"`
	Name       string `json:"name,omitempty"`
	Type       string `json:"stopType,omitempty"` // pickup, delivery, ... as the service wrote it
	Sequence   int    `json:"sequence,omitempty"` // from 1
	Status     string `json:"status,omitempty"`
	Address    string `json:"address,omitempty"`
	City       string `json:"city,omitempty"`
	State      string `json:"state,omitempty"`
	PostalCode string `json:"postalCode,omitempty"`
	Country    string `json:"country,omitempty"`
	TimeZone   string `json:"timeZone,omitempty"` // as the service wrote it, mostly an IANA name

	Latitude  *float64 `json:"latitude,omitempty"` // degrees
	Longitude *float64 `json:"longitude,omitempty"`

	AppointmentTime time.Time `json:"appointmentTime,omitzero"`
	ArrivalTime     time.Time `json:"arrivalTime,omitzero"`
	DepartureTime   time.Time `json:"departureTime,omitzero"`
	ETA             time.Time `json:"eta,omitzero"`
	CarrierETA      time.Time `json:"carrierETA,omitzero"`

	Extras map[string]json.RawMessage `json:"extras,omitempty"`
}

// UnmarshalJSON reads a stop of the service or its own encoding, with the same tolerance as that of a Load.
func (s *Stop) UnmarshalJSON(data []byte) error {
	d, err := document.Own(data)
	if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	*s = readStop(d)
	return nil
}

func readStop(d document.Document) Stop {
	d.Unfold()
	s := Stop{
		ID: d.Text("id", "stopId", "stop_id", "fourKitesStopID"), Name: d.Text("name", "stopName", "stop_name"),
		Type: d.Text("stopType", "type", "stop_type"), Sequence: d.Count("sequence"), Status: d.Text("status"),
		Address: d.Text("address", "addressLine1"), City: d.Text("city"), State: d.Text("state"),
		PostalCode: d.Text("postalCode", "postal", "zip"), Country: d.Text("country"), TimeZone: d.Text("timeZone", "timezone"),
		Latitude: d.Degrees(90, "latitude", "lat"), Longitude: d.Degrees(180, "longitude", "lon", "lng"),
	}
	s.readTimes(d)
	s.Extras = d.Extras()
	return s
}

// readTimes also looks into the schedule, where nested bodies keep the appointment.
func (s *Stop) readTimes(d document.Document) {
	s.ArrivalTime = d.Time("arrivalTime", "arrival_time", "actualArrivalTime")
	s.DepartureTime = d.Time("departureTime", "departure_time", "actualDepartureTime")
	s.ETA = d.Time("eta", "fourKitesETA", "plannedETA")
	s.CarrierETA = d.Time("carrierETA", "carrierEta")
	s.AppointmentTime = d.Time("appointmentTime", "appointment_time")
	raw, there := d.Fields["schedule"]
	schedule, ok := d.Object("schedule")
	if !ok || !there {
		return
	}
	if s.AppointmentTime.IsZero() {
		s.AppointmentTime = schedule.Time("appointmentTime", "appointment_time")
	}
	if schedule.Extras() != nil {
		d.Fields["schedule"] = raw
	}
}

// readPlace reads an origin or a destination: an object, or a text that becomes its name.
func readPlace(d document.Document, name string) *Stop {
	if inner, ok := d.Object(name); ok {
		s := readStop(inner)
		return &s
	}
	if text := d.Text(name); text != "" {
		return &Stop{Name: text}
	}
	return nil
}
