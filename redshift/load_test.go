package redshift_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/redshift"
)

var (
	noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	day  = base.Window{From: noon.Add(-12 * time.Hour), To: noon.Add(12 * time.Hour)}
	yes  = new(true)
	no   = new(false)
)

func ids(loads []redshift.Load) (all []string) {
	for _, l := range loads {
		all = append(all, l.ID)
	}
	return all
}

func TestALoadIsFoundByItsTrackingID(t *testing.T) {
	t.Parallel()
	eachWarehouse(t, func(t *testing.T, w warehouse) {
		want := redshift.Load{
			ID: "123456789", LoadNumber: "LN-1", ShipperID: "demo-shipper", CarrierID: "demo-carrier", Status: "Awaiting Tracking Info",
			CreatedAt: noon, LatestCheckCallTime: noon.Add(time.Hour + time.Microsecond), RelayLoad: no,
		}
		w.insert(want, redshift.Load{ID: "5", IsDeleted: yes})
		w.insert(redshift.Load{ID: "6", IsDeleted: no, Extras: map[string]any{"customer_name": "it's", "weight": 1.5}})
		var stats base.Stats
		got, err := w.client.Load(base.WithStats(t.Context(), &stats), "123456789")
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(redshift.Load{}, "Extras")); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		if len(stats.Notes) != 1 || !strings.Contains(stats.Notes[0], "up to 10m0s behind its sources, as assumed (Config.Lag)") || stats.Age != 10*time.Minute || stats.QueryID == "" || stats.Rows != 1 || stats.Calls != 1 {
			t.Errorf("%+v", stats)
		}
		got, err = w.client.Load(t.Context(), "6")
		if err != nil || got.Extras["customer_name"] != "it's" || got.Extras["weight"] != 1.5 {
			t.Errorf("%v %v", got.Extras, err)
		}
		for id, kind := range map[string]base.Kind{"5": base.KindNotFound, "7": base.KindNotFound, "": base.KindInvalid, "12x": base.KindInvalid, "1 OR 1=1": base.KindInvalid, "99999999999999999999": base.KindInvalid} {
			if _, err := w.client.Load(t.Context(), id); base.KindOf(err) != kind {
				t.Errorf("%q: %v", id, err)
			}
		}
	})
}

