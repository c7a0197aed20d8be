package clickhouse

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheSchemaIsProbedOnceByAllWhoAskAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var probe schemaProbe
		var calls atomic.Int32
		release := make(chan struct{})
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				s, err := probe.get(t.Context(), func(context.Context) (*schema, error) {
					calls.Add(1)
					<-release
					return &schema{lineage: LineageFresh}, nil
				})
				if err != nil || s.lineage != LineageFresh {
					t.Error(s, err)
				}
			})
		}
		synctest.Wait()
		close(release)
		all.Wait()
		if calls.Load() != 1 {
			t.Errorf("%d probes", calls.Load())
		}
	})
}

func TestAFailedProbeIsTriedAgain(t *testing.T) {
	t.Parallel()
	var probe schemaProbe
	refused := errors.New("refused")
	if _, err := probe.get(t.Context(), func(context.Context) (*schema, error) { return nil, refused }); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	if s, err := probe.get(t.Context(), func(context.Context) (*schema, error) { return legacy, nil }); s != legacy || err != nil {
		t.Error(s, err)
	}
}

func TestTheLineageIsReadFromColumnsAndIndexes(t *testing.T) {
	t.Parallel()
	at := columnRow{"distributed_logs_v2", "timestamp", "UInt64"}
	retention := columnRow{"distributed_logs_v2", "_retention_days", "UInt16"}
	route := columnRow{"distributed_logs_v2", "attribute_string_http$$route", "String"}
	exists := columnRow{"distributed_logs_v2", "attribute_string_http$$route_exists", "Bool"}
	for name, test := range map[string]struct {
		tables  Tables
		columns []columnRow
		indexes []nameRow
		lineage Lineage
		words   bool
		nanos   bool
	}{
		"fresh":         {Tables{}, []columnRow{at, retention}, []nameRow{{"body_index_v2_token"}}, LineageFresh, true, true},
		"legacy":        {Tables{}, []columnRow{at}, []nameRow{{"body_idx"}}, LineageLegacy, false, true},
		"hidden":        {Tables{}, nil, nil, LineageLegacy, false, true},
		"no indexes":    {Tables{}, []columnRow{at, retention}, nil, LineageFresh, true, true},
		"set by Config": {Tables{Lineage: LineageFresh}, nil, nil, LineageFresh, true, true},
		"DateTime64":    {Tables{}, []columnRow{{"distributed_logs_v2", "timestamp", "DateTime64(9)"}}, nil, LineageLegacy, false, false},
	} {
		got := readSchema(test.tables.withDefaults(), test.columns, test.indexes, nil)
		if got.lineage != test.lineage || got.words != test.words || got.nanos != test.nanos {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := readSchema(defaultTables, []columnRow{route, exists}, nil, nil); !got.materialized["attribute_string_http$$route"] {
		t.Error("an attribute with a column of its own was not found")
	}
	if got := readSchema(defaultTables, []columnRow{route}, nil, nil); len(got.materialized) != 0 {
		t.Error("a column without its _exists cannot be told from an absent attribute")
	}
}

func TestNamesOfTablesAreChecked(t *testing.T) {
	t.Parallel()
	if err := (Tables{}).Validate(); err != nil {
		t.Error(err)
	}
	err := Tables{
		Logs: "a.b.c", Spans: "x`; DROP", LogColumns: LogColumns{Body: "-", ID: "a\nb", SpanID: "-"}, Lineage: "old", Retention: -1,
	}.Validate()
	for _, field := range []string{"tables.logs:", "tables.spans:", "tables.log_columns.body:", "tables.log_columns.id:", "tables.lineage:", "tables.retention:"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not reported: %v", field, err)
		}
	}
	if strings.Contains(err.Error(), "span_id") {
		t.Error(err)
	}
}

func TestTheSchemaIsLookedAtAgainAfterALife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var probe schemaProbe
		answers := []*schema{legacy, fresh}
		ask := func(context.Context) (*schema, error) {
			if len(answers) == 0 {
				return nil, errors.New("away")
			}
			s := answers[0]
			answers = answers[1:]
			return s, nil
		}
		for _, step := range []struct {
			after time.Duration
			want  *schema
		}{{0, legacy}, {schemaLife - time.Second, legacy}, {2 * time.Second, fresh}, {2 * schemaLife, fresh}} {
			time.Sleep(step.after)
			if s, err := probe.get(t.Context(), ask); s != step.want || err != nil {
				t.Errorf("after %s: %v %v", step.after, s, err)
			}
		}
	})
}
