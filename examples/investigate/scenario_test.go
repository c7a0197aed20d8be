package main

import (
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/fkapi"
)

func TestTheScenarioHoldsTogether(t *testing.T) {
	t.Parallel()
	s, err := loadScenario()
	if err != nil {
		t.Fatal(err)
	}
	about, err := readTicket(s.Ticket)
	if err != nil {
		t.Fatal(err)
	}
	load := s.Network.Loads[0]
	if load.ID != about.TrackingID || load.LoadNumber != about.LoadNumber || load.Status != fkapi.StatusAwaitingTrackingInfo {
		t.Errorf("the ticket is about %s, %s; the load is %+v", about.TrackingID, about.LoadNumber, load)
	}
	relationship := s.Network.Relationships[load.Shipper.ID][0]
	if verdict, _ := fkapi.VerdictOf(&relationship); verdict != fkapi.RelationshipNotLive || relationship.Target.Permalink != load.Carrier.ID {
		t.Errorf("%s for %+v", verdict, relationship)
	}
	services, forms := map[string]bool{}, map[string]bool{}
	for _, r := range s.Logs {
		services[r.Service] = true
		switch {
		case strings.HasPrefix(r.Body, "{"):
			forms["JSON"] = true
		case strings.Contains(r.Body, `"=>`):
			forms["Ruby"] = true
		default:
			forms["plain"] = true
		}
		if r.Time.Before(about.Sent.Add(-2*time.Hour)) || r.Time.After(about.Sent) || r.Severity == logs.SeverityUnset || strings.Contains(r.Body, "{n") {
			t.Errorf("%+v", r)
		}
	}
	if len(services) < 5 || len(forms) != 3 || len(s.Logs) < 300 {
		t.Errorf("%d records of %v in %v", len(s.Logs), services, forms)
	}
	for _, one := range s.Spans {
		if len(one.TraceID) != 32 || len(one.SpanID) != 16 || one.Duration <= 0 {
			t.Errorf("%+v", one)
		}
	}
}
