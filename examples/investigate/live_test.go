package main

import (
	"context"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
	"github.com/fourkites/sources/graph/graphtest"
	"github.com/fourkites/sources/trino/trinotest"
)

const liveID = "482900111"

// live is servers that hold a load that is stuck since two hours, and the variables that name them.
type live struct {
	clickhouse *clickhousetest.Server
	env        map[string]string
}

func startLive(t *testing.T) live {
	t.Helper()
	api, click := fkapitest.NewServer(), clickhousetest.NewServer()
	t.Cleanup(api.Close)
	t.Cleanup(click.Close)
	if err := click.Err(); err != nil {
		t.Fatal(err)
	}
	created, yes := time.Now().Add(-2*time.Hour).UTC().Truncate(time.Second), true
	api.AddLoad(fkapi.Load{
		ID: liveID, LoadNumber: "LP20417", Status: fkapi.StatusAwaitingTrackingInfo, CreatedAt: created,
		Shipper: fkapi.Party{ID: "acme"}, Carrier: fkapi.Party{ID: "swift"},
	})
	api.AddCompany(fkapi.Company{Permalink: "acme"}, fkapi.Company{Permalink: "swift"})
	api.AddRelationship("acme", fkapi.Relationship{ID: "70412", Status: "pending", Active: &yes, AllowTracking: &yes, Target: fkapi.Company{Permalink: "swift"}})
	click.Insert(logs.Record{
		Time: created.Add(time.Minute), Service: "assigner", Severity: logs.SeverityWarn, SeverityText: "WARN",
		Body: "load " + liveID + " not assigned: relationship 70412 is not live",
	})
	return live{click, map[string]string{
		"FK_API_APP_ID": fkapitest.AppID, "FK_API_SECRET": fkapitest.Secret, "TRACKING_API_BASE_URL": api.URL, "COMPANY_API_BASE_URL": api.URL,
		"CLICKHOUSE_ADDRESSES": click.Addr(),
	}}
}

// only are the variables that begin so.
func (l live) only(prefixes ...string) map[string]string {
	some := map[string]string{}
	for name, value := range l.env {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			some[name] = value
		}
	}
	return some
}

func TestARealLoadIsExplained(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	got := tryWith(t, t.Context(), l.env, "-load", liveID)
	if got.code != 0 || strings.Contains(got.stdout+got.stderr, "Demo") {
		t.Fatalf("exit %d: %s\n%s", got.code, got.stderr, got.stdout)
	}
	for _, want := range []string{
		"# Load LP20417, tracking id 482900111\n\n**Load 482900111 waits for tracking info: relationship 70412 is not live",
		"What to do: Set relationship 70412 to live", "`assigner`", "clickhouse (data)", "not asked, NEO4J",
	} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("no %q in\n%s", want, got.stdout)
		}
	}
	wellFormed(t, got.stdout)
	r := decode(t, tryWith(t, t.Context(), l.env, "-load", liveID, "-format", "json").stdout)
	if r.Verdict != "fault" || len(r.Causes) != 1 || r.Causes[0].Service != "assigner" || r.Demo != "" {
		t.Errorf("%+v", r)
	}
}

func TestARealLoadIsExplainedByOneSourceAlone(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	for name, test := range map[string]struct {
		env     map[string]string
		skipped []string
	}{
		"the API":    {l.only("FK_", "TRACKING_", "COMPANY_"), []string{"logs (skipped)", "traces (skipped)"}},
		"ClickHouse": {l.only("CLICKHOUSE_"), []string{"loads (skipped)", "network (skipped)"}},
	} {
		got := tryWith(t, t.Context(), test.env, "-load", liveID)
		if got.code != 0 || !strings.Contains(got.stdout, "**Not everything was looked at**") || !strings.Contains(got.stderr, "not asked") {
			t.Errorf("%s: exit %d: %s\n%s", name, got.code, got.stderr, got.stdout)
		}
		for _, want := range test.skipped {
			if !strings.Contains(got.stdout, want) {
				t.Errorf("%s: no %q in\n%s", name, want, got.stdout)
			}
		}
	}
}

