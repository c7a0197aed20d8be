package basetest_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/basetest"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

const planted = "pl4nted secret/of the suite"

// documents is a good harness of a source over HTTP.
func documents() basetest.Harness {
	return basetest.Harness{
		Family: basetest.HTTP, New: newDocuments, TLS: true, Secrets: []string{planted}, Transient: fault.Status(503),
		Inside: fault.Status(200, "Content-Type", "application/json").WithMessage(`{"statusCode":422,"message":"no"}`),
		Configure: func(l base.Limits) error {
			c, err := fkapi.NewTracking(context.Background(), fkapi.Config{AppID: "a", Secret: secret.Literal(planted), Limits: l})
			if err == nil {
				err = c.Close()
			}
			return err
		},
		Skip: map[string]string{"F41": "it only reads"},
	}
}

func newDocuments(t testing.TB, s basetest.Settings) basetest.Subject {
	var skew, turns atomic.Int64
	server := fkapitest.NewServer(fkapitest.WithClock(func() time.Time { return time.Now().Add(time.Duration(skew.Load())) }))
	t.Cleanup(server.Close)
	server.SetKeys(planted)
	for i := range 5 {
		server.AddLoad(fkapi.Load{ID: fmt.Sprint(i + 1), CreatedAt: time.Now().Add(-time.Hour)})
	}
	c := server.Config()
	c.Limits, c.MaxResponseBytes, c.CAFile, c.CertFile, c.KeyFile = s.Limits, 4<<20, s.CAFile, s.CertFile, s.KeyFile
	c.Secret = secret.From(secret.SourceFunc(func(context.Context) (secret.Snapshot, error) {
		return secret.NewSnapshot(turned(turns.Load()), "", time.Time{}), nil
	}))
	if s.Address != "" {
		c.TrackingURL = map[bool]string{true: "https://", false: "http://"}[s.CAFile != ""] + s.Address
	}
	client, err := fkapi.NewTracking(t.Context(), c, s.Options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	read := func(ctx context.Context) iter.Seq2[fkapi.Load, error] {
		return client.SearchLoads(ctx, fkapi.SearchOptions{})
	}
	return basetest.Subject{
		Client: client, Items: 5,
		Read: func(ctx context.Context) (int, error) {
			all, err := base.Collect(read(ctx))
			return len(all), err
		},
		Each: func(ctx context.Context) iter.Seq2[int, error] { return counted(read(ctx)) },
		Fake: basetest.Fake{
			Address: strings.TrimPrefix(server.URL, "http://"), Fail: server.Fail, Connections: func() int { open, _ := server.Connections(); return open }, Running: server.Running,
			Close: server.Close, Refuse: func() { server.SetKeys() }, Skew: func(d time.Duration) { skew.Store(int64(d)) },
			Rotate: func() { server.SetKeys(turned(turns.Add(1))) },
			Calls: func() int {
				return len(slices.DeleteFunc(server.Requests(), func(r fkapitest.Request) bool { return r.Method == "GET" })) // those are pings
			},
		},
	}
}

func turned(n int64) string {
	if n == 0 {
		return planted
	}
	return fmt.Sprint(planted, n)
}

// streams is a good harness of a source that streams rows.
func streams() basetest.Harness {
	return basetest.Harness{
		Family: basetest.Held, New: newStreams, Secrets: []string{planted}, Transient: fault.Error(210, "not now"),
		Configure: func(l base.Limits) error {
			c, err := clickhouse.New(context.Background(), clickhouse.Config{Host: "clickhouse.example.com", Limits: l})
			if err == nil {
				err = c.Close()
			}
			return err
		},
	}
}

func newStreams(t testing.TB, s basetest.Settings) basetest.Subject {
	server := clickhousetest.NewServer()
	t.Cleanup(server.Close)
	server.AddUser("suite", planted)
	server.ReplyTo("suite", clickhousetest.Bulk(100, 3))
	address := server.Addr()
	if s.Address != "" {
		address = s.Address
	}
	client, err := clickhouse.New(t.Context(), clickhouse.Config{
		Addresses: []string{address}, User: "suite", Password: secret.Literal(planted), Limits: s.Limits, AllowWrites: true,
	}, s.Options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	each := func(ctx context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			r, err := client.Query(ctx, clickhouse.Query{SQL: "SELECT id, name, at FROM suite"})
			if err != nil {
				yield(0, err)
				return
			}
			counted(r.All())(yield)
		}
	}
	return basetest.Subject{
		Client: client, Items: 300, Each: each,
		Read: func(ctx context.Context) (n int, err error) {
			for n, err = range each(ctx) {
				if err != nil {
					break
				}
			}
			return n, err
		},
		Write: func(ctx context.Context) error {
			return client.Exec(ctx, clickhouse.Statement{SQL: "CREATE TABLE IF NOT EXISTS suite_table (x UInt8) ENGINE = Memory"})
		},
		Fake: basetest.Fake{
			Address: server.Addr(), Fail: server.Fail, Running: server.Running, Close: server.Close,
			Connections: func() int { open, _ := server.Connections(); return open },
			Calls: func() int {
				return len(slices.DeleteFunc(server.Requests(), func(r clickhousetest.Request) bool { return !strings.Contains(r.SQL, "suite") }))
			},
		},
	}
}

func counted[T any](seq iter.Seq2[T, error]) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		n := 0
		for _, err := range seq {
			if err == nil {
				n++
			}
			if !yield(n, err) {
				return
			}
		}
	}
}

