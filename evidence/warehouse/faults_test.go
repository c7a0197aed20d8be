package warehouse_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/evidence/warehouse"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
)

// house is the Tracking API and a warehouse that hold the same load, and the sources in the order of their worth.
type house struct {
	api     *fkapitest.Server
	server  *redshifttest.Server
	sources []evidence.LoadSource
}

func build(t *testing.T) house {
	t.Helper()
	api := fkapitest.NewServer()
	t.Cleanup(api.Close)
	config := api.Config()
	config.Limits.Retries = -1
	tracking, err := fkapi.NewTracking(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tracking.Close() }) // late where a fault hangs
	server, client := start(t)
	api.AddLoad(fkapi.Load{
		ID: id, LoadNumber: "LP20417", Status: fkapi.StatusAwaitingTrackingInfo, CreatedAt: noon.Add(300 * time.Millisecond),
		Shipper: fkapi.Party{ID: "acme", Name: "Acme"}, Carrier: fkapi.Party{ID: "swift"},
	})
	server.Insert(
		redshift.Load{ID: id, LoadNumber: "lp20417", Status: "Awaiting Tracking Info", ShipperID: "acme", CarrierID: "swift", CreatedAt: noon},
		redshift.ValidationAttempt{LoadID: id, LoadNumber: "LP20417", Status: "Success", ProcessedAt: noon, CarrierID: "swift"},
	)
	return house{api, server, []evidence.LoadSource{tracking, warehouse.Loads(client), warehouse.Validations(client)}}
}

func (h house) ask(ctx context.Context, trackingID string) (evidence.LoadAnswer, error) {
	return evidence.LoadMetadata(ctx, trackingID, h.sources...)
}

func TestTheWarehouseAnswersWhateverIsWrongWithTheTrackingAPI(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault     fault.Fault
		kind      base.Kind
		agreement evidence.Agreement
	}{
		"down":        {fault.Refuse(), base.KindUnavailable, evidence.NotCompared},
		"503":         {fault.Status(503), base.KindUnavailable, evidence.NotCompared},
		"silent":      {fault.Silent(), base.KindDeadline, evidence.NotCompared},
		"not found":   {fault.Status(404).WithMessage("no such load"), base.KindNotFound, evidence.Denies},
		"garbage":     {fault.Garbage(), base.KindProtocol, evidence.NotCompared},
		"half a body": {fault.MalformedBlock(), base.KindProtocol, evidence.NotCompared},
		"a stranger":  {fault.WrongPassword(), base.KindUnauthenticated, evidence.NotCompared},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t)
			h.api.Fail(test.fault, -1)
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
			defer cancel()
			a, err := h.ask(ctx, id)
			if err != nil || a.Source != "redshift" || a.Value.LoadNumber != "lp20417" || a.Degraded == "" || a.Age != 10*time.Minute {
				t.Errorf("%+v, %v", a, err)
			}
			if base.KindOf(a.Tried[0].Err) != test.kind || a.Tried[1].Err != nil || a.Tried[2].Skipped != "redshift answered" {
				t.Errorf("%+v", a.Tried)
			}
			want := []evidence.LoadAgreement{{Source: "tracking", Agreement: test.agreement}, {Source: "redshift validations", Agreement: evidence.NotCompared}}
			if diff := cmp.Diff(want, a.Agreement); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheMartAnswersWhenTheTableOfLoadsCannot(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.api.Fail(fault.Status(503), -1)
	h.server.Fail(fault.Error(1023, "serializable isolation violation on table"), 1)
	a, err := h.ask(t.Context(), id)
	if err != nil || a.Source != "redshift validations" || a.Degraded == "" || a.Age < time.Since(noon)-time.Minute {
		t.Errorf("%+v, %v", a, err)
	}
	if a.Tried[1].Err == nil || len(a.Agreement) != 2 {
		t.Errorf("%+v", a.Tried)
	}
}

func TestNoSourceAtAllIsAnErrorThatTellsOfEach(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.api.Fail(fault.Status(503), -1)
	h.server.Fail(fault.Error(53300, "too many connections"), -1)
	a, err := h.ask(t.Context(), id)
	e, ok := errors.AsType[*base.Error](err)
	if !ok || e.Kind != base.KindUnavailable || e.Source != "evidence" || errors.Is(err, base.ErrNotFound) || len(a.Tried) != 3 || a.Source != "" {
		t.Errorf("%+v, %v", a, err)
	}
	for _, want := range []string{"LoadMetadata", "tracking: Load: unavailable (503)", "redshift: Load:", "redshift: ValidationAttempts:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %s", want, err)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %q", err)
	}
	_, err = build(t).ask(t.Context(), "7")
	if e, ok := errors.AsType[*base.Error](err); !ok || e.Kind != base.KindNotFound || !errors.Is(err, base.ErrNotFound) {
		t.Errorf("nobody knows it: %v", err)
	}
	h.server.ClearFaults()
	_, err = h.ask(t.Context(), "7")
	if base.KindOf(err) != base.KindUnavailable || errors.Is(err, base.ErrNotFound) {
		t.Errorf("one could not be asked, two do not know it: %v", err)
	}
}

// A table that is not there says nothing of the load.
func TestATableThatIsMissingDoesNotDenyTheLoad(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	config := server.Config()
	config.Tables.Loads, config.Tables.Validations = "platform.loads_of_old", "hadoop.mart_of_old"
	client, err := redshift.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	a, err := evidence.LoadMetadata(t.Context(), id, warehouse.Loads(client), warehouse.Validations(client))
	if base.KindOf(err) != base.KindInvalid || errors.Is(err, base.ErrNotFound) || !strings.Contains(err.Error(), "no such table") {
		t.Errorf("%v", err)
	}
	for _, tried := range a.Tried {
		server, ok := errors.AsType[*redshift.ServerError](tried.Err)
		if !ok || server.Code != "42P01" || base.KindOf(tried.Err) != base.KindInvalid || errors.Is(tried.Err, base.ErrNotFound) {
			t.Errorf("%s: %v", tried.Source, tried.Err)
		}
	}
}

