package archive_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/history"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/internal/archive"
)

var window = base.Window{From: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC)}

func TestAQuestionComesBackFromItsTool(t *testing.T) {
	t.Parallel()
	callbacks := history.CallbacksOptions{
		Window: window, TrackingID: "1", LoadNumber: "2", CompanyID: "3", MessageType: "4", Delivery: history.NotDelivered, OldestFirst: true, Limit: 5,
	}
	in := archive.CallbacksInput(callbacks, "here")
	if diff := cmp.Diff(callbacks, archive.CallbacksOptions(in)); diff != "" || in.Cursor != "here" {
		t.Errorf("%q %s", in.Cursor, diff)
	}
	files := history.FilesOptions{Window: window, TrackingID: "1", OldestFirst: true, Limit: 5}
	if diff := cmp.Diff(files, archive.FilesOptions(archive.FilesInput(files))); diff != "" {
		t.Error(diff)
	}
	query := logs.Query{Window: window, Services: []string{"a"}, MinSeverity: logs.SeverityError, Attributes: map[string]string{"b": "c"}, Limit: 5}
	got, err := archive.LogsQuery(archive.LogsInput(query, "here"))
	if diff := cmp.Diff(query, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, limit := range []int{0, -1, 1 << 30} { // a tool has a limit always
		if in := archive.FilesInput(history.FilesOptions{Limit: limit}); in.Limit <= 0 || archive.CheckLimit(in.Limit) != nil {
			t.Errorf("limit %d became %d", limit, in.Limit)
		}
	}
}

func TestOlderNamesTakeRangesOfDays(t *testing.T) {
	t.Parallel()
	if in, err := archive.Files("s", history.RangeInput{TrackingID: "1", DateRange: "2025-01-01..2025-01-01"}); err != nil || in.Window != window || in.TrackingID != "1" {
		t.Errorf("%+v %v", in, err)
	}
	if in, err := archive.Logs("s", history.LogsAliasInput{Service: "a", Severity: "ERROR", DateRange: "2025-01-01..2025-01-01"}); err != nil || in.Window != window || len(in.Services) != 1 || in.MinSeverity != "ERROR" {
		t.Errorf("%+v %v", in, err)
	}
	_, noID := archive.Callbacks("s", history.RangeInput{DateRange: "7d"})
	_, noDays := archive.Callbacks("s", history.RangeInput{TrackingID: "1", DateRange: "soon"})
	_, noFiles := archive.Files("s", history.RangeInput{DateRange: "soon"})
	_, noLogs := archive.Logs("s", history.LogsAliasInput{DateRange: "soon"})
	for want, err := range map[string]error{
		"s: query_callbacks: invalid: tracking_id": noID, "s: query_callbacks: invalid: date_range": noDays,
		"s: query_load_files: invalid: date_range": noFiles, "s: query_logs: invalid: date_range": noLogs,
	} {
		if !errors.Is(err, base.ErrInvalid) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestAListOfFilesIsAPageAndBack(t *testing.T) {
	t.Parallel()
	list := func(_ context.Context, o history.FilesOptions) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			if yield("a", nil) && o.Limit == 1 {
				yield("", base.NewIncomplete(base.Truncated, "s", "Files", 1, "more match", nil))
			}
		}
	}
	refused := errors.New("refused")
	page := archive.Listed(func(error) error { return refused }, list)
	if _, err := page(t.Context(), history.FilesInput{Limit: -1}); !errors.Is(err, refused) {
		t.Errorf("limit -1: %v", err)
	}
	for limit, cut := range map[int]bool{1: true, 2: false} {
		all, err := base.Collect(archive.Given("s", func() (base.Page[string], error) { return page(t.Context(), history.FilesInput{Limit: limit}) }))
		if len(all) != 1 || errors.Is(err, base.ErrTruncated) != cut || !cut && err != nil {
			t.Errorf("limit %d: %q, %v", limit, all, err)
		}
	}
	failed := errors.New("failed")
	for _, err := range archive.Given("s", func() (base.Page[string], error) { return base.Page[string]{}, failed }) {
		if !errors.Is(err, failed) {
			t.Error(err)
		}
		break
	}
}