func TestNumbersMatchExactlyBeforeLoosely(t *testing.T) {
	t.Parallel()
	eachWarehouse(t, func(t *testing.T, w warehouse) {
		for i, l := range []redshift.Load{
			{LoadNumber: "AB100", ShipperID: "s1"},
			{LoadNumber: "AB1000", PRONumber: "P_77", ShipperID: "s1"},
			{DisplayLoadNumber: "AB100", ShipperID: "s2"},
			{PRONumber: "PX77", ShipperID: "s1"},
			{LoadNumber: "AB100", IsDeleted: yes},
			{LoadNumber: "50%OFF^", ShipperID: "s3"},
		} {
			l.ID, l.CreatedAt = fmt.Sprint(i+1), noon.Add(time.Duration(i)*time.Minute)
			w.insert(l)
		}
		for _, test := range []struct {
			q     redshift.LoadsQuery
			ids   []string
			match redshift.Match
		}{
			{redshift.LoadsQuery{Numbers: []string{"AB100"}}, []string{"3", "1"}, redshift.MatchExact},
			{redshift.LoadsQuery{Numbers: []string{"AB100"}, Shipper: "s1"}, []string{"1"}, redshift.MatchExact},
			{redshift.LoadsQuery{Numbers: []string{"b100"}}, []string{"3", "2", "1"}, redshift.MatchLoose},
			{redshift.LoadsQuery{Numbers: []string{"AB1"}}, nil, redshift.MatchNone},
			{redshift.LoadsQuery{Numbers: []string{"p_77"}}, []string{"2"}, redshift.MatchLoose},
			{redshift.LoadsQuery{Numbers: []string{"0%OFF^"}}, []string{"6"}, redshift.MatchLoose},
			{redshift.LoadsQuery{IDs: []string{"2", "4", "9"}}, []string{"4", "2"}, redshift.MatchID},
			{redshift.LoadsQuery{IDs: []string{"1"}, Numbers: []string{"PX77"}}, []string{"4", "1"}, redshift.MatchExact},
			{redshift.LoadsQuery{IDs: []string{"1"}, Numbers: []string{"nothing"}}, []string{"1"}, redshift.MatchID},
			{redshift.LoadsQuery{Numbers: []string{"' OR 1=1 --"}}, nil, redshift.MatchNone},
		} {
			got, err := w.client.FindLoads(t.Context(), test.q)
			if err != nil || !slices.Equal(ids(got.Items), test.ids) || got.Match != test.match || (got.Outcome == base.NoData) != (test.ids == nil) {
				t.Errorf("%+v: %v %q %v %v", test.q, ids(got.Items), got.Match, got.Outcome, err)
			}
		}
		got, err := w.client.FindLoads(t.Context(), redshift.LoadsQuery{Numbers: []string{"AB100"}, Limit: 1})
		if err != nil || got.Outcome != base.Truncated || !slices.Equal(ids(got.Items), []string{"3"}) {
			t.Error(got, err)
		}
		for _, q := range []redshift.LoadsQuery{{}, {IDs: []string{"x"}}, {Numbers: []string{""}}, {Numbers: []string{"a\x00"}}, {Numbers: make([]string, 1001)}} {
			if _, err := w.client.FindLoads(t.Context(), q); base.KindOf(err) != base.KindInvalid {
				t.Errorf("%+v: %v", q, err)
			}
		}
	})
}

func TestStopsComeInTheirOrder(t *testing.T) {
	t.Parallel()
	eachWarehouse(t, func(t *testing.T, w warehouse) {
		want := []redshift.Stop{
			{LoadID: "7", ID: "70", Type: "pickup", Sequence: 1, AppointmentTime: noon, OnTime: yes},
			{LoadID: "7", ID: "71", Type: "delivery", Sequence: 2, Delayed: no, Delay: "5"},
		}
		w.insert(want[1], want[0], redshift.Stop{LoadID: "8", ID: "80"})
		got, err := w.client.Stops(t.Context(), "7")
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(redshift.Stop{}, "Extras")); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		if got, err := w.client.Stops(t.Context(), "9"); err != nil || len(got) != 0 {
			t.Error(got, err)
		}
	})
}

