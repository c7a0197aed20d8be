package main

import (
	"context"
	_ "embed" // scenario/life.json
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

//go:embed scenario/life.json
var scenarioText []byte

// demo says that nothing of a report is real.
const demo = "Demo: the load, the companies and the services are made up."

// scenario is the world that a run without arguments looks at: everything in it is made up.
type scenario struct {
	TrackingID string                       `json:"tracking_id"`
	Tracking   []fkapi.Load                 `json:"tracking"`
	Loads      []redshift.Load              `json:"loads"`
	Stops      []redshift.Stop              `json:"stops"`
	Events     []redshift.LoadEvent         `json:"events"`
	Attempts   []redshift.ValidationAttempt `json:"attempts"`
	Carrier    []redshift.CarrierFile       `json:"carrier_files"`
	LoadFiles  []redshift.LoadFile          `json:"load_files"`
	Records    []redshift.LoadFileRecord    `json:"load_file_records"`

	Companies []redshift.CompanyRelationship `json:"company_relationships"`
	Network   []redshift.NetworkRelationship `json:"network_relationships"`

	Callbacks    []trino.Callback `json:"callbacks"`
	HistoryFiles [][4]string      `json:"history_files"`
	Locations    [][5]string      `json:"locations"`
	Logs         []logs.Record    `json:"logs"`
}

// relative is an instant or a day of the scenario, before its end.
var relative = regexp.MustCompile(`"@(day)?(-[0-9hms]+)"`)

// loadScenario reads the embedded file. It ends at the instant; all its times are before that.
func loadScenario(end time.Time) (scenario, error) {
	var problems []error
	text := relative.ReplaceAllFunc(scenarioText, func(match []byte) []byte {
		parts := relative.FindSubmatch(match)
		before, err := time.ParseDuration(string(parts[2]))
		if err != nil {
			problems = append(problems, err)
		}
		layout := time.RFC3339
		if len(parts[1]) > 0 {
			layout = time.DateOnly
		}
		return []byte(`"` + end.Add(before).UTC().Format(layout) + `"`)
	})
	var s scenario
	if err := errors.Join(append(problems, json.Unmarshal(text, &s))...); err != nil {
		return s, fmt.Errorf("scenario/life.json: %w", err)
	}
	return s, nil
}

// lastAfternoon is the last three o'clock, UTC: the demo ends there, so that its days are the same at any hour.
func lastAfternoon(now time.Time) time.Time {
	at := now.UTC().Truncate(24 * time.Hour).Add(15 * time.Hour)
	if at.After(now) {
		at = at.Add(-24 * time.Hour)
	}
	return at
}

// stage is the scenario on its servers, in process.
type stage struct {
	api      *fkapitest.Server
	redshift *redshifttest.Server
	trino    *trinotest.Server
}

func (s scenario) start() (*stage, error) {
	st := &stage{fkapitest.NewServer(), redshifttest.NewServer(), trinotest.NewServer()}
	if err := errors.Join(st.api.Err(), st.redshift.Err()); err != nil {
		st.close()
		return nil, base.NewError(base.KindUnavailable, err).WithText("the server in process cannot listen: " + err.Error())
	}
	st.api.AddLoad(s.Tracking...)
	insert(st.redshift, s.Loads)
	insert(st.redshift, s.Stops)
	insert(st.redshift, s.Events)
	insert(st.redshift, s.Attempts)
	insert(st.redshift, s.Carrier)
	insert(st.redshift, s.LoadFiles)
	insert(st.redshift, s.Records)
	insert(st.redshift, s.Companies)
	insert(st.redshift, s.Network)
	st.trino.AddCallbacks(s.Callbacks...)
	st.trino.AddLoadFiles(s.HistoryFiles...)
	st.trino.AddLocations(s.Locations...)
	st.trino.AddLogs(s.Logs...)
	return st, nil
}

func insert[T any](server *redshifttest.Server, all []T) {
	for _, one := range all {
		server.Insert(one)
	}
}

func (s *stage) clients(ctx context.Context) (*clients, error) {
	api, warehouse, history := s.api.Config(), s.redshift.Config(), s.trino.Config()
	return configs{&api, &warehouse, &history}.clients(ctx)
}

func (s *stage) close() {
	s.api.Close()
	s.redshift.Close()
	s.trino.Close()
}

// tellDemo tells the life of the load of the scenario.
func tellDemo(ctx context.Context, now time.Time, p *command.Progress) (*life, error) {
	p.Tell(demo + " Nothing outside of this program is asked. For a real load: -load TRACKING_ID, see -h.")
	end := lastAfternoon(now)
	s, err := loadScenario(end)
	if err != nil {
		return nil, err
	}
	st, err := s.start()
	if err != nil {
		return nil, err
	}
	defer st.close()
	c, err := st.clients(ctx)
	if err != nil {
		return nil, err
	}
	defer c.close()
	l, err := tellLife(ctx, s.TrackingID, end, c, p)
	if l != nil {
		l.Demo = demo
	}
	return l, err
}
