package redshift_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
)

func TestToolsAreSuchAsEveryHostTakes(t *testing.T) {
	t.Parallel()
	c := newClient(t, fake(t).Config())
	seen := map[string]bool{}
	for _, one := range append(c.Tools(), c.Aliases()...) {
		if err := one.Check(); err != nil {
			t.Error(err)
		}
		if seen[one.Name()] || one.ReadOnly() == (one.Name() == "redshift_cancel_query") {
			t.Error(one.Name())
		}
		seen[one.Name()] = true
	}
	for _, one := range c.Tools() {
		if !strings.HasPrefix(one.Name(), "redshift_") {
			t.Error(one.Name())
		}
	}
}

func fill(server *redshifttest.Server) {
	server.Insert(
		redshift.Load{ID: "7", LoadNumber: "LN-7", CreatedAt: noon, RelayLoad: yes, Extras: map[string]any{"customer_name": "x"}},
		redshift.Stop{LoadID: "7", ID: "70", Sequence: 1, ArrivalTime: noon},
		redshift.ValidationAttempt{LoadID: "7", LoadNumber: "LN-7", Status: "Success", ProcessedAt: noon},
		redshift.CarrierFile{ID: "f1", CreatedAt: noon, Records: []redshift.CarrierRecord{{FileID: "f1", Identifier1: "LN-7"}}},
		redshift.LoadFile{Name: "a.csv", CreatedAt: noon}, redshift.LoadFileRecord{FileName: "a.csv", LoadID: "7"},
		redshift.Company{ID: "1", Name: "Acme", Permalink: "acme", Status: "approved", Active: yes},
		redshift.CompanyRelationship{CompanyID: "s", TargetCompanyID: "acme", Active: yes, Status: "live", AllowTracking: yes},
		redshift.LoadState{LoadID: "7", CarrierID: "acme", State: redshift.Awaiting, UpdatedAt: time.Now().UTC().Truncate(time.Second)})
	for i := range 2500 {
		server.Insert(redshift.LoadEvent{TrackingID: "7", Status: "ping", UpdateTime: noon.Add(time.Duration(i/3) * time.Second)})
	}
}

