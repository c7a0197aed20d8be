package logquery_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/internal/logquery"
)

func TestAQuestionComesBackFromItsForm(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	whole := logs.Query{
		Window: base.Window{From: noon, To: noon.Add(time.Hour)}, Services: []string{"cart"}, MinSeverity: logs.SeverityWarn,
		Contains: []string{"timeout"}, NotContains: []string{"retry"}, Regexp: "time.*out",
		Attributes: map[string]string{"order": "7"}, Resources: map[string]string{"host": "a"},
		TraceID: "t", SpanID: "s", TrackingID: "1", CorrelationID: "c", RecordUUID: "r", Order: logs.OldestFirst, Limit: 5,
	}
	for v, i := reflect.ValueOf(whole), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not tried", v.Type().Field(i).Name)
		}
	}
	for _, q := range []logs.Query{{}, whole} {
		form := logquery.FormOf(q, "here")
		if form.Cursor != "here" {
			t.Errorf("the cursor is %q", form.Cursor)
		}
		got, err := form.Query()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(q, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAnUnknownSeverityIsRefusedByItsField(t *testing.T) {
	t.Parallel()
	_, err := logquery.Form{MinSeverity: "loud"}.Query()
	if err == nil || !strings.Contains(err.Error(), `min_severity: "loud" is not known; write TRACE`) {
		t.Error(err)
	}
}
