package fkapi_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

func TestACursorServesItsOwnQuestionOnly(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 45)
	client := tracking(t, server, nil)
	first, err := client.SearchLoadsPage(bounded(t), fkapi.SearchOptions{Shipper: "acme"}, "")
	if err != nil || first.Cursor == "" {
		t.Fatalf("%+v, %v", first, err)
	}
	asked := len(server.Requests())
	for name, cursor := range map[string]string{"of another question": first.Cursor, "not one": "bm9uZQ"} {
		page, err := client.SearchLoadsPage(bounded(t), fkapi.SearchOptions{Shipper: "other"}, cursor)
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "cursor: "+name) || page.Outcome != base.Failed {
			t.Errorf("%s: %s, %v", name, page.Outcome, err)
		}
	}
	if got := len(server.Requests()); got != asked {
		t.Errorf("%d requests were sent", got-asked)
	}
}

func TestTheLastPageSaysWhetherAllThatWasAnnouncedCame(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		replies []fkapitest.Reply
		want    base.Outcome
	}{
		"all came":      {[]fkapitest.Reply{page(1, 3, 5, 1, 2), page(2, 3, 5, 3, 4), page(3, 3, 5, 5)}, base.Data},
		"one is gone":   {[]fkapitest.Reply{page(1, 3, 6, 1, 2), page(2, 3, 6, 3, 4), page(3, 3, 6, 5)}, base.Partial},
		"it was shrunk": {[]fkapitest.Reply{page(1, 3, 6, 1, 2), page(2, 3, 6, 3, 4), page(3, 3, 5, 5)}, base.Partial},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.ReplyTo(searchTarget, tc.replies...)
			client := tracking(t, server, nil)
			var last base.Page[fkapi.Load]
			var stats base.Stats
			ctx := base.WithStats(bounded(t), &stats)
			for i := range tc.replies {
				var err error
				if last, err = client.SearchLoadsPage(ctx, fkapi.SearchOptions{PerPage: 2}, last.Cursor); err != nil {
					t.Fatal(err)
				}
				if i < 2 && (last.Outcome != base.Data || !last.More || last.Stats.Rows != 2) {
					t.Errorf("page %d: %s, more %t, %d rows", i+1, last.Outcome, last.More, last.Stats.Rows)
				}
			}
			if last.Outcome != tc.want || last.More || last.Stats.Rows != 1 || last.Stats.BytesRead == 0 {
				t.Errorf("%s, more %t, stats %+v", last.Outcome, last.More, last.Stats)
			}
			if noted := len(last.Stats.Notes) > 0; noted != (tc.want == base.Partial) {
				t.Errorf("notes %v", last.Stats.Notes)
			}
			if stats.Rows != 5 || stats.Calls != 3 {
				t.Errorf("the caller's stats %+v", stats)
			}
		})
	}
}

func TestAListThatWasCutGoesOnBehindItsLastLoad(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]fkapitest.Option{nil, {fkapitest.WithSearchAfter()}} {
		server := newServer(t, opts...)
		addLoads(server, 45)
		client := tracking(t, server, nil)
		o := fkapi.SearchOptions{Limit: 20} // the cut falls between two pages
		first, err := base.Collect(client.SearchLoads(bounded(t), o))
		cut, ok := errors.AsType[*base.IncompleteError](err)
		if !ok || len(first) != 20 || cut.Seen != 20 {
			t.Fatalf("%d loads, %v", len(first), err)
		}
		rest, err := client.SearchLoadsPage(bounded(t), o, cut.Cursor)
		if err != nil || len(rest.Items) != 20 || rest.Items[0].LoadNumber != "LOAD025" {
			t.Errorf("goes on with %s, %v", ids(rest.Items), err)
		}
	}
}

// sent is what a search asked for, in the service's words.
type sent struct {
	Page        int             `json:"page"`
	Duration    int             `json:"duration"`
	SearchAfter json.RawMessage `json:"search_after"`
}

func bodies(t *testing.T, server *fkapitest.Server) []sent {
	t.Helper()
	var all []sent
	for _, r := range server.Requests() {
		var one sent
		if err := json.Unmarshal(r.Body, &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

func TestAPlaceBehindALoadIsNotCountedInPages(t *testing.T) {
	t.Parallel()
	server := newServer(t, fkapitest.WithSearchAfter())
	addLoads(server, 45)
	if _, err := base.Collect(tracking(t, server, nil).SearchLoads(bounded(t), fkapi.SearchOptions{})); err != nil {
		t.Fatal(err)
	}
	for i, b := range bodies(t, server) {
		if b.Page != 1 || (b.SearchAfter == nil) != (i == 0) {
			t.Errorf("request %d: page %d, search_after %s", i+1, b.Page, b.SearchAfter)
		}
	}
}

func TestTheDaysThatAreAskedForReachBeyondTheWindow(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	now := time.Now()
	window := base.Window{From: now.Add(-36 * time.Hour), To: now}
	page, err := tracking(t, server, nil).FilterLoadsPage(bounded(t), fkapi.LoadsFilter{Created: window}, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := bodies(t, server)[0].Duration; got != 3 {
		t.Errorf("%d days, want two for a day and a half and one of reserve", got)
	}
	if diff := cmp.Diff(window, page.Stats.Asked); diff != "" {
		t.Error(diff)
	}
}

func TestAnInstantKeepsItsZoneAndItsFraction(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"2025-01-02T08:34:05.5+05:30"`: "2025-01-02T08:34:05.5+05:30",
		`1735787045000`:                 "2025-01-02T03:04:05Z",
		`1735787045.25`:                 "2025-01-02T03:04:05.25Z",
		`"1735787045.123456789"`:        "2025-01-02T03:04:05.123456789Z",
	} {
		if got := decode(t, `{"createdAt":`+text+`}`).CreatedAt.Format(time.RFC3339Nano); got != want {
			t.Errorf("%s is read as %s, want %s", text, got, want)
		}
	}
}

func TestARefusalInsideA200CarriesItsOwnStatus(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.ReplyTo("/api/v1/tracking", fkapitest.Reply{Body: `{"statusCode":403,"message":"no"}`})
	_, err := tracking(t, server, nil).Load(bounded(t), "1")
	if e, ok := errors.AsType[*base.Error](err); !ok || e.Code != "403" || e.Kind != base.KindPermission {
		t.Errorf("got %v", err)
	}
}
