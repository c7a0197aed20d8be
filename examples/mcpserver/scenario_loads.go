package main

import (
	"time"

	"github.com/fourkites/sources/base/history"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/redshift"
)

func (s *stage) fillLoads() {
	created, yes := s.failed.Add(-30*time.Minute), true
	s.api.AddLoad(fkapi.Load{
		ID: demoLoad, LoadNumber: demoNumber, Status: fkapi.StatusAwaitingTrackingInfo, LoadMode: "TL", CreatedAt: created, UpdatedAt: created,
		Shipper: fkapi.Party{ID: demoShipper, Name: "Acme Foods"}, Carrier: fkapi.Party{ID: demoCarrier, Name: "Demo Lines"},
		PickupAppointment: s.failed.Add(4 * time.Hour), DeliveryAppointment: s.failed.Add(30 * time.Hour),
	})
	shipper := fkapi.Company{ID: "5101", Permalink: demoShipper, Name: "Acme Foods", Type: "shipper", Status: "approved", Active: &yes}
	carrier := fkapi.Company{ID: "7730", Permalink: demoCarrier, Name: "Demo Lines", Type: "carrier", Status: "approved", Active: &yes, SCACs: []string{"DMLN"}}
	s.api.AddCompany(shipper, carrier)
	s.api.AddRelationship(demoShipper, fkapi.Relationship{
		ID: "70455", Active: &yes, Status: "live", AllowTracking: &yes, AllSCACs: []string{"DMLN"}, Type: "carrier", CreatedAt: created.AddDate(0, -3, 0), Target: carrier,
	})
}

func (s *stage) fillWarehouse() {
	created, yes, no := s.failed.Add(-30*time.Minute), true, false
	event := func(at time.Time, status, message, source string) redshift.LoadEvent {
		return redshift.LoadEvent{TrackingID: demoLoad, Status: status, Message: message, UpdateTime: at, Source: source, CreatedAt: at}
	}
	s.redshift.Insert(
		redshift.Load{
			ID: demoLoad, LoadNumber: demoNumber, ShipperID: demoShipper, CarrierID: demoCarrier, Status: "Awaiting Tracking Info", LoadMode: "TL", Modes: "OTR",
			RelayLoad: &no, IsDeleted: &no, CreatedAt: created,
		},
		redshift.Stop{LoadID: demoLoad, ID: "9001", Type: "pickup", Name: "Acme Foods dock 4", Sequence: 1, AppointmentTime: s.failed.Add(4 * time.Hour)},
		redshift.Stop{LoadID: demoLoad, ID: "9002", Type: "delivery", Name: "Sample Market", Sequence: 2, AppointmentTime: s.failed.Add(30 * time.Hour)},
		event(created, "LOAD_CREATED", "load created by API", "api"),
		event(created.Add(time.Minute), "AWAITING_TRACKING_INFO", "no truck is known yet", "assigner"),
		event(s.failed.Add(time.Minute), "ASSIGNMENT_FAILED", "POST /assignments answered 500", "carrier-files"),
		redshift.ValidationAttempt{
			LoadID: demoLoad, CompanyID: demoShipper, CompanyName: "Acme Foods", LoadNumber: demoNumber, Status: "Success", ProcessedAt: created,
			CarrierID: demoCarrier, CarrierName: "Demo Lines", FileName: "API Request", StopCount: 2, Modes: "OTR", ShipperName: "Acme Foods",
		},
		redshift.CarrierFile{
			ID: "71001", S3Path: "carrier/demo-lines/" + demoFile, Format: "csv", DataSource: "sftp", DataType: "assignment", Stage: "failed",
			CreatedAt: s.failed.Add(time.Minute), Records: []redshift.CarrierRecord{{FileID: "71001", Identifier1: demoNumber}},
		},
		redshift.LoadFile{Name: "acme_tender_0420.csv", S3Path: "shipper/acme/acme_tender_0420.csv", CreatedAt: created},
		redshift.LoadFileRecord{FileName: "acme_tender_0420.csv", LoadID: demoLoad},
		redshift.Company{ID: "5101", Name: "Acme Foods", Permalink: demoShipper, Status: "approved", Active: &yes, IsTestCompany: &no},
		redshift.CompanyRelationship{CompanyID: demoShipper, TargetCompanyID: demoCarrier, Active: &yes, Status: "live", AllowTracking: &yes},
		redshift.NetworkRelationship{
			ID: "70455", ShipperID: demoShipper, CarrierID: demoCarrier, Status: "live", Active: &yes, AllowTracking: &yes,
			CreatedAt: created.AddDate(0, -3, 0), UpdatedAt: created.AddDate(0, -1, 0),
		},
	)
}

// fillHistory fills Trino and Athena with the same tables, as both read them where they are.
func (s *stage) fillHistory() {
	day := s.failed.Format(time.DateOnly)
	callback := history.Callback{
		ID: "cb-1", Time: s.failed.Add(-29 * time.Minute), TrackingID: demoLoad, LoadNumber: demoNumber, CompanyID: demoShipper,
		MessageType: "LOAD_CREATION", URL: "https://hooks.acme.example/loads", Status: "200",
	}
	file := [4]string{demoLoad, "acme_tender_0420.csv", "stored", day}
	location := [5]string{demoLoad, demoFile, "assigner", "POST /assignments answered 500", day}
	older := line(s.failed.AddDate(0, 0, -40), demoService, logs.SeverityError, "load 481200733 got no truck: no stops")
	older.ID = "h1"

	s.trino.AddCallbacks(callback)
	s.trino.AddLoadFiles(file)
	s.trino.AddLocations(location)
	s.trino.AddLogs(older)
	s.athena.AddCallbacks(callback)
	s.athena.AddLoadFiles(file)
	s.athena.AddLocations(location)
	s.athena.AddLogs(older)
}
