package evidence_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

// warehouse is a source that is always a little behind.
type warehouse struct {
	load    fkapi.Load
	network fkapi.Network
	err     error
	age     time.Duration
}

func (warehouse) Name() string     { return "warehouse" }
func (warehouse) Degrades() string { return "up to 10 minutes old" }
func (w warehouse) Load(ctx context.Context, _ string) (fkapi.Load, error) {
	if w.age > 0 {
		base.AddStats(ctx, base.Stats{Age: w.age, Notes: []string{"behind"}})
	}
	return w.load, w.err
}

func (w warehouse) CheckNetwork(context.Context, string, string) (fkapi.Network, error) {
	return w.network, w.err
}

func fkapiClients(t *testing.T) (*fkapitest.Server, *fkapi.TrackingClient, *fkapi.CompanyClient) {
	t.Helper()
	server := fkapitest.NewServer()
	t.Cleanup(server.Close)
	config := server.Config()
	config.Limits.Retries = -1
	tracking, err := fkapi.NewTracking(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	company, err := fkapi.NewCompany(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(tracking.Close(), company.Close()); err != nil {
			t.Error(err)
		}
	})
	return server, tracking, company
}

func TestLoadMetadataSaysWhoAnswered(t *testing.T) {
	t.Parallel()
	server, tracking, _ := fkapiClients(t)
	server.AddLoad(fkapi.Load{ID: "1", LoadNumber: "LIVE"})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	behind := warehouse{load: fkapi.Load{ID: "1", LoadNumber: "OLD"}}

	a, err := evidence.LoadMetadata(ctx, "1", tracking, behind)
	if err != nil || a.Source != "tracking" || a.Value.LoadNumber != "LIVE" || a.Degraded != "" || a.Tried[1].Skipped == "" {
		t.Errorf("%+v, %v", a, err)
	}
	server.Fail(fault.Status(503), 1)
	a, err = evidence.LoadMetadata(ctx, "1", tracking, behind)
	if err != nil || a.Source != "warehouse" || a.Degraded != "up to 10 minutes old" || !errors.Is(a.Tried[0].Err, base.ErrUnavailable) {
		t.Errorf("%+v, %v", a, err)
	}
	a, err = evidence.LoadMetadata(ctx, "2", tracking, behind)
	if err != nil || a.Source != "warehouse" || !errors.Is(a.Tried[0].Err, base.ErrNotFound) {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestALoadIsAbsentOnlyIfEverySourceSaysSo(t *testing.T) {
	t.Parallel()
	_, tracking, _ := fkapiClients(t)
	absent := warehouse{err: base.NewError(base.KindNotFound, nil)}
	if _, err := evidence.LoadMetadata(t.Context(), "1", tracking, absent); !errors.Is(err, base.ErrNotFound) {
		t.Errorf("nobody knows it: %v", err)
	}
	broken := warehouse{err: base.NewError(base.KindUnavailable, nil)}
	_, err := evidence.LoadMetadata(t.Context(), "1", tracking, broken)
	if errors.Is(err, base.ErrNotFound) || !errors.Is(err, base.ErrUnavailable) || base.KindOf(err) != base.KindUnavailable {
		t.Errorf("one source could not be asked: %v", err)
	}
	if _, err := evidence.LoadMetadata(t.Context(), "1"); base.KindOf(err) != base.KindInvalid {
		t.Errorf("no source: %v", err)
	}
	if _, err := evidence.LoadMetadata(t.Context(), "1/2", tracking); base.KindOf(err) != base.KindInvalid {
		t.Errorf("a bad id: %v", err)
	}
}

func TestASourceThatIsDownIsSkipped(t *testing.T) {
	t.Parallel()
	_, tracking, _ := fkapiClients(t)
	if err := tracking.Close(); err != nil {
		t.Fatal(err)
	}
	a, err := evidence.LoadMetadata(t.Context(), "1", tracking, warehouse{load: fkapi.Load{ID: "1"}})
	if err != nil || a.Source != "warehouse" || a.Tried[0].Skipped == "" {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestASourceThatIsNilIsRefusedByItsPlace(t *testing.T) {
	t.Parallel()
	var tracking *fkapi.TrackingClient
	var company *fkapi.CompanyClient
	known := warehouse{load: fkapi.Load{ID: "1"}}
	for want, ask := range map[string]func() error{
		"LoadMetadata: invalid: sources[0]: is a nil *fkapi.TrackingClient": func() error {
			_, err := evidence.LoadMetadata(t.Context(), "1", tracking, known)
			return err
		},
		"LoadMetadata: invalid: sources[1]: is nil": func() error {
			_, err := evidence.LoadMetadata(t.Context(), "1", known, nil)
			return err
		},
		"CompareLoadMetadata: invalid: sources[1]: is nil": func() error {
			_, err := evidence.CompareLoadMetadata(t.Context(), "1", known, nil)
			return err
		},
		"NetworkVerdict: invalid: sources[0]: is a nil *fkapi.CompanyClient": func() error {
			_, err := evidence.NetworkVerdict(t.Context(), "a", "b", company)
			return err
		},
	} {
		if err := ask(); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// stopped is a source whose breaker is open.
type stopped struct{ warehouse }

func (stopped) Name() string { return "stopped" }
func (stopped) Health() base.Health {
	return base.Health{State: base.Down, Breaker: "open"}
}

// A source that was skipped might have known the load: that it is not there is not known, and the question may be asked again.
func TestASkippedSourceLeavesALoadThatNobodyKnowsUnavailable(t *testing.T) {
	t.Parallel()
	absent := warehouse{err: base.NewError(base.KindNotFound, nil)}
	_, err := evidence.LoadMetadata(t.Context(), "1", stopped{}, absent)
	if base.KindOf(err) != base.KindUnavailable || !errors.Is(err, base.ErrUnavailable) || !errors.Is(err, base.ErrCircuitOpen) || errors.Is(err, base.ErrNotFound) {
		t.Errorf("kind %s: %v", base.KindOf(err), err)
	}
	if !strings.Contains(err.Error(), "stopped: circuit open: skipped: the source is down: its breaker is open") {
		t.Error(err)
	}
	_, tracking, _ := fkapiClients(t)
	_ = tracking.Close()
	_, err = evidence.LoadMetadata(t.Context(), "1", tracking, absent)
	if base.KindOf(err) != base.KindUnavailable || errors.Is(err, base.ErrNotFound) || errors.Is(err, base.ErrCircuitOpen) {
		t.Errorf("a source that was closed: %v", err)
	}
}

func TestNetworkVerdictTakesNoRelationshipForAnAnswer(t *testing.T) {
	t.Parallel()
	server, _, company := fkapiClients(t)
	server.AddCompany(fkapi.Company{Permalink: "acme"})
	server.AddRelationship("acme")
	old := warehouse{network: fkapi.Network{Verdict: fkapi.RelationshipOK}}
	a, err := evidence.NetworkVerdict(t.Context(), "acme", "swift", company, old)
	if err != nil || a.Source != "company" || a.Value.Verdict != fkapi.NoRelationship {
		t.Errorf("%+v, %v", a, err)
	}
	server.Fail(fault.Status(503), 1)
	a, err = evidence.NetworkVerdict(t.Context(), "acme", "swift", company, old)
	if err != nil || a.Source != "warehouse" || a.Value.Verdict != fkapi.RelationshipOK || a.Degraded == "" {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := evidence.NetworkVerdict(t.Context(), "acme", "swift"); base.KindOf(err) != base.KindInvalid {
		t.Errorf("no source: %v", err)
	}
}

func TestALoadThatOnlyTheWarehouseKnowsSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	load := stuckLoad()
	load.ID = "7"
	w.sources.Loads = append(w.sources.Loads, warehouse{load: load, age: 10 * time.Minute})
	r, err := evidence.StuckLoad(t.Context(), evidence.StuckLoadQuestion{TrackingID: "7", Now: noon.Add(3 * time.Hour)}, w.sources)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"load 7: warehouse answered, whose answers are up to 10 minutes old, this one up to 10m0s old",
		"load 7: tracking does not know it, and warehouse does",
	} {
		if !slices.Contains(r.NotSeen, want) {
			t.Errorf("no %q in %q", want, r.NotSeen)
		}
	}
}

func ExampleNetworkVerdict() {
	server := fkapitest.NewServer()
	defer server.Close()
	server.AddRelationship("acme", fkapi.Relationship{ID: "7", Target: fkapi.Company{Permalink: "swift"}})
	ctx := context.Background()
	company, err := fkapi.NewCompany(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = company.Close() }()
	answer, err := evidence.NetworkVerdict(ctx, "acme", "swift", company)
	fmt.Println(answer.Source, answer.Value.Verdict, err)
	// Output: company RELATIONSHIP_INACTIVE <nil>
}
