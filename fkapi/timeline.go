package fkapi

import (
	"cmp"
	"slices"
	"time"
)

// TimelineEvent is something that happened to a load, or is expected to.
type TimelineEvent struct {
	At       time.Time `json:"at"`
	Event    string    `json:"event"`              // created, first_check_call, arrived, departed, appointment, eta, ...
	Stop     string    `json:"stop,omitempty"`     // name or id of the stop, where it concerns one
	Expected bool      `json:"expected,omitempty"` // planned or foreseen, not seen
	Field    string    `json:"field"`              // of the load that says so
}

// Timeline is what the load's own fields say about its life, oldest first; events at the same instant stand in the
// order of a life.
func (l Load) Timeline() []TimelineEvent {
	events := []TimelineEvent{
		{At: l.CreatedAt, Event: "created", Field: "createdAt"},
		{At: l.FirstCheckCallAt, Event: "first_check_call", Field: "firstCheckCallAt"},
		{At: l.PickupAppointment, Event: "appointment", Stop: stopLabel(l.Origin), Expected: true, Field: "pickupAppointmentTime"},
		{At: l.DeliveryAppointment, Event: "appointment", Stop: stopLabel(l.Destination), Expected: true, Field: "deliveryAppointmentTime"},
	}
	for i := range l.Stops {
		events = append(events, l.Stops[i].timeline()...)
	}
	events = append(events,
		TimelineEvent{At: l.LatestCheckCallAt, Event: "latest_check_call", Field: "latestCheckCallAt"},
		TimelineEvent{At: l.DeliveredAt, Event: "delivered", Field: "deliveredAt"},
		TimelineEvent{At: l.TerminatedAt, Event: "terminated", Field: "terminatedAt"},
		TimelineEvent{At: l.ExpiredAt, Event: "expired", Field: "expiredAt"},
	)
	if s := l.TrackingStatus; s != nil {
		if s.LatestLocation != nil {
			events = append(events, TimelineEvent{At: s.LatestLocation.At, Event: "located", Stop: s.LatestLocation.City, Field: "trackingStatus.latestLocation"})
		}
		events = append(events,
			TimelineEvent{At: s.NextStopETA, Event: "eta", Expected: true, Field: "trackingStatus.nextStopETA"},
			TimelineEvent{At: s.NextStopCarrierETA, Event: "carrier_eta", Expected: true, Field: "trackingStatus.nextStopCarrierETA"})
	}
	events = slices.DeleteFunc(events, func(e TimelineEvent) bool { return e.At.IsZero() })
	slices.SortStableFunc(events, func(a, b TimelineEvent) int { return a.At.Compare(b.At) })
	return events
}

func (s *Stop) timeline() []TimelineEvent {
	name := stopLabel(s)
	return []TimelineEvent{
		{At: s.AppointmentTime, Event: "appointment", Stop: name, Expected: true, Field: "stops.appointmentTime"},
		{At: s.ETA, Event: "eta", Stop: name, Expected: true, Field: "stops.eta"},
		{At: s.ArrivalTime, Event: "arrived", Stop: name, Field: "stops.arrivalTime"},
		{At: s.DepartureTime, Event: "departed", Stop: name, Field: "stops.departureTime"},
	}
}

func stopLabel(s *Stop) string {
	if s == nil {
		return ""
	}
	return cmp.Or(s.Name, s.City, s.ID)
}