// noticed says for each row which bad clients it must notice.
var noticed = map[string]map[string]sabotage{
	"F01":  {"optimist": optimist, "hasty": hasty, "nameless": nameless, "untyped": untyped},
	"F02":  {"optimist": optimist, "nameless": nameless, "frozen": wrong},
	"F03":  {"optimist": optimist, "wrong": wrong},
	"F04":  {"deaf": deaf, "nameless": nameless},
	"F04b": {"optimist": optimist},
	"F05":  {"optimist": optimist, "wrong": wrong, "stubborn": stubborn},
	"F06":  {"frozen": frozen},
	"F07":  {"hasty": hasty},
	"F08":  {"optimist": optimist, "wrong": wrong},
	"F09":  {"deaf": deaf, "optimist": optimist},
	"F10":  {"hasty": hasty},
	"F10b": {"hasty": hasty},
	"F11":  {"optimist": optimist},
	"F12":  {"optimist": optimist},
	"F13":  {"optimist": optimist},
	"F14":  {"optimist": optimist},
	"F15":  {"optimist": optimist},
	"F16":  {"optimist": optimist},
	"F17":  {"hasty": hasty},
	"F18":  {"hasty": hasty},
	"F19":  {"stubborn": stubborn},
	"F20":  {"hasty": hasty},
	"F21":  {"spendthrift": spendthrift, "hasty": hasty},
	"F22":  {"stubborn": stubborn, "wrong": wrong},
	"F23":  {"optimist": optimist},
	"F24":  {"follower": follower, "optimist": optimist},
	"F25":  {"stubborn": stubborn},
	"F27":  {"insistent": insistent, "optimist": optimist},
	"F28":  {"stale": stale},
	"F30":  {"nameless": nameless, "stubborn": stubborn},
	"F31":  {"hasty": hasty, "frozen": frozen},
	"F33":  {"deaf": deaf},
	"F34":  {"forgetful": forgetful, "leaky": leaky},
	"F35":  {"sleepy": sleepy, "nameless": nameless},
	"F36":  {"crowd": crowd, "optimist": optimist},
	"F37":  {"leaky": leaky},
	"F39":  {"stubborn": stubborn},
	"F43":  {"careless": careless},
	"F45":  {"content": content},
	"F50":  {"content": content},
	"F50b": {"optimist": optimist},
	"F51":  {"frozen": frozen},
	"F52":  {"optimist": optimist, "nameless": nameless},
	"T01": {
		"talkative": talkative, "chatty": chatty, "murmuring": murmuring, "halving": halving, "measuring": measuring, "tracing": tracing, "buried": buried,
	},
}

// noticedInStreams are the rows that only streams have, or that are worth a second look there.
var noticedInStreams = map[string]map[string]sabotage{
	"F32": {"deaf": deaf},
	"F33": {"deaf": deaf},
	"F41": {"twice": twice},
	"F23": {"optimist": optimist},
}

func TestMain(m *testing.M) {
	basetest.SetPatience(waiting - time.Second)
	os.Exit(m.Run())
}

// atOnce is how many bad clients are tried side by side: most of the time is spent waiting.
const atOnce = 8

func TestEveryRowNoticesABadClient(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	turn := make(chan struct{}, atOnce)
	for h, table := range map[*basetest.Harness]map[string]map[string]sabotage{new(documents()): noticed, new(streams()): noticedInStreams} {
		for id, bad := range table {
			for name, s := range bad {
				all.Go(func() {
					turn <- struct{}{}
					defer func() { <-turn }()
					began := time.Now()
					r := record(t, func(t testing.TB) { basetest.CheckRow(t, id, s.of(*h)) })
					if r.said() == "" || r.skipped != "" {
						t.Errorf("%s: the %s client went unnoticed (skipped: %q)", id, name, r.skipped)
					}
					t.Logf("%s of %s, %s: %.200s", id, name, time.Since(began).Round(time.Millisecond), r.said())
				})
			}
		}
	}
	all.Wait()
}

func TestAGoodClientIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"F01", "F05", "F08", "F11", "F22", "F28", "F30", "F36", "F51", "T01"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			if r := record(t, func(t testing.TB) { basetest.CheckRow(t, id, documents()) }); r.said() != "" || r.skipped != "" {
				t.Errorf("skipped %q, said %s", r.skipped, r.said())
			}
		})
	}
}

func TestAllFaultsAreListedAndEachCanFail(t *testing.T) {
	t.Parallel()
	http, held := basetest.RowsOf(basetest.HTTP), basetest.RowsOf(basetest.Held)
	for n := range 52 {
		if _, listed := http[fmt.Sprintf("F%02d", n+1)]; !listed {
			t.Errorf("F%02d is not listed", n+1)
		}
	}
	for id := range maps.Keys(http) {
		_, first := noticed[id]
		_, second := noticedInStreams[id]
		if runs := http[id] || held[id]; runs != (first || second) {
			t.Errorf("%s runs: %t; a bad client shows that it can fail: %t", id, runs, first || second)
		}
		for _, f := range []basetest.Family{basetest.HTTP, basetest.Held} {
			if reason := basetest.ReasonOf(id, f); (reason == "") != basetest.RowsOf(f)[id] || strings.ContainsAny(reason, "\n") {
				t.Errorf("%s: reason %q", id, reason)
			}
		}
	}
}

func TestASkipOfTheSourceStands(t *testing.T) {
	t.Parallel()
	h := documents()
	r := record(t, func(t testing.TB) { basetest.CheckRow(t, "F41", h) })
	if r.said() != "" || r.skipped != "skipped by the source: it only reads" {
		t.Errorf("%q, %q", r.said(), r.skipped)
	}
}