func TestEventsArePagedWithoutLossAndWithoutRepetition(t *testing.T) {
	t.Parallel()
	eachWarehouse(t, func(t *testing.T, w warehouse) {
		var all []any
		for i := range 60 { // many of one instant
			all = append(all, redshift.LoadEvent{TrackingID: "7", Status: fmt.Sprintf("E%02d", i), UpdateTime: noon.Add(time.Duration(i/25) * time.Second), CreatedAt: noon})
		}
		all = append(all, redshift.LoadEvent{TrackingID: "8", Status: "other", UpdateTime: noon}, redshift.LoadEvent{TrackingID: "7", Status: "late", UpdateTime: day.To})
		w.insert(all...)
		q := redshift.EventsQuery{TrackingID: "7", Window: day, Limit: 7}
		var seen []string
		for cursor := ""; ; {
			p, err := w.client.LoadEventsPage(t.Context(), q, cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range p.Items {
				seen = append(seen, e.Status)
			}
			if !p.More {
				break
			}
			if p.Outcome != base.Truncated || len(p.Items) != 7 {
				t.Errorf("%v with %d items", p.Outcome, len(p.Items))
			}
			cursor = p.Cursor
		}
		want := make([]string, 60)
		for i := range want {
			want[i] = fmt.Sprintf("E%02d", i)
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Error(diff)
		}
		got, err := base.Collect(w.client.LoadEvents(t.Context(), redshift.EventsQuery{TrackingID: "7", Window: day}))
		if err != nil || len(got) != 60 {
			t.Error(len(got), err)
		}
		got, err = base.Collect(w.client.LoadEvents(t.Context(), redshift.EventsQuery{TrackingID: "7", Window: day, Limit: 12}))
		if !errors.Is(err, base.ErrTruncated) || len(got) != 12 {
			t.Error(len(got), err)
		}
		got, err = base.Collect(w.client.LoadEvents(t.Context(), redshift.EventsQuery{TrackingID: "7", Window: day, Statuses: []string{"E03", "E59"}}))
		if err != nil || len(got) != 2 {
			t.Error(got, err)
		}
		for _, q := range []redshift.EventsQuery{
			{TrackingID: "7"},
			{TrackingID: "7", Window: base.Window{From: noon}},
			{TrackingID: "7", Window: base.Window{From: noon, To: noon.AddDate(1, 0, 0)}},
			{TrackingID: "x", Window: day},
			{Window: day},
		} {
			if _, err := w.client.LoadEventsPage(t.Context(), q, ""); base.KindOf(err) != base.KindInvalid {
				t.Errorf("%+v: %v", q, err)
			}
		}
		if _, err := w.client.LoadEventsPage(t.Context(), q, "AAAA"); base.KindOf(err) != base.KindInvalid {
			t.Error(err)
		}
	})
}

// forged is a cursor with another place, and the checksum of that.
func forged(t *testing.T, cursor string, from time.Time, skip uint32) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) != 26 {
		t.Fatal(len(raw), err)
	}
	binary.BigEndian.PutUint64(raw[10:], uint64(from.UnixMicro())) //nolint:gosec // as the client writes it
	binary.BigEndian.PutUint32(raw[18:], skip)
	sum := sha256.Sum256(raw[:22])
	return base64.RawURLEncoding.EncodeToString(append(raw[:22], sum[:4]...))
}

func TestAForgedCursorLeadsNeitherOutOfTheWindowNorAboveTheCap(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := newClient(t, server.Config())
	for i := range 5 {
		server.Insert(redshift.LoadEvent{TrackingID: "7", Status: fmt.Sprintf("E%d", i), UpdateTime: noon, CreatedAt: noon})
	}
	server.Insert(redshift.LoadEvent{TrackingID: "7", Status: "early", UpdateTime: day.From.Add(-time.Hour)})
	q := redshift.EventsQuery{TrackingID: "7", Window: day, Limit: 2}
	p, err := c.LoadEventsPage(t.Context(), q, "")
	if err != nil || !p.More {
		t.Fatal(p, err)
	}
	server.ForgetRequests()
	for _, cursor := range []string{
		forged(t, p.Cursor, time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), 0), forged(t, p.Cursor, day.From.Add(-time.Microsecond), 0),
		forged(t, p.Cursor, day.To, 0), forged(t, p.Cursor, noon, math.MaxInt32), forged(t, p.Cursor, noon, 1<<20),
	} {
		if _, err := c.LoadEventsPage(t.Context(), q, cursor); base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "cursor") {
			t.Errorf("%s: %v", cursor, err)
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	p, err = c.LoadEventsPage(t.Context(), q, forged(t, p.Cursor, noon, 3))
	if err != nil || len(p.Items) != 2 || p.Items[0].Status != "E3" || p.More {
		t.Error(p, err)
	}
	if r := server.Requests(); len(r) != 1 || !strings.Contains(r[0].SQL, "LIMIT 3\nOFFSET 3") {
		t.Errorf("rows that are not wanted are sent: %+v", r)
	}
}

func TestAttemptsAreCountedByWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	eachWarehouse(t, func(t *testing.T, w warehouse) {
		at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
		w.insert(
			redshift.ValidationAttempt{LoadNumber: "L1", Status: "Load Creation Failure", Error: "unknown carrier", FileName: "a.csv", ProcessedAt: at(1)},
			redshift.ValidationAttempt{LoadNumber: "L1", Status: "Skipping", FileName: "API Request", ProcessedAt: at(2), LoadID: "9"},
			redshift.ValidationAttempt{LoadNumber: "L1", Status: "Success", LoadID: "9", ProcessedAt: at(3), StopCount: 2, Extras: map[string]any{"origin_city": "Pune"}},
			redshift.ValidationAttempt{LoadNumber: "L2", Status: "Success", LoadID: "9", FileName: "API Request", ProcessedAt: at(4), CompanyID: "c"},
			redshift.ValidationAttempt{LoadNumber: "L3", Status: "Success", ProcessedAt: at(5)})
		got, err := w.client.ValidationAttempts(t.Context(), redshift.AttemptsQuery{LoadNumber: "L1"})
		if err != nil || len(got.Items) != 3 || got.Items[0].Status != "Success" || got.Items[0].Extras["origin_city"] != "Pune" || got.Items[0].StopCount != 2 {
			t.Fatal(got, err)
		}
		want := redshift.Breakdown{
			Total: 3, Failed: 2, Succeeded: 1, ByStatus: map[string]int{"Load Creation Failure": 1, "Skipping": 1, "Success": 1},
			ByError: map[string]int{"unknown carrier": 1}, ByWay: map[string]int{"file": 1, "api": 1, "unknown": 1}, First: at(1), Last: at(3),
		}
		if diff := cmp.Diff(want, got.Breakdown); diff != "" {
			t.Error(diff)
		}
		got, err = w.client.ValidationAttempts(t.Context(), redshift.AttemptsQuery{LoadNumber: "L3", TrackingID: "9"})
		if err != nil || len(got.Items) != 4 || got.Breakdown.Failed != 2 {
			t.Error(got, err)
		}
		got, err = w.client.ValidationAttempts(t.Context(), redshift.AttemptsQuery{TrackingID: "9", Limit: 2, Window: base.Window{From: at(0), To: at(4)}})
		if err != nil || len(got.Items) != 2 || got.Outcome != base.Data {
			t.Error(got, err)
		}
		got, err = w.client.ValidationAttempts(t.Context(), redshift.AttemptsQuery{TrackingID: "9", Limit: 1, Company: "c"})
		if err != nil || len(got.Items) != 1 || got.Outcome != base.Data {
			t.Error(got, err)
		}
		for _, q := range []redshift.AttemptsQuery{{}, {TrackingID: "x"}, {LoadNumber: "a\nb"}, {LoadNumber: "L1", Window: base.Window{To: noon}}} {
			if _, err := w.client.ValidationAttempts(t.Context(), q); base.KindOf(err) != base.KindInvalid {
				t.Errorf("%+v: %v", q, err)
			}
		}
	})
}

