package fkapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

const searchTarget = "/api/v1/tracking/search"

func ids(loads []fkapi.Load) string {
	var all []string
	for _, l := range loads {
		all = append(all, l.ID)
	}
	return strings.Join(all, " ")
}

func page(number, pages, count int, loads ...int) fkapitest.Reply {
	rows := make([]string, 0, len(loads))
	for _, id := range loads {
		rows = append(rows, fmt.Sprintf(`{"id":%d}`, id))
	}
	return fkapitest.Reply{Body: fmt.Sprintf(`{"statusCode":200,"loads":[%s],"pagination":{"page":%d,"totalPages":%d,"count":%d}}`,
		strings.Join(rows, ","), number, pages, count)}
}

func TestSearchYieldsEveryLoadOnceNewestFirst(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]fkapitest.Option{nil, {fkapitest.WithSearchAfter()}} {
		server := newServer(t, opts...)
		addLoads(server, 45)
		var stats base.Stats
		all, err := base.Collect(tracking(t, server, nil).SearchLoads(base.WithStats(bounded(t), &stats), fkapi.SearchOptions{}))
		if err != nil || len(all) != 45 || all[0].LoadNumber != "LOAD045" || all[44].LoadNumber != "LOAD001" {
			t.Fatalf("%d loads, %v", len(all), err)
		}
		if stats.Calls != 3 || stats.Attempts != 3 || stats.Rows != 45 || stats.BytesRead == 0 {
			t.Errorf("stats %+v", stats)
		}
	}
}

func TestPagesAndTheIteratorAgree(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 45)
	client := tracking(t, server, nil)
	all, err := base.Collect(client.SearchLoads(bounded(t), fkapi.SearchOptions{PerPage: 7}))
	if err != nil {
		t.Fatal(err)
	}
	paged, err := base.Collect(base.Pages(func(cursor string) (base.Page[fkapi.Load], error) {
		return client.SearchLoadsPage(bounded(t), fkapi.SearchOptions{PerPage: 7}, cursor)
	}))
	if err != nil || ids(paged) != ids(all) {
		t.Errorf("pages gave %q, %v", ids(paged), err)
	}
}

func TestListsThatDriftEndAndSaySo(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		replies []fkapitest.Reply
		ids     string
		want    error // nil: complete
	}{
		{"the total shrinks", []fkapitest.Reply{page(1, 3, 6, 1, 2), page(2, 2, 4, 3, 4)}, "1 2 3 4", base.ErrPartial},
		{"a page repeats", []fkapitest.Reply{page(1, 9, 18, 1, 2), page(2, 9, 18, 1, 2)}, "1 2", base.ErrPartial},
		{"loads move to the next page", []fkapitest.Reply{page(1, 2, 4, 1, 2), page(2, 3, 5, 2, 3), page(3, 3, 5, 4)}, "1 2 3 4", nil},
		{"an empty page in between", []fkapitest.Reply{page(1, 3, 3, 1, 2), page(2, 3, 3), page(3, 3, 3, 3)}, "1 2 3", nil},
		{"empty pages for ever", []fkapitest.Reply{
			page(1, 99, 9, 1), page(2, 99, 9), page(3, 99, 9), page(4, 99, 9), page(5, 99, 9), page(6, 99, 9), page(7, 99, 9),
		}, "1", base.ErrPartial},
		{"search_after repeats", []fkapitest.Reply{
			{Body: `{"loads":[{"id":1}],"searchAfter":["x"]}`}, {Body: `{"loads":[{"id":2}],"searchAfter":["x"]}`},
		}, "1", base.ErrPartial},
		{"the cursor expires", []fkapitest.Reply{page(1, 2, 4, 1, 2), {Status: 422, Body: `{"message":"search_after has expired"}`}}, "1 2", base.ErrPartial},
		{"loads is null", []fkapitest.Reply{{Body: `{"statusCode":200,"loads":null}`}}, "", nil},
		{"no loads at all", []fkapitest.Reply{{Body: `{"statusCode":200}`}}, "", base.ErrProtocol},
		{"a refusal inside a 200", []fkapitest.Reply{{Body: `{"statusCode":403,"message":"no"}`}}, "", base.ErrPermission},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.ReplyTo(searchTarget, tc.replies...)
			all, err := base.Collect(tracking(t, server, nil).SearchLoads(bounded(t), fkapi.SearchOptions{PerPage: 2}))
			if ids(all) != tc.ids {
				t.Errorf("got %q, want %q", ids(all), tc.ids)
			}
			if (tc.want == nil) != (err == nil) || !errors.Is(err, tc.want) {
				t.Errorf("ends with %v, want %v", err, tc.want)
			}
		})
	}
}

