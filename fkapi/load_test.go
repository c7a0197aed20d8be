package fkapi_test

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/fkapi"
)

const nestedLoad = `{"id":9007199254740993,"loadNumber":"LOAD1","status":"Awaiting Tracking Info","createdAt":"2025-01-02T03:04:05+05:30",
 "updatedAt":"2025-01-02 03:04:05","deliveredAt":null,"shipper":{"id":"acme","name":"Acme Foods","region":"EU"},
 "carrier":{"id":"swift","name":"Swift Haul","scac":"SWFT"},"referenceNumbers":["R1",12345678901234567890],
 "origin":"Dallas, TX","destination":{"city":"Austin"},"weirdField":{"a":[1,2]},"expiredAt":"soon",
 "stops":[{"id":2,"sequence":2,"stopName":"B","latitude":"30.5","longitude":999},
  {"id":1,"sequence":1,"stopName":"A","schedule":{"appointmentTime":"2025-01-03T00:00:00Z"}}],
 "trackingStatus":{"latestLocation":{"latitude":30.1,"longitude":-97.2,"city":"Waco","time":1735787045},
  "deliverySchedule":{"nextStopETA":"2025-01-04T00:00:00Z","nextStopCarrierETA":null}}}`

const flatLoad = `{"id":"9007199254740993","loadNumber":"LOAD1","status":"awaiting_tracking_info","createdAt":"2025-01-02T03:04:05+05:30",
 "shipperId":"acme","shipperName":"Acme Foods","carrierId":"swift","carrierName":"Swift Haul"}`

func decode(t *testing.T, text string) fkapi.Load {
	t.Helper()
	var l fkapi.Load
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestFlatAndNestedBodiesBecomeOneLoad(t *testing.T) {
	t.Parallel()
	nested, flat := decode(t, nestedLoad), decode(t, flatLoad)
	for _, l := range []fkapi.Load{nested, flat} {
		if l.ID != "9007199254740993" {
			t.Errorf("the id lost digits: %s", l.ID)
		}
		if l.Status != fkapi.StatusAwaitingTrackingInfo || l.Shipper.ID != "acme" || l.Shipper.Name != "Acme Foods" || l.Carrier.ID != "swift" {
			t.Errorf("got %+v", l)
		}
		if _, offset := l.CreatedAt.Zone(); offset != 5*3600+1800 {
			t.Errorf("the zone is lost: %s", l.CreatedAt)
		}
	}
	if diff := cmp.Diff([]string{"R1", "12345678901234567890"}, nested.ReferenceNumbers); diff != "" {
		t.Error(diff)
	}
	if nested.StatusText != "Awaiting Tracking Info" || nested.Origin.Name != "Dallas, TX" || nested.Destination.City != "Austin" {
		t.Errorf("got %+v", nested)
	}
	if nested.Stops[0].Name != "A" || nested.Stops[0].AppointmentTime.IsZero() || *nested.Stops[1].Latitude != 30.5 || nested.Stops[1].Longitude != nil {
		t.Errorf("stops %+v", nested.Stops)
	}
	if at := nested.TrackingStatus.LatestLocation.At; !at.Equal(time.Unix(1735787045, 0)) || nested.TrackingStatus.NextStopETA.IsZero() {
		t.Errorf("tracking status %+v", nested.TrackingStatus)
	}
}

func TestNothingIsDroppedAndDoubtIsNoted(t *testing.T) {
	t.Parallel()
	l := decode(t, nestedLoad)
	if diff := cmp.Diff(map[string]json.RawMessage{"weirdField": json.RawMessage(`{"a":[1,2]}`), "expiredAt": json.RawMessage(`"soon"`)}, l.Extras); diff != "" {
		t.Error(diff)
	}
	if string(l.Shipper.Extras["region"]) != `"EU"` {
		t.Errorf("shipper extras %v", l.Shipper.Extras)
	}
	if diff := cmp.Diff([]string{
		"expiredAt: not a time that can be read, kept in extras", "stops[0].longitude: not on the globe, kept in extras",
		"updatedAt: without a zone, read as UTC",
	}, l.Notes); diff != "" {
		t.Error(diff)
	}
}

func TestALoadSurvivesItsOwnEncoding(t *testing.T) {
	t.Parallel()
	for _, text := range []string{nestedLoad, flatLoad, `{}`, `{"id":null,"shipper":null,"stops":null,"shipperId":null}`} {
		once := decode(t, text)
		encoded, err := json.Marshal(once)
		if err != nil {
			t.Fatal(err)
		}
		twice := decode(t, string(encoded))
		if diff := cmp.Diff(once, twice); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTimesAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	want := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, naive := range map[string]bool{
		`"2025-01-02T03:04:05Z"`: false, `"2025-01-02T03:04:05.000Z"`: false, `"2025-01-02T08:34:05+05:30"`: false,
		`"2025-01-02T08:34:05.000+0530"`: false, `"2025-01-02 03:04:05 UTC"`: false, `"2025-01-02 08:34:05 +0530"`: false,
		`"Thu, 02 Jan 2025 03:04:05 GMT"`: false, `1735787045`: false, `1735787045000`: false, `"1735787045"`: false,
		`"2025-01-02T03:04:05"`: true, `"2025-01-02 03:04:05"`: true, `"20250102030405"`: true, `"2025-01-02 03:04:05.000"`: true,
	} {
		l := decode(t, `{"createdAt":`+text+`}`)
		if !l.CreatedAt.Equal(want) {
			t.Errorf("%s is read as %s", text, l.CreatedAt)
		}
		if noted := len(l.Notes) > 0; noted != naive {
			t.Errorf("%s: notes %v", text, l.Notes)
		}
	}
	for _, text := range []string{`"2025-01-02 03:04:05 EST"`, `"0000-00-00"`, `"never"`, `{"a":1}`, `true`, `-1`, `1e400`, `[]`} {
		l := decode(t, `{"createdAt":`+text+`}`)
		if !l.CreatedAt.IsZero() || string(l.Extras["createdAt"]) != text || len(l.Notes) != 1 {
			t.Errorf("%s: %s, extras %v, notes %v", text, l.CreatedAt, l.Extras, l.Notes)
		}
	}
}

func TestStatusWordsAreSpelledInOneWay(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"Awaiting Tracking Info", "AWAITING-TRACKING-INFO", "awaitingTrackingInfo", " awaiting_tracking_info "} {
		if got := fkapi.ParseLoadStatus(text); got != fkapi.StatusAwaitingTrackingInfo {
			t.Errorf("%q is %q", text, got)
		}
	}
	if s := fkapi.ParseLoadStatus("In Customs"); s != "in_customs" || s.Known() {
		t.Errorf("%q known %t", s, s.Known())
	}
	if len(fkapi.LoadStatuses()) != 13 {
		t.Error("not 13 states")
	}
}

func FuzzLoad(f *testing.F) {
	for _, seed := range []string{nestedLoad, flatLoad, `{}`, `[]`, `{"id":{}}`, "{\"id\":\"\xff\"}", `{"extras":{"id":1},"notes":[1]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var l fkapi.Load
		if json.Unmarshal(data, &l) != nil {
			return
		}
		encoded, err := json.Marshal(l)
		if err != nil {
			t.Fatalf("a load that was read cannot be written: %v", err)
		}
		var again fkapi.Load
		if err := json.Unmarshal(encoded, &again); err != nil {
			t.Fatal(err)
		}
		if twice, err := json.Marshal(again); err != nil || string(twice) != string(encoded) || !utf8.Valid(encoded) {
			t.Errorf("%s became %s, %v", encoded, twice, err)
		}
		_ = l.Timeline()
	})
}