func TestFilesAreFoundThroughTheirRecords(t *testing.T) {
	t.Parallel()
	eachWarehouse(t, func(t *testing.T, w warehouse) {
		w.insert(
			redshift.CarrierFile{ID: "f1", S3Path: "in/a.csv", CreatedAt: noon, Records: []redshift.CarrierRecord{{FileID: "f1", Identifier1: "LN-1"}, {FileID: "f1", Identifier1: "other"}}},
			redshift.CarrierFile{ID: "f2", CreatedAt: noon.Add(time.Hour), Records: []redshift.CarrierRecord{{FileID: "f2", Identifier4: "PRO-9", Extras: map[string]any{"failure_reason": "no match"}}}},
			redshift.CarrierFile{ID: "f3", Records: []redshift.CarrierRecord{{FileID: "f3", Identifier2: "zzz"}}},
			redshift.LoadFile{Name: "loads.csv", S3Path: "in/loads.csv", CreatedAt: noon}, redshift.LoadFileRecord{FileName: "loads.csv", LoadID: "7"},
			redshift.LoadFileRecord{FileName: "loads.csv", LoadID: "8"})
		got, err := w.client.CarrierFiles(t.Context(), redshift.CarrierFilesQuery{Identifiers: []string{"LN-1", "PRO-9"}})
		if err != nil || len(got) != 2 || got[0].ID != "f2" || len(got[0].Records) != 1 || got[0].Records[0].Extras["failure_reason"] != "no match" || len(got[1].Records) != 1 {
			t.Errorf("%+v %v", got, err)
		}
		if got, err := w.client.CarrierFiles(t.Context(), redshift.CarrierFilesQuery{Identifiers: []string{"LN-1", "PRO-9"}, Limit: 1}); !errors.Is(err, base.ErrTruncated) || len(got) != 1 {
			t.Error(got, err)
		}
		if got, err := w.client.CarrierFiles(t.Context(), redshift.CarrierFilesQuery{Identifiers: []string{"nobody"}}); err != nil || len(got) != 0 {
			t.Error(got, err)
		}
		files, err := w.client.LoadFiles(t.Context(), "7")
		if err != nil || len(files) != 1 || files[0].S3Path != "in/loads.csv" {
			t.Error(files, err)
		}
		if files, err := w.client.LoadFiles(t.Context(), "9"); err != nil || len(files) != 0 {
			t.Error(files, err)
		}
		if _, err := w.client.CarrierFiles(t.Context(), redshift.CarrierFilesQuery{}); base.KindOf(err) != base.KindInvalid {
			t.Error(err)
		}
	})
}

func TestCompaniesAreFoundByWordsOfTheirName(t *testing.T) {
	t.Parallel()
	eachWarehouse(t, func(t *testing.T, w warehouse) {
		w.insert(
			redshift.Company{ID: "1", Name: "Acme Freight Lines", Permalink: "acme-freight", Status: "approved", Active: yes, Extras: map[string]any{"industry": "road"}},
			redshift.Company{ID: "2", Name: "ACME Ocean", Permalink: "acme-ocean", Status: "Approved", Active: yes, IsTestCompany: no},
			redshift.Company{ID: "3", Name: "Acme Test", Permalink: "acme-test", Status: "approved", Active: yes, IsTestCompany: yes},
			redshift.Company{ID: "4", Name: "Acme Old", Permalink: "acme-old", Status: "approved", Active: no},
			redshift.Company{ID: "5", Name: "Acme New", Permalink: "acme-new", Status: "pending", Active: yes})
		got, err := w.client.Company(t.Context(), "acme-freight")
		if err != nil || got.Name != "Acme Freight Lines" || got.IsTestCompany != nil || got.Extras["industry"] != "road" {
			t.Error(got, err)
		}
		if _, err := w.client.Company(t.Context(), "nobody"); !errors.Is(err, base.ErrNotFound) {
			t.Error(err)
		}
		for words, want := range map[string]int{"acme": 2, "lines ACME": 1, "acme_": 0, "%": 0} {
			if got, err := w.client.FindCompanies(t.Context(), redshift.CompaniesQuery{Words: words}); err != nil || len(got) != want {
				t.Errorf("%q: %v %v", words, got, err)
			}
		}
		if got, err := w.client.FindCompanies(t.Context(), redshift.CompaniesQuery{Words: "acme", Limit: 1}); !errors.Is(err, base.ErrTruncated) || len(got) != 1 {
			t.Error(got, err)
		}
	})
}