func TestARemoteClientGivesTheSameAnswers(t *testing.T) {
	t.Parallel()
	server := fake(t)
	fill(server)
	c := newClient(t, server.Config())
	remote := redshift.Remote(tool.Set(c.Tools()))
	ctx := t.Context()
	same := func(what string, want any, wantErr error, got any, gotErr error) {
		t.Helper()
		diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(base.Stats{}), cmpopts.EquateEmpty())
		if diff != "" || errors.Is(wantErr, base.ErrTruncated) != errors.Is(gotErr, base.ErrTruncated) || (wantErr == nil) != (gotErr == nil) {
			t.Errorf("%s: %v %v %.600s", what, wantErr, gotErr, diff)
		}
	}
	for _, limit := range []int{0, 10, 1500, -1} {
		q := redshift.EventsQuery{TrackingID: "7", Window: day, Limit: limit}
		want, wantErr := base.Collect(c.LoadEvents(ctx, q))
		got, gotErr := base.Collect(remote.LoadEvents(ctx, q))
		same("events", want, wantErr, got, gotErr)
	}
	{
		a, e := c.Load(ctx, "7")
		b, f := remote.Load(ctx, "7")
		same("load", a, e, b, f)
	}
	{
		a, e := c.FindLoads(ctx, redshift.LoadsQuery{Numbers: []string{"LN-7"}})
		b, f := remote.FindLoads(ctx, redshift.LoadsQuery{Numbers: []string{"LN-7"}})
		same("find", a, e, b, f)
	}
	{
		a, e := c.Stops(ctx, "7")
		b, f := remote.Stops(ctx, "7")
		same("stops", a, e, b, f)
	}
	{
		a, e := c.ValidationAttempts(ctx, redshift.AttemptsQuery{TrackingID: "7"})
		b, f := remote.ValidationAttempts(ctx, redshift.AttemptsQuery{TrackingID: "7"})
		same("attempts", a, e, b, f)
	}
	{
		a, e := c.CarrierFiles(ctx, redshift.CarrierFilesQuery{Identifiers: []string{"LN-7"}})
		b, f := remote.CarrierFiles(ctx, redshift.CarrierFilesQuery{Identifiers: []string{"LN-7"}})
		same("carrier files", a, e, b, f)
	}
	{
		a, e := c.LoadFiles(ctx, "7")
		b, f := remote.LoadFiles(ctx, "7")
		same("load files", a, e, b, f)
	}
	{
		a, e := c.FindCompanies(ctx, redshift.CompaniesQuery{Words: "acme"})
		b, f := remote.FindCompanies(ctx, redshift.CompaniesQuery{Words: "acme"})
		same("companies", a, e, b, f)
	}
	{
		a, e := c.Relationship(ctx, "s", "acme")
		b, f := remote.Relationship(ctx, "s", "acme")
		same("relationship", a, e, b, f)
	}
	{
		a, e := c.SimilarStuckLoads(ctx, redshift.StuckQuery{Carrier: "acme"})
		b, f := remote.SimilarStuckLoads(ctx, redshift.StuckQuery{Carrier: "acme"})
		same("stuck", a, e, b, f)
	}
	{
		a, e := c.Tables(ctx, "platform")
		b, f := remote.Tables(ctx, "platform")
		same("tables", a, e, b, f)
	}
	if _, err := remote.Company(ctx, "nobody"); !errors.Is(err, base.ErrNotFound) {
		t.Error(err)
	}
	if _, err := remote.Load(ctx, "x"); !errors.Is(err, base.ErrInvalid) {
		t.Error(err)
	}
}

// afar calls tools as a server elsewhere does, which knows nothing of the context's values.
type afar struct{ tools tool.Set }

func (a afar) CallTool(_ context.Context, name string, args json.RawMessage) (json.RawMessage, error) {
	return a.tools.CallTool(context.Background(), name, args)
}

func TestARemoteClientTellsWhatItsAnswersSayOfThemselves(t *testing.T) {
	t.Parallel()
	server := fake(t)
	fill(server)
	c := newClient(t, server.Config())
	for name, remote := range map[string]*redshift.RemoteClient{"here": redshift.Remote(tool.Set(c.Tools())), "afar": redshift.Remote(afar{c.Tools()})} {
		for what, ask := range map[string]func(context.Context) error{
			"Load":    func(ctx context.Context) error { _, err := remote.Load(ctx, "7"); return err },
			"Company": func(ctx context.Context) error { _, err := remote.Company(ctx, "acme"); return err },
			"Stops":   func(ctx context.Context) error { _, err := remote.Stops(ctx, "7"); return err },
			"FindLoads": func(ctx context.Context) error {
				_, err := remote.FindLoads(ctx, redshift.LoadsQuery{IDs: []string{"7"}})
				return err
			},
			"ValidationAttempts": func(ctx context.Context) error {
				_, err := remote.ValidationAttempts(ctx, redshift.AttemptsQuery{TrackingID: "7"})
				return err
			},
			"LoadEvents": func(ctx context.Context) error {
				_, err := remote.LoadEventsPage(ctx, redshift.EventsQuery{TrackingID: "7", Window: day, Limit: 3}, "")
				return err
			},
		} {
			var stats base.Stats
			if err := ask(base.WithStats(t.Context(), &stats)); err != nil || stats.Age != 10*time.Minute || len(stats.Notes) == 0 || stats.Calls != 1 || stats.Op != what {
				t.Errorf("%s, %s: %+v, %v", name, what, stats, err)
			}
		}
	}
}