func TestALimitIsSaidWhereMoreMatched(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 45)
	client := tracking(t, server, nil)
	for limit, truncated := range map[int]bool{1: true, 20: true, 44: true, 45: false, 46: false, -1: false} {
		all, err := base.Collect(client.SearchLoads(bounded(t), fkapi.SearchOptions{Limit: limit}))
		if errors.Is(err, base.ErrTruncated) != truncated || (limit > 0 && limit < 45 && len(all) != limit) {
			t.Errorf("limit %d: %d loads, %v", limit, len(all), err)
		}
	}
}

func TestAFailureInTheMiddleIsPartialAndNothingIsLost(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 45)
	client := tracking(t, server, func(c *fkapi.Config) { c.Limits.Retries = -1 })
	seen := 0
	var last error
	for _, err := range client.SearchLoads(bounded(t), fkapi.SearchOptions{}) {
		if last = err; err != nil {
			break
		}
		if seen++; seen == 20 {
			server.Fail(fault.CutMidBody(), 1)
		}
	}
	incomplete, ok := errors.AsType[*base.IncompleteError](last)
	if !ok || seen != 20 || incomplete.Seen != 20 || !errors.Is(last, base.ErrPartial) || !errors.Is(last, base.ErrUnavailable) {
		t.Fatalf("%d seen, %v", seen, last)
	}
	rest, err := client.SearchLoadsPage(bounded(t), fkapi.SearchOptions{}, incomplete.Cursor)
	if err != nil || len(rest.Items) != 20 || rest.Items[0].LoadNumber != "LOAD025" {
		t.Errorf("the cursor goes on with %s, %v", ids(rest.Items), err)
	}
}

func TestSearchSendsWhatTheServiceKnows(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := tracking(t, server, nil)
	_, err := client.SearchLoadsPage(bounded(t), fkapi.SearchOptions{
		Company: "acme", LoadNumbers: []string{"A1", "B2"}, Status: fkapi.StatusDelivered, Shipper: "acme", SkipTestLoads: true, Days: 30,
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	r := server.Requests()[0]
	if r.Target != searchTarget+"?company_id=acme&locale=en" {
		t.Error(r.Target)
	}
	var got map[string]any
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"load_ids": "A1,B2", "page": 1.0, "per_page": 20.0, "sort_by": "created_at", "sort_order": "desc", "duration": 30.0,
		"tracking_status": "delivered", "shipper": "acme", "skip_test_loads": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(server.Ledger()) != 0 {
		t.Error("a search left something in the ledger")
	}
}

func TestFilterChecksWhatTheServiceAnswers(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 30)
	server.AddLoad(fkapi.Load{ID: "7", Status: fkapi.StatusDelivered, CreatedAt: created, Shipper: fkapi.Party{ID: "acme"}, Carrier: fkapi.Party{ID: "slow"}})
	client := tracking(t, server, nil)
	window := base.Window{From: created.Add(5 * time.Minute), To: created.Add(10 * time.Minute)}
	all, err := base.Collect(client.FilterLoads(bounded(t), fkapi.LoadsFilter{
		Shipper: "acme", Carrier: "swift", Status: "Awaiting Tracking Info", Created: window,
	}))
	if err != nil || len(all) != 5 || all[0].LoadNumber != "LOAD010" {
		t.Errorf("%d loads, %v", len(all), err)
	}
	first, err := client.FilterLoadsPage(bounded(t), fkapi.LoadsFilter{Created: window}, "")
	if err != nil || !first.More || first.Cursor == "" {
		t.Errorf("page %+v, %v", first, err)
	}
}
