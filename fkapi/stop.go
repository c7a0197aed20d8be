package fkapi

import (
	"encoding/json"
	"fmt"
	"time"
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
	d, err := readOwn(data)
	if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	*s = readStop(d)
	return nil
}

func readStop(d document) Stop {
	d.unfold()
	s := Stop{
		ID: d.text("id", "stopId", "stop_id", "fourKitesStopID"), Name: d.text("name", "stopName", "stop_name"),
		Type: d.text("stopType", "type", "stop_type"), Sequence: d.count("sequence"), Status: d.text("status"),
		Address: d.text("address", "addressLine1"), City: d.text("city"), State: d.text("state"),
		PostalCode: d.text("postalCode", "postal", "zip"), Country: d.text("country"), TimeZone: d.text("timeZone", "timezone"),
		Latitude: d.degrees(90, "latitude", "lat"), Longitude: d.degrees(180, "longitude", "lon", "lng"),
	}
	s.readTimes(d)
	s.Extras = d.extras()
	return s
}

// readTimes also looks into the schedule, where nested bodies keep the appointment.
func (s *Stop) readTimes(d document) {
	s.ArrivalTime = d.time("arrivalTime", "arrival_time", "actualArrivalTime")
	s.DepartureTime = d.time("departureTime", "departure_time", "actualDepartureTime")
	s.ETA = d.time("eta", "fourKitesETA", "plannedETA")
	s.CarrierETA = d.time("carrierETA", "carrierEta")
	s.AppointmentTime = d.time("appointmentTime", "appointment_time")
	raw, there := d.fields["schedule"]
	schedule, ok := d.object("schedule")
	if !ok || !there {
		return
	}
	if s.AppointmentTime.IsZero() {
		s.AppointmentTime = schedule.time("appointmentTime", "appointment_time")
	}
	if schedule.extras() != nil {
		d.fields["schedule"] = raw
	}
}

// readPlace reads an origin or a destination: an object, or a text that becomes its name.
func readPlace(d document, name string) *Stop {
	if inner, ok := d.object(name); ok {
		s := readStop(inner)
		return &s
	}
	if text := d.text(name); text != "" {
		return &Stop{Name: text}
	}
	return nil
}