func TestAReaderThatIsNilIsRefused(t *testing.T) {
	t.Parallel()
	var client *redshift.Client
	for name, source := range map[string]evidence.LoadSource{
		"loads": warehouse.Loads(nil), "loads of no client": warehouse.Loads(client),
		"validations": warehouse.Validations(nil), "validations of no client": warehouse.Validations(client),
	} {
		_, err := evidence.LoadMetadata(t.Context(), id, source)
		if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "reader: is nil") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSourcesAreComparedFieldByField(t *testing.T) {
	t.Parallel()
	h := build(t)
	a, err := evidence.CompareLoadMetadata(t.Context(), id, h.sources...)
	if err != nil || a.Source != "tracking" || a.Degraded != "" || a.Age != 0 || a.Value.LoadNumber != "LP20417" {
		t.Fatalf("%+v, %v", a, err)
	}
	want := []evidence.LoadAgreement{
		{
			Source: "redshift", Agreement: evidence.Agrees, Alike: []string{"loadNumber", "status", "createdAt", "shipper.id", "carrier.id"},
			Lacking: []string{"shipper.name"},
		},
		{
			Source: "redshift validations", Agreement: evidence.Agrees, Alike: []string{"loadNumber", "carrier.id"},
			Lacking: []string{"status", "createdAt", "shipper.id", "shipper.name"},
		},
	}
	if diff := cmp.Diff(want, a.Agreement); diff != "" {
		t.Error(diff)
	}
	for _, tried := range a.Tried {
		if !tried.Answered() || tried.Stats.Calls != 1 {
			t.Errorf("%+v", tried)
		}
	}
}

func TestAWarehouseThatDisagreesIsNamedByField(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.api.AddLoad(fkapi.Load{ID: "7", LoadNumber: "L7", Status: fkapi.StatusDelivered, Carrier: fkapi.Party{ID: "swift"}, CreatedAt: noon, ReferenceNumbers: []string{"b", "a"}})
	h.server.Insert(redshift.Load{
		ID: "7", LoadNumber: "L7", Status: "At Pickup", CarrierID: "slow", CreatedAt: noon.Add(2 * time.Second), PRONumber: "P", ReferenceNumbers: "A,B",
	})
	a, err := evidence.CompareLoadMetadata(t.Context(), "7", h.sources...)
	if err != nil {
		t.Fatal(err)
	}
	want := []evidence.LoadAgreement{
		{
			Source: "redshift", Agreement: evidence.Disagrees, Alike: []string{"loadNumber", "referenceNumbers"},
			Different: []evidence.FieldDifference{
				{Field: "status", Answer: "delivered", Other: "at_pickup"},
				{Field: "createdAt", Answer: "2026-03-04T12:00:00Z", Other: "2026-03-04T12:00:02Z"},
				{Field: "carrier.id", Answer: "swift", Other: "slow"},
			},
			Beyond: []string{"proNumber"},
		},
		{Source: "redshift validations", Agreement: evidence.Denies},
	}
	if diff := cmp.Diff(want, a.Agreement); diff != "" {
		t.Error(diff)
	}
}

func TestTheLastStepHasItsShareOfAShortDeadline(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.api.Fail(fault.Silent(), -1)
	h.server.Fail(fault.Silent(), 1)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	a, err := h.ask(ctx, id)
	if err != nil || a.Source != "redshift validations" || ctx.Err() != nil {
		t.Errorf("%+v, %v", a, err)
	}
	for i, tried := range a.Tried[:2] {
		if tried.Took < 700*time.Millisecond || tried.Took > 1500*time.Millisecond || base.KindOf(tried.Err) != base.KindDeadline {
			t.Errorf("step %d of three seconds took %s: %v", i+1, tried.Took, tried.Err)
		}
	}
}

func TestACallerThatGivesUpEndsTheQuestion(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.api.Fail(fault.Silent(), -1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h.sources[0] = asked{h.sources[0], cancel}
	a, err := h.ask(ctx, id)
	if base.KindOf(err) != base.KindCanceled || !errors.Is(err, context.Canceled) || a.Source != "" {
		t.Errorf("%+v, %v", a, err)
	}
	for _, tried := range a.Tried[1:] {
		if tried.Skipped != "the caller gave up" {
			t.Errorf("%+v", tried)
		}
	}
	if n := len(h.server.Requests()); n != 0 {
		t.Errorf("%d statements after the caller gave up", n)
	}
}

func TestACallerThatGivesUpLaterIsToldSoAndNotOfWhatFailedBefore(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.api.Fail(fault.Status(503), -1)
	h.server.Fail(fault.Silent(), -1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h.sources[1] = asked{h.sources[1], cancel}
	a, err := h.ask(ctx, id)
	if base.KindOf(err) != base.KindCanceled || !errors.Is(err, base.ErrUnavailable) || a.Tried[2].Skipped != "the caller gave up" {
		t.Errorf("%+v, %v", a.Tried, err)
	}
}

// asked gives the question up while the source is asked.
type asked struct {
	evidence.LoadSource
	giveUp context.CancelFunc
}

// Load is that of the source, given up.
func (a asked) Load(ctx context.Context, trackingID string) (fkapi.Load, error) {
	a.giveUp()
	return a.LoadSource.Load(ctx, trackingID)
}