// A ticket may be older than ClickHouse keeps its logs: then the stores of history answer, one behind the other.
func TestARealLoadIsExplainedWithOlderLogsAndItsCode(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", athenatest.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", athenatest.SecretKey)
	l := startLive(t)
	past, further, code := trinotest.NewServer(), athenatest.NewServer(), graphtest.NewServer()
	t.Cleanup(past.Close)
	t.Cleanup(further.Close)
	t.Cleanup(code.Close)
	if err := code.Load([]byte(`{"repo": "acme/assigner", "services": {"assigner": 1}, "classes": [{"service": "assigner", "path": "app/assign.rb",
		"class": "Assign", "methods": [{"name": "perform", "line": 3, "end": 30}]}]}`)); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Minute)
	l.clickhouse.Insert(logs.Record{
		Time: at, Service: "assigner", Severity: logs.SeverityWarn, SeverityText: "WARN",
		Body: "Assign#7 load " + liveID + " not assigned: relationship 70412 is not live",
	})
	host, port, err := net.SplitHostPort(past.Addr())
	if err != nil {
		t.Fatal(err)
	}
	settings := code.Config()
	maps.Copy(l.env, map[string]string{
		"TRINO_HOST": host, "TRINO_PORT": port, "TRINO_USER": trinotest.User, "TRINO_PLAINTEXT": "true", "TRINO_PROXY": "none",
		"ATHENA_REGION": athenatest.Region, "ATHENA_ENDPOINT": further.URL(), "ATHENA_S3_ENDPOINT": further.S3URL(),
		"ATHENA_OUTPUT_LOCATION": further.Config().OutputLocation, "ATHENA_PROXY": "none",
		"NEO4J_URI": settings.URI, "NEO4J_USERNAME": graphtest.DefaultUser, "NEO4J_PASSWORD": graphtest.DefaultPassword, "NEO4J_PLAINTEXT": "true",
	})
	got := tryWith(t, t.Context(), l.env, "-load", liveID)
	if got.code != 0 || strings.Contains(got.stderr, "not asked") {
		t.Fatalf("exit %d: %s\n%s", got.code, got.stderr, got.stdout)
	}
	for _, want := range []string{"logs (data)", "clickhouse (", "graph (data)", "`Assign#perform` of `assigner`"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("no %q in\n%s", want, got.stdout)
		}
	}
	if strings.Contains(got.stdout, "NEO4J_URI") {
		t.Errorf("the code graph is said to be absent\n%s", got.stdout)
	}
}

func TestEveryMissingVariableIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		env  map[string]string
		want []string
	}{
		{nil, []string{"-load needs a source", "FK_API_APP_ID", "FK_API_SECRET", "TRACKING_API_BASE_URL", "COMPANY_API_BASE_URL", "CLICKHOUSE_HOST"}},
		{
			map[string]string{"FK_API_APP_ID": "demo", "CLICKHOUSE_USER": "u", "CLICKHOUSE_PORT": "no"},
			[]string{"FK_API_SECRET: missing", "TRACKING_API_BASE_URL: missing", "COMPANY_API_BASE_URL: missing", "CLICKHOUSE_HOST: missing", "CLICKHOUSE_PORT: "},
		},
		{map[string]string{"CLICKHOUSE_HOST": "https://h/x"}, []string{"CLICKHOUSE_HOST: it must be"}},
		{
			map[string]string{"TRINO_PORT": "no", "ATHENA_OUTPUT_LOCATION": "here", "NEO4J_USERNAME": "u"},
			[]string{"TRINO_PORT: ", "ATHENA_OUTPUT_LOCATION: ", "NEO4J_URI: missing"},
		},
		{map[string]string{"NEO4J_URI": "bolt://127.0.0.1:1", "NEO4J_PLAINTEXT": "true"}, []string{"-load needs a source"}},
	} {
		got := tryWith(t, t.Context(), test.env, "-load", liveID)
		for _, want := range test.want {
			if got.code != 2 || got.stdout != "" || !strings.Contains(got.stderr, want) {
				t.Errorf("exit %d, no %q in %s", got.code, want, got.stderr)
			}
		}
	}
}

func TestAReportOfARealLoadIsPrintedThoughItsTimeIsOver(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	l.clickhouse.Fail(fault.Silent(), -1)
	got := tryWith(t, t.Context(), l.env, "-load", liveID, "-timeout", "1s")
	if got.code != 1 || !strings.Contains(got.stdout, "relationship 70412 is not live") || !strings.Contains(got.stdout, "clickhouse (failed)") {
		t.Errorf("exit %d\n%s", got.code, got.stdout)
	}
	if !strings.Contains(got.stderr, "not done within 1s; give more time with -timeout") {
		t.Error(got.stderr)
	}
}

func TestAnUnknownLoadAndAnInterruptHaveNoReport(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for want, got := range map[string]outcome{
		"no source knows the load with tracking id 7": tryWith(t, t.Context(), l.env, "-load", "7"),
		"interrupted: ": tryWith(t, canceled, l.env, "-load", liveID),
	} {
		if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, want) {
			t.Errorf("exit %d, stdout %q, stderr %s", got.code, got.stdout, got.stderr)
		}
	}
}
