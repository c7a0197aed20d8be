package fkapi_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

func TestALoadIsFoundByIDAndByNumber(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	addLoads(server, 3)
	client := tracking(t, server, nil)
	l, err := client.Load(bounded(t), "123456002")
	if err != nil || l.LoadNumber != "LOAD002" || l.Shipper.Name != "Acme Foods" || l.Status != fkapi.StatusAwaitingTrackingInfo {
		t.Errorf("%+v, %v", l, err)
	}
	if l, err = client.LoadByNumber(bounded(t), "LOAD003", "acme"); err != nil || l.ID != "123456003" {
		t.Errorf("%+v, %v", l, err)
	}
	var targets []string
	for _, r := range server.Requests() {
		targets = append(targets, r.Method+" "+r.Target)
	}
	if diff := cmp.Diff([]string{
		"GET /api/v1/tracking?tracking_ids=123456002&locale=en", "GET /api/v1/tracking?load_ids=LOAD003&locale=en&company_id=acme",
	}, targets); diff != "" {
		t.Error(diff)
	}
}

func TestTheNewestOfSeveralLoadsWithANumberNamesTheOthers(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddLoad(
		fkapi.Load{ID: "1", LoadNumber: "N", CreatedAt: created, Shipper: fkapi.Party{ID: "acme"}},
		fkapi.Load{ID: "2", LoadNumber: "N", CreatedAt: created.Add(time.Hour)})
	l, err := tracking(t, server, nil).LoadByNumber(bounded(t), "N", "")
	if err != nil || l.ID != "2" || len(l.Notes) != 1 || !strings.Contains(l.Notes[0], "load 1 of acme") {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestAnAbsentLoadIsNotFound(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := tracking(t, server, nil)
	_, err := client.Load(bounded(t), "404")
	wantKind(t, err, base.KindNotFound)
	_, err = client.LoadByNumber(bounded(t), "NONE", "")
	wantKind(t, err, base.KindNotFound)
	server.Fail(fault.Status(404), 1)
	_, err = client.LoadStops(bounded(t), "404")
	wantKind(t, err, base.KindNotFound)
	if !errors.Is(err, base.ErrNotFound) {
		t.Error("errors.Is does not find ErrNotFound")
	}
}

func TestAnAnswerAboutAnotherLoadIsRefused(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.ReplyTo("/api/v1/tracking", fkapitest.Reply{Body: `{"load":{"id":2}}`}, fkapitest.Reply{Body: `{"load":{"id":1,"loadNumber":"X"}}`})
	client := tracking(t, server, nil)
	_, err := client.Load(bounded(t), "1")
	wantKind(t, err, base.KindProtocol)
	if l, err := client.Load(bounded(t), "1"); err != nil || l.LoadNumber != "X" {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestTimelineIsInOrderAndTellsPlansFromEvents(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddLoad(fkapi.Load{ID: "1", CreatedAt: created, DeliveredAt: created.Add(9 * time.Hour), Stops: []fkapi.Stop{
		{Name: "B", Sequence: 2, AppointmentTime: created.Add(8 * time.Hour), ArrivalTime: created.Add(7 * time.Hour)},
		{Name: "A", Sequence: 1, DepartureTime: created.Add(2 * time.Hour)},
	}})
	client := tracking(t, server, nil)
	events, err := client.LoadTimeline(bounded(t), "1")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range events {
		text := e.Event
		if e.Expected {
			text = "(" + text + ")"
		}
		told = append(told, text+" "+e.Stop)
	}
	if diff := cmp.Diff([]string{"created ", "departed A", "arrived B", "(appointment) B", "delivered "}, told); diff != "" {
		t.Error(diff)
	}
	stops, err := client.LoadStops(bounded(t), "1")
	if err != nil || len(stops) != 2 || stops[0].Name != "A" {
		t.Errorf("%+v, %v", stops, err)
	}
}

func TestBadInputIsRefusedByFieldBeforeItIsSent(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client, companies := tracking(t, server, nil), company(t, server)
	long := strings.Repeat("9", 10_000)
	now := time.Now()
	refused := map[string][]error{}
	for _, bad := range []string{"", "1/2", "1\n2", "../x", "1 2", "١٢", long, "1\x00", "\xff"} {
		_, err := client.Load(t.Context(), bad)
		refused["tracking_id"] = append(refused["tracking_id"], err)
	}
	for _, bad := range []string{"", "A/B", "A\nB", "A,B", long, "\xff", "A\x00"} {
		_, err := client.LoadByNumber(t.Context(), bad, "")
		refused["load_number"] = append(refused["load_number"], err)
	}
	for _, bad := range []string{"", "a/b", "a\nb", "..", "a?b", "a%2fb", long} {
		_, err := companies.Company(t.Context(), bad)
		refused["permalink"] = append(refused["permalink"], err)
		_, err = companies.CheckNetwork(t.Context(), "acme", bad)
		refused["carrier"] = append(refused["carrier"], err)
	}
	for field, o := range map[string]fkapi.SearchOptions{
		"per_page": {PerPage: -1}, "days": {Days: 9999}, "sort_order": {SortOrder: "up"}, "company": {Company: "a/b"}, "sort_by": {SortBy: "a\nb"},
	} {
		_, err := base.Collect(client.SearchLoads(t.Context(), o))
		refused[field] = append(refused[field], err)
	}
	for _, w := range []base.Window{
		{From: now, To: now.Add(-time.Hour)},
		{From: now.Add(time.Hour), To: now.Add(2 * time.Hour)},
		{From: now},
		{From: now.AddDate(-30, 0, 0), To: now},
	} {
		_, err := base.Collect(client.FilterLoads(t.Context(), fkapi.LoadsFilter{Created: w}))
		refused["created: window."] = append(refused["created: window."], err)
	}
	for _, bad := range []string{"!", "e30", strings.Repeat("x", 10_000)} {
		_, err := client.SearchLoadsPage(t.Context(), fkapi.SearchOptions{}, bad)
		refused["cursor"] = append(refused["cursor"], err)
	}
	for field, errs := range refused {
		for _, err := range errs {
			if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), field) || len(err.Error()) > 700 || strings.ContainsAny(err.Error(), "\n\x00") {
				t.Errorf("%s: %.300v", field, err)
			}
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestLimitsAreReplacedWhileTheClientIsUsedAndItsNameIsItsOwn(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	c := server.Config()
	c.Name, c.Limits = "eu", base.Limits{Retries: -1, RetryRatio: -1}
	trackingClient, err := fkapi.NewTracking(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	companyClient, err := fkapi.NewCompany(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, client := range []interface {
		base.Client
		Reload(base.Limits) error
	}{trackingClient, companyClient} {
		requests := func() int {
			before := len(server.Requests())
			server.Fail(fault.Status(503, "Retry-After", "0.01"), -1)
			err := client.Ping(bounded(t))
			server.ClearFaults()
			wantKind(t, err, base.KindUnavailable)
			if err == nil || !strings.HasPrefix(err.Error(), "eu: Ping: ") || client.Name() != "eu" || client.Health().Source != "eu" {
				t.Errorf("the name is not in %v", err)
			}
			return len(server.Requests()) - before
		}
		if n := requests(); n != 1 {
			t.Errorf("%d requests without retries", n)
		}
		if err := client.Reload(base.Limits{Retries: 2, RetryRatio: -1}); err != nil {
			t.Error(err)
		}
		if n := requests(); n != 3 {
			t.Errorf("%d requests with two retries", n)
		}
		if err := client.Reload(base.Limits{Retries: 99}); err == nil {
			t.Error("limits without sense are accepted")
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
}