func TestRelationshipsAreLookedForInBothDirections(t *testing.T) {
	t.Parallel()
	eachWarehouse(t, func(t *testing.T, w warehouse) {
		w.insert(
			redshift.CompanyRelationship{CompanyID: "s", TargetCompanyID: "c", Active: yes, Status: "Live", AllowTracking: yes, SuperFileConfigurations: `[{"id":1}]`},
			redshift.CompanyRelationship{CompanyID: "c2", TargetCompanyID: "s", Active: yes, Status: "pending"},
			redshift.NetworkRelationship{ID: "n1", ShipperID: "s", CarrierID: "c3", Active: yes, Status: "live"},
			redshift.NetworkRelationship{ID: "n2", ShipperID: "s", CarrierID: "c4", Active: no, Status: "live", UpdatedAt: noon})
		for carrier, want := range map[string]redshift.Verdict{
			"c": redshift.RelationshipOK, "c2": redshift.RelationshipNotLive, "c3": redshift.TrackingDisabled, "c4": redshift.RelationshipInactive, "c5": redshift.NoRelationship,
		} {
			got, err := w.client.Relationship(t.Context(), "s", carrier)
			if err != nil || got.Verdict != want || len(got.Stats.Notes) == 0 {
				t.Errorf("%s: %+v %v", carrier, got, err)
			}
		}
		got, err := w.client.Relationship(t.Context(), "s", "c2")
		if err != nil || len(got.Company) != 1 || got.Company[0].Direction != redshift.CarrierToShipper {
			t.Error(got, err)
		}
		if _, err := w.client.Relationship(t.Context(), "", "c"); base.KindOf(err) != base.KindInvalid {
			t.Error(err)
		}
	})
}

func TestStuckLoadsOfACarrierAreListed(t *testing.T) {
	t.Parallel()
	eachWarehouse(t, func(t *testing.T, w warehouse) {
		now := time.Now().UTC()
		w.insert(
			redshift.LoadState{LoadID: "1", CarrierID: "c", State: redshift.Awaiting, UpdatedAt: now.Add(-time.Hour)},
			redshift.LoadState{LoadID: "2", CarrierID: "c", State: redshift.Awaiting, UpdatedAt: now.Add(-2 * time.Hour)},
			redshift.LoadState{LoadID: "3", CarrierID: "c", State: "Delivered", UpdatedAt: now},
			redshift.LoadState{LoadID: "4", CarrierID: "d", State: redshift.Awaiting, UpdatedAt: now},
			redshift.LoadState{LoadID: "5", CarrierID: "c", State: redshift.Awaiting, UpdatedAt: now.AddDate(0, 0, -8)})
		got, err := w.client.SimilarStuckLoads(t.Context(), redshift.StuckQuery{Carrier: "c", Except: "2"})
		if err != nil || len(got) != 1 || got[0].LoadID != "1" {
			t.Error(got, err)
		}
		if got, err := w.client.SimilarStuckLoads(t.Context(), redshift.StuckQuery{Carrier: "c", Limit: 1}); !errors.Is(err, base.ErrTruncated) || len(got) != 1 || got[0].LoadID != "1" {
			t.Error(got, err)
		}
		if got, err := w.client.SimilarStuckLoads(t.Context(), redshift.StuckQuery{Carrier: "c", Since: now.AddDate(0, 0, -9)}); err != nil || len(got) != 3 {
			t.Error(got, err)
		}
	})
}

func TestTheCatalogIsBrowsed(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(*testing.T) warehouse{"fake": fakeWarehouse, "real": ownWarehouse} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			browseCatalog(t, make(t))
		})
	}
}

