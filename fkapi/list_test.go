package fkapi_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

// inventor answers every question with a full page of items that were never seen before and fit no filter.
type inventor struct {
	field, item string
	size        int
	asked       atomic.Int64
}

// RoundTrip is one invented page; the page that was asked for does not matter.
func (s *inventor) RoundTrip(r *http.Request) (*http.Response, error) {
	first := s.asked.Add(1) * int64(s.size)
	items := make([]string, s.size)
	for i := range items {
		items[i] = fmt.Sprintf(`{"id":%d,%s}`, first+int64(i), s.item)
	}
	body := fmt.Sprintf(`{%q:[%s]}`, s.field, strings.Join(items, ","))
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

func TestAListThatNeverFitsTheQuestionEnds(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	loads := &inventor{field: "loads", item: `"status":"delivered"`, size: 500}
	trackingClient, err := fkapi.NewTracking(t.Context(), server.Config(), base.WithTransport(loads))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = trackingClient.Close() }()
	found, err := base.Collect(trackingClient.FilterLoads(t.Context(), fkapi.LoadsFilter{Status: fkapi.StatusExpired, PerPage: 500}))
	endless(t, len(found), err, loads)

	relationships := &inventor{field: "relationships", item: `"relationshipType":"broker"`, size: 500}
	companyClient, err := fkapi.NewCompany(t.Context(), server.Config(), base.WithTransport(relationships))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = companyClient.Close() }()
	all, err := base.Collect(companyClient.Relationships(t.Context(), fkapi.RelationshipsOptions{Company: "acme", Type: "carrier", PerPage: 500, Limit: -1}))
	endless(t, len(all), err, relationships)
}

func endless(t *testing.T, found int, err error, s *inventor) {
	t.Helper()
	incomplete, ok := errors.AsType[*base.IncompleteError](err)
	if !ok || !errors.Is(err, base.ErrTruncated) || incomplete.Cursor == "" || !strings.Contains(err.Error(), "fit the question") {
		t.Errorf("%s: %v", s.field, err)
	}
	if found != 0 || s.asked.Load() > 110 {
		t.Errorf("%s: %d items of %d pages", s.field, found, s.asked.Load())
	}
}

func TestAnEmptyPageIsNoDataOnlyAtTheEndOfAnEmptyList(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := tracking(t, server, nil)
	for name, tc := range map[string]struct {
		status fkapi.LoadStatus
		want   []base.Outcome
	}{
		"none fits":  {fkapi.StatusExpired, []base.Outcome{base.Data, base.NoData}},
		"some do":    {fkapi.StatusTracking, []base.Outcome{base.Data, base.Data}},
		"all do":     {"", []base.Outcome{base.Data, base.Data}},
		"only later": {fkapi.StatusDelivered, []base.Outcome{base.Data, base.Data}},
	} {
		t.Run(name, func(t *testing.T) {
			server.ReplyTo(searchTarget, // the service ignores the filter
				fkapitest.Reply{Body: `{"loads":[{"id":1,"status":"tracking"}],"pagination":{"totalPages":2}}`},
				fkapitest.Reply{Body: `{"loads":[{"id":2,"status":"delivered"}],"pagination":{"totalPages":2}}`})
			cursor := ""
			for i, want := range tc.want {
				page, err := client.FilterLoadsPage(bounded(t), fkapi.LoadsFilter{Status: tc.status}, cursor)
				if err != nil || page.Outcome != want || page.More != (i == 0) {
					t.Errorf("page %d: %s with %d items, more %t, %v", i+1, page.Outcome, len(page.Items), page.More, err)
				}
				cursor = page.Cursor
			}
		})
	}
}
