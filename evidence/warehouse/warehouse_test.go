package warehouse_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/evidence/warehouse"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const id = "482900111"

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// start is a warehouse in process and a client of it.
func start(t *testing.T) (*redshifttest.Server, *redshift.Client) {
	t.Helper()
	server := redshifttest.NewServer()
	t.Cleanup(server.Close)
	config := server.Config()
	config.Limits.Retries = -1
	client, err := redshift.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return server, client
}

// texts are the extras as they read.
func texts(extras map[string]json.RawMessage) map[string]string {
	all := map[string]string{}
	for name, raw := range extras {
		all[name] = string(raw)
	}
	return all
}

func TestALoadOfTheWarehouseLosesNothing(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	east := time.FixedZone("", 5*3600)
	server.Insert(redshift.Load{
		ID: id, LoadNumber: "LP20417", DisplayLoadNumber: "LP-20417", PRONumber: "P7", ShipperID: "acme", CarrierID: "swift",
		ManagingCarrierID: "broker", Status: "Awaiting Tracking Info", LoadMode: "TL", Modes: "OTR", RelayLoad: new(false),
		ReferenceNumbers: "A1, B2", Tags: "hot", IsDeleted: new(false), CreatedAt: noon.In(east), TerminatedAt: noon.Add(time.Hour),
		DeliveredAt: noon.Add(2 * time.Hour), FirstPingTime: noon.Add(3 * time.Hour), LatestCheckCallTime: noon.Add(4 * time.Hour),
		Extras: map[string]any{"weight": 1.5, "customer": "it's", "pallets": int64(9007199254740993), "booked_at": noon},
	})
	source := warehouse.Loads(client)
	var stats base.Stats
	got, err := source.Load(base.WithStats(t.Context(), &stats), id)
	if err != nil {
		t.Fatal(err)
	}
	want := fkapi.Load{
		ID: id, LoadNumber: "LP20417", Status: fkapi.StatusAwaitingTrackingInfo, StatusText: "Awaiting Tracking Info", LoadMode: "TL",
		CreatedAt: noon, TerminatedAt: noon.Add(time.Hour), DeliveredAt: noon.Add(2 * time.Hour), FirstCheckCallAt: noon.Add(3 * time.Hour),
		LatestCheckCallAt: noon.Add(4 * time.Hour), PRONumber: "P7", ReferenceNumbers: []string{"A1", "B2"}, Shipper: fkapi.Party{ID: "acme"},
		Carrier: fkapi.Party{ID: "swift"}, ManagingCarrier: fkapi.Party{ID: "broker"},
		Notes: []string{"firstCheckCallAt: the warehouse's first_ping_time"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(fkapi.Load{}, "Extras")); diff != "" {
		t.Error(diff)
	}
	if got.CreatedAt.Location() != time.UTC {
		t.Errorf("not in UTC: %s", got.CreatedAt)
	}
	extras := map[string]string{
		"display_load_number": `"LP-20417"`, "modes": `"OTR"`, "tags": `"hot"`, "relay_load": "false", "is_deleted": "false",
		"reference_numbers": `"A1, B2"`, "weight": "1.5", "customer": `"it's"`, "pallets": "9007199254740993", "booked_at": `"2026-03-04T12:00:00Z"`,
	}
	if diff := cmp.Diff(extras, texts(got.Extras)); diff != "" {
		t.Error(diff)
	}
	if stats.Age != 10*time.Minute || source.Name() != "redshift" || source.Health().State != base.Ready || source.Degrades() == "" {
		t.Errorf("%+v, %s, %s", stats, source.Name(), source.Health().State)
	}
	if _, err := source.Load(t.Context(), "7"); base.KindOf(err) != base.KindNotFound {
		t.Errorf("an unknown load: %v", err)
	}
}

func TestTheEncodingOfALoadOfTheWarehouseIsReadBackWhole(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	server.Insert(redshift.Load{ID: id, Status: "At Pickup", CreatedAt: noon, ReferenceNumbers: `["A,1","B2"]`, Extras: map[string]any{"weight": 1.5}})
	want, err := warehouse.Loads(client).Load(t.Context(), id)
	if err != nil || !cmp.Equal(want.ReferenceNumbers, []string{"A,1", "B2"}) {
		t.Fatalf("%v, %v", want.ReferenceNumbers, err)
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got fkapi.Load
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAValidationAttemptTellsWhatWasSent(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	for _, a := range []redshift.ValidationAttempt{
		{
			LoadID: id, CompanyID: "acme", CompanyName: "Acme", ShipperName: "ACME", CarrierID: "swift", CarrierName: "Swift", LoadNumber: "LP20417",
			Status: "Success", ProcessedAt: noon, FileName: "API Request", StopCount: 2, Modes: "OTR",
			Extras: map[string]any{"origin_city": "Reno", "origin_state": "NV", "dest_city": "Boise"},
		},
		{LoadID: id, LoadNumber: "LP20417", Status: "Validation Failure", Error: "stop 2 has no time", ProcessedAt: noon.Add(time.Hour)},
		{LoadID: "5", LoadNumber: "other", Status: "Success", ProcessedAt: noon},
	} {
		server.Insert(a)
	}
	source := warehouse.Validations(client)
	var stats base.Stats
	got, err := source.Load(base.WithStats(t.Context(), &stats), id)
	if err != nil {
		t.Fatal(err)
	}
	want := fkapi.Load{
		ID: id, LoadNumber: "LP20417", Shipper: fkapi.Party{ID: "acme", Name: "ACME"}, Carrier: fkapi.Party{ID: "swift", Name: "Swift"},
		Origin: &fkapi.Stop{City: "Reno", State: "NV"}, Destination: &fkapi.Stop{City: "Boise"},
		Notes: []string{
			"as of the validation attempt of 2026-03-04T12:00:00Z: what happened since is not in it",
			"shipper.id: of the company that sent the load, which has the name of the shipper",
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(fkapi.Load{}, "Extras")); diff != "" {
		t.Error(diff)
	}
	var attempts []redshift.ValidationAttempt
	var sum redshift.Breakdown
	if err := json.Unmarshal(got.Extras["validation_attempts"], &attempts); err != nil || len(attempts) != 2 || attempts[0].Error != "stop 2 has no time" || attempts[1].StopCount != 2 {
		t.Errorf("%+v, %v", attempts, err)
	}
	if err := json.Unmarshal(got.Extras["validation_breakdown"], &sum); err != nil || sum.Total != 2 || sum.Failed != 1 {
		t.Errorf("%+v, %v", sum, err)
	}
	if since := time.Since(noon); stats.Age < since-time.Minute || stats.Age > since+time.Minute {
		t.Errorf("age %s, %s since the attempt", stats.Age, since)
	}
	if source.Name() != "redshift validations" {
		t.Error(source.Name())
	}
}

func TestAttemptsThatAllFailedSaySo(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	source := warehouse.Validations(client)
	server.Insert(redshift.ValidationAttempt{LoadID: id, LoadNumber: "L", Status: "Validation Failure", ProcessedAt: noon, CompanyID: "acme", CompanyName: "Acme", ShipperName: "Other"})
	got, err := source.Load(t.Context(), id)
	want := []string{
		"as of the validation attempt of 2026-03-04T12:00:00Z: what happened since is not in it",
		"every attempt that was read failed: this is what was sent, and not what was accepted",
	}
	if diff := cmp.Diff(want, got.Notes); diff != "" || err != nil || got.Shipper.ID != "" || got.Origin != nil {
		t.Errorf("%s%+v, %v", diff, got, err)
	}
	_, err = source.Load(t.Context(), "7")
	if e, ok := errors.AsType[*base.Error](err); !ok || e.Kind != base.KindNotFound || e.Source != "redshift validations" || e.Op != "Load" || e.Hint == "" {
		t.Errorf("no attempt: %+v", err)
	}
	if _, err := source.Load(t.Context(), "LP7"); base.KindOf(err) != base.KindInvalid {
		t.Errorf("no tracking id: %v", err)
	}
}

func TestMoreAttemptsThanAreReadAreNamed(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	for i := range 51 {
		server.Insert(redshift.ValidationAttempt{LoadID: id, LoadNumber: "L", Status: "Success", ProcessedAt: noon.Add(time.Duration(i) * time.Minute)})
	}
	got, err := warehouse.Validations(client).Load(t.Context(), id)
	if err != nil || len(got.Notes) != 2 || got.Notes[1] != "validation_attempts: truncated, the newest 50" {
		t.Errorf("%v, %v", got.Notes, err)
	}
}

// odd is a reader whose columns hold what JSON has no number for, and that has no Health.
type odd struct{ from, attempt map[string]any }

func (odd) Name() string { return "odd" }

func (o odd) Load(context.Context, string) (redshift.Load, error) {
	return redshift.Load{ID: id, Extras: o.from}, nil
}

func (o odd) ValidationAttempts(context.Context, redshift.AttemptsQuery) (redshift.Attempts, error) {
	return redshift.Attempts{Items: []redshift.ValidationAttempt{{LoadID: id, Extras: o.attempt}}, Outcome: base.Data}, nil
}

func TestWhatJSONCannotCarryIsText(t *testing.T) {
	t.Parallel()
	reader := odd{map[string]any{"a": math.NaN(), "b": math.Inf(-1), "c": nil, "d": func() {}}, map[string]any{"a": math.NaN()}}
	got, err := warehouse.Loads(reader).Load(t.Context(), id)
	if err != nil || string(got.Extras["a"]) != `"NaN"` || string(got.Extras["b"]) != `"-Inf"` || string(got.Extras["c"]) != "null" || !json.Valid(got.Extras["d"]) {
		t.Errorf("%v, %v", texts(got.Extras), err)
	}
	sent, err := warehouse.Validations(reader).Load(t.Context(), id)
	var attempts []redshift.ValidationAttempt
	if broken := json.Unmarshal(sent.Extras["validation_attempts"], &attempts); err != nil || broken != nil || attempts[0].Extras["a"] != "NaN" {
		t.Errorf("%v, %v, %s", err, broken, sent.Extras["validation_attempts"])
	}
	if state := warehouse.Loads(reader).Health().State; state != base.Unproven {
		t.Error(state)
	}
}

// afar calls tools as a server elsewhere does, which knows nothing of the context's values.
type afar struct{ tools tool.Set }

func (a afar) CallTool(_ context.Context, name string, args json.RawMessage) (json.RawMessage, error) {
	return a.tools.CallTool(context.Background(), name, args)
}

func TestALoadOfARemoteWarehouseTellsItsAge(t *testing.T) {
	t.Parallel()
	server, client := start(t)
	server.Insert(redshift.Load{ID: id, CreatedAt: noon})
	a, err := evidence.LoadMetadata(t.Context(), id, warehouse.Loads(redshift.Remote(afar{client.Tools()})))
	if err != nil || a.Age != 10*time.Minute {
		t.Errorf("%s old, %v", a.Age, err)
	}
}

// A reader may keep what it hands out, and give it to others.
func TestWhatAReaderHandsOutStaysAsItIs(t *testing.T) {
	t.Parallel()
	reader := odd{map[string]any{"a": math.NaN()}, map[string]any{"a": math.NaN()}}
	for _, source := range []interface {
		Load(ctx context.Context, trackingID string) (fkapi.Load, error)
	}{warehouse.Loads(reader), warehouse.Validations(reader)} {
		if _, err := source.Load(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	want := odd{map[string]any{"a": math.NaN()}, map[string]any{"a": math.NaN()}}
	if diff := cmp.Diff(want, reader, cmp.AllowUnexported(odd{}), cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}