func browseCatalog(t *testing.T, w warehouse) {
	w.insert(redshift.LoadState{LoadID: "1", UpdatedAt: noon}, redshift.LoadState{LoadID: "2", UpdatedAt: noon.Add(time.Hour)})
	schemas, err := w.client.Schemas(t.Context())
	var names []string
	for _, s := range schemas {
		names = append(names, s.Name)
	}
	if err != nil || !slices.Equal(names, []string{"hadoop", "pgs_company", "platform", "public"}) {
		t.Error(names, err)
	}
	tables, err := w.client.Tables(t.Context(), "platform")
	if err != nil || len(tables) != 2 || tables[0].Name != "fact_loads" || tables[0].Schema != "platform" {
		t.Error(tables, err)
	}
	all, err := w.client.Tables(t.Context(), "")
	if err != nil || len(all) != 12 {
		t.Error(len(all), err)
	}
	columns, err := w.client.DescribeTable(t.Context(), "platform_shared_db.platform.fact_loads")
	if err != nil || len(columns) < 19 || columns[0].Name != "load_id" || columns[0].Type != "bigint" || columns[0].Position != 1 {
		t.Error(columns, err)
	}
	if _, err := w.client.DescribeTable(t.Context(), "platform.nothing"); !errors.Is(err, base.ErrNotFound) {
		t.Error(err)
	}
	for _, name := range []string{"", "a.b.c.d", `a"b`, "x;y"} {
		if _, err := w.client.DescribeTable(t.Context(), name); base.KindOf(err) != base.KindInvalid {
			t.Errorf("%q: %v", name, err)
		}
	}
	plan, err := w.client.Explain(t.Context(), redshift.Query{SQL: "SELECT * FROM load_states WHERE load_id = $1", Args: []any{1}})
	if err != nil || !strings.Contains(plan.String(), "Seq Scan on load_states") {
		t.Error(plan, err)
	}
	r, err := w.client.RecentRows(t.Context(), "public.load_states", 1)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for row, e := range r.All() {
		if err = e; err == nil {
			if v, _ := row.Named("load_id"); v != int64(2) {
				t.Error(row)
			}
			n++
		}
	}
	if n != 1 || !errors.Is(err, base.ErrTruncated) {
		t.Error(n, err)
	}
}

func TestTheLagIsThatOfTheNewestLoadOnceItIsMeasured(t *testing.T) {
	t.Parallel()
	eachWarehouse(t, func(t *testing.T, w warehouse) {
		w.insert(redshift.Load{ID: "1", CreatedAt: time.Now().Add(-48 * time.Hour)})
		if _, err := w.client.Lag(t.Context()); !errors.Is(err, base.ErrNotFound) {
			t.Error(err)
		}
		w.insert(redshift.Load{ID: "2", CreatedAt: time.Now().Add(-time.Hour)}, redshift.Load{ID: "3", CreatedAt: time.Now().Add(-3 * time.Minute)})
		lag, err := w.client.Lag(t.Context())
		if err != nil || lag < 3*time.Minute || lag > 4*time.Minute {
			t.Fatal(lag, err)
		}
		var stats base.Stats
		_, err = w.client.Load(base.WithStats(t.Context(), &stats), "1")
		if err != nil || stats.Age != lag || len(stats.Notes) != 1 || !strings.Contains(stats.Notes[0], "measured") {
			t.Errorf("%+v %v", stats, err)
		}
	})
}

func TestASearchForPartsSaysWhatItLeftOut(t *testing.T) {
	t.Parallel()
	server := fake(t)
	fill(server)
	c := newClient(t, server.Config())
	found, err := c.FindLoads(t.Context(), redshift.LoadsQuery{Numbers: []string{"N-7"}})
	if err != nil || len(found.Items) != 0 || !strings.Contains(strings.Join(found.Stats.Notes, "; "), "a part needs at least 4 characters: N-7") {
		t.Errorf("%q, %v", found.Stats.Notes, err)
	}
	server.Insert(redshift.Load{ID: "8", LoadNumber: "LONG-8", CreatedAt: noon})
	var stats base.Stats
	found, err = c.FindLoads(base.WithStats(t.Context(), &stats), redshift.LoadsQuery{Numbers: []string{"ONG-8"}})
	if err != nil || found.Match != redshift.MatchLoose || len(found.Stats.Notes) != 1 || len(stats.Notes) != 1 {
		t.Errorf("%+v, %q, %v", found, stats.Notes, err)
	}
	_, err = c.LoadEventsPage(t.Context(), redshift.EventsQuery{TrackingID: "7", Window: base.Window{From: noon, To: noon.Add(94 * 24 * time.Hour)}}, "")
	if err == nil || !strings.Contains(err.Error(), "window: 94.0 days long, and the limit is 93") {
		t.Error(err)
	}
}