func TestAStatementIsATool(t *testing.T) {
	t.Parallel()
	server := fake(t)
	fill(server)
	server.Create("public.odd", []redshifttest.Column{{Name: "v", Type: "double precision"}, {Name: "b", Type: "bytea"}}, []any{0.5, []byte{0xff}}, []any{"NaN", nil})
	set := tool.Set(newClient(t, server.Config()).Tools())
	out, err := redshift.QuerySQL.Call(t.Context(), set, redshift.QueryInput{SQL: "SELECT status FROM tracking_update_v3s WHERE tracking_id = $1", Args: []any{7}, Limit: 3})
	if err != nil || out.Outcome != base.Truncated || len(out.Items) != 3 || !slices.Equal(out.Columns, []string{"status"}) || len(out.Stats.Notes) == 0 {
		t.Error(out, err)
	}
	out, err = redshift.QuerySQL.Call(t.Context(), set, redshift.QueryInput{SQL: "SELECT * FROM odd"})
	if err != nil || len(out.Items) != 2 || out.Items[1]["v"] != "NaN" || out.Items[0]["b"] != "/w==" {
		t.Error(out, err)
	}
	if _, err := redshift.QuerySQL.Call(t.Context(), set, redshift.QueryInput{SQL: "SELECT 1; SELECT 2"}); !errors.Is(err, base.ErrInvalid) {
		t.Error(err)
	}
}

func TestTheOlderToolsAreKept(t *testing.T) {
	t.Parallel()
	server := fake(t)
	fill(server)
	set := tool.Set(newClient(t, server.Config()).Aliases())
	for name, args := range map[string]string{
		"query_redshift":            `{"sql":"SELECT load_number FROM fact_loads","schema":"platform"}`,
		"query":                     `{"sql":"SELECT load_number FROM platform.fact_loads"}`,
		"list_tables":               `{"schema":"platform"}`,
		"describe_table":            `{"table_name":"fact_loads","schema":"platform"}`,
		"get_recent_data":           `{"table_name":"platform.fact_loads","limit":5}`,
		"get_load_metadata":         `{"tracking_id":"7"}`,
		"get_company":               `{"permalink":"acme"}`,
		"get_network_relationships": `{"shipper_id":"s","carrier_id":"acme"}`,
		"query_load_files":          `{"tracking_id":"7"}`,
	} {
		want := map[string]string{"list_tables": "fact_stops", "describe_table": "load_number", "get_company": "Acme", "get_network_relationships": "RELATIONSHIP_OK", "query_load_files": "a.csv"}[name]
		if want == "" {
			want = "LN-7"
		}
		answer, err := set.CallTool(t.Context(), name, []byte(args))
		if err != nil || !strings.Contains(string(answer), want) {
			t.Errorf("%s: %s %v", name, answer, err)
		}
	}
	if len(set) != 9 {
		t.Errorf("%d aliases", len(set))
	}
}

func TestOnlyAllowedSchemasAreBrowsed(t *testing.T) {
	t.Parallel()
	server := fake(t)
	cfg := server.Config()
	cfg.Schemas = []string{"platform"}
	c := newClient(t, cfg)
	if schemas, err := c.Schemas(t.Context()); err != nil || len(schemas) != 1 {
		t.Error(schemas, err)
	}
	if tables, err := c.Tables(t.Context(), ""); err != nil || len(tables) != 2 {
		t.Error(tables, err)
	}
	for _, err := range []error{
		func() error { _, err := c.Tables(t.Context(), "hadoop"); return err }(),
		func() error { _, err := c.DescribeTable(t.Context(), "hadoop.load_validation_data_mart"); return err }(),
		func() error { _, err := c.RecentRows(t.Context(), "public.load_states", 1); return err }(),
	} {
		if e, _ := errors.AsType[*base.Error](err); e == nil || e.Kind != base.KindPermission || !strings.Contains(e.Hint, "platform") {
			t.Error(err)
		}
	}
	if _, err := c.DescribeTable(t.Context(), "load_states"); base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "platform") {
		t.Error(err)
	}
}
