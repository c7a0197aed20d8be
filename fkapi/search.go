package fkapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

const (
	defaultPerPage = 20
	maxPerPage     = 500
	defaultDays    = 365
	maxDays        = 3650
	defaultLimit   = 10_000
)

// SearchOptions says which loads are wanted. Empty fields do not narrow the search.
type SearchOptions struct {
	Company       string     `json:"company,omitempty"`      // permalink of the company that asks
	LoadNumbers   []string   `json:"load_numbers,omitempty"` // any of these
	Show          string     `json:"show,omitempty"`         // a view of the service, such as "all"
	Status        LoadStatus `json:"status,omitempty"`
	Shipper       string     `json:"shipper,omitempty"` // permalink
	Carrier       string     `json:"carrier,omitempty"` // permalink
	Customer      string     `json:"customer,omitempty"`
	SortBy        string     `json:"sort_by,omitempty"`    // empty = "created_at"
	SortOrder     string     `json:"sort_order,omitempty"` // "asc" or "desc"; empty = "desc"
	Days          int        `json:"days,omitempty"`       // age of the oldest load; 0 = 365, at most 3,650
	SkipTestLoads bool       `json:"skip_test_loads,omitempty"`
	PerPage       int        `json:"per_page,omitempty"` // 0 = 20, at most 500
	Limit         int        `json:"limit,omitempty"`    // loads that SearchLoads hands out; 0 = 10,000, negative = no limit
}

// searchBody is the body of a search, in the service's words.
type searchBody struct {
	LoadIDs        string          `json:"load_ids,omitempty"`
	Show           string          `json:"show,omitempty"`
	Page           int             `json:"page"`
	PerPage        int             `json:"per_page"`
	SortBy         string          `json:"sort_by"`
	SortOrder      string          `json:"sort_order"`
	Duration       int             `json:"duration"`
	TrackingStatus LoadStatus      `json:"tracking_status,omitempty"`
	Shipper        string          `json:"shipper,omitempty"`
	Carrier        string          `json:"carrier,omitempty"`
	Customer       string          `json:"customer,omitempty"`
	SearchAfter    json.RawMessage `json:"search_after,omitempty"`
	SkipTestLoads  bool            `json:"skip_test_loads,omitempty"`
}

func (o SearchOptions) check(s *service, op *base.Op) error {
	problems := []error{
		optional(o.Company, s.checkPermalink(op, "company", o.Company)),
		optional(o.Shipper, s.checkPermalink(op, "shipper", o.Shipper)),
		optional(o.Carrier, s.checkPermalink(op, "carrier", o.Carrier)),
	}
	for _, number := range o.LoadNumbers {
		problems = append(problems, s.checkLoadNumber(op, number))
	}
	for _, f := range []struct{ field, value string }{
		{"show", o.Show}, {"status", string(o.Status)}, {"customer", o.Customer}, {"sort_by", o.SortBy},
	} {
		problems = append(problems, optional(f.value, s.check(op, f.field, f.value, func(r rune) bool { return r >= ' ' && r != 0x7F },
			"control characters cannot be searched for")))
	}
	return errors.Join(append(problems, o.checkNumbers(s, op))...)
}

func (o SearchOptions) checkNumbers(s *service, op *base.Op) error {
	var problems []error
	if o.PerPage < 0 || o.PerPage > maxPerPage {
		problems = append(problems, base.Invalid(s.name, op.Name, "per_page: %d is not between 1 and %d", o.PerPage, maxPerPage))
	}
	if o.Days < 0 || o.Days > maxDays {
		problems = append(problems, base.Invalid(s.name, op.Name, "days: %d is not between 1 and %d", o.Days, maxDays))
	}
	if o.SortOrder != "" && o.SortOrder != "asc" && o.SortOrder != "desc" {
		problems = append(problems, base.Invalid(s.name, op.Name, `sort_order: use "asc" or "desc"`))
	}
	return errors.Join(problems...)
}

func (o SearchOptions) body(at position) searchBody {
	b := searchBody{
		LoadIDs: strings.Join(o.LoadNumbers, ","), Show: o.Show, Page: at.Page, PerPage: cmp.Or(o.PerPage, defaultPerPage),
		SortBy: cmp.Or(o.SortBy, "created_at"), SortOrder: cmp.Or(o.SortOrder, "desc"), Duration: cmp.Or(o.Days, defaultDays),
		TrackingStatus: o.Status, Shipper: o.Shipper, Carrier: o.Carrier, Customer: o.Customer, SkipTestLoads: o.SkipTestLoads,
		SearchAfter: at.After,
	}
	if at.After != nil { // the place after the last load is not counted in pages
		b.Page = 1
	}
	return b
}

// SearchLoads yields the loads that match, each once, newest first if nothing else is asked for. A loop that ends
// without an error has seen all; otherwise its last error is ErrTruncated (Limit was reached) or ErrPartial (the list
// changed or broke off), or that of the first page.
func (c *TrackingClient) SearchLoads(ctx context.Context, o SearchOptions) iter.Seq2[Load, error] {
	return c.list(opSearchLoads, o, nil, func(l listing[Load]) iter.Seq2[Load, error] {
		return l.all(ctx, cmp.Or(o.Limit, defaultLimit))
	})
}

// SearchLoadsPage is one page of a search. An empty cursor is the first page. The last page of a list that shrank while
// it was read has the Outcome Partial.
func (c *TrackingClient) SearchLoadsPage(ctx context.Context, o SearchOptions, cursor string) (base.Page[Load], error) {
	l, err := c.loads(opSearchPage, o, nil)
	if err != nil {
		return base.Page[Load]{Outcome: base.Failed}, err
	}
	return l.page(ctx, cursor)
}

// list is an iterator whose first error is that of its question.
func (c *TrackingClient) list(op *base.Op, o SearchOptions, f *LoadsFilter, walk func(listing[Load]) iter.Seq2[Load, error]) iter.Seq2[Load, error] {
	l, err := c.loads(op, o, f)
	if err != nil {
		return func(yield func(Load, error) bool) { yield(Load{}, err) }
	}
	return walk(l)
}

func (c *TrackingClient) loads(op *base.Op, o SearchOptions, f *LoadsFilter) (listing[Load], error) {
	if err := o.check(c.service, op); err != nil {
		return listing[Load]{}, err
	}
	l := listing[Load]{
		service: c.service, op: op, query: fingerprintOf(o), size: cmp.Or(o.PerPage, defaultPerPage), key: loadKey,
		fetch: func(ctx context.Context, at position) ([]Load, pagination, error) { return c.fetch(ctx, op, o, at) },
	}
	if f != nil {
		l.keep, l.query = f.keeps, fingerprintOf(f) // its options change with the day
	}
	return l, nil
}

// loadKey tells one load from another, also where the service gives no id.
func loadKey(l Load) string {
	if l.ID != "" {
		return l.ID
	}
	return fmt.Sprintf("%s|%s|%s|%s", l.LoadNumber, l.Shipper.ID, l.Carrier.ID, l.CreatedAt)
}

func (c *TrackingClient) fetch(ctx context.Context, op *base.Op, o SearchOptions, at position) ([]Load, pagination, error) {
	body, err := json.Marshal(o.body(at))
	if err != nil {
		return nil, pagination{}, base.Invalid(c.name, op.Name, "cursor: its search_after is not JSON")
	}
	d, err := c.call(ctx, rest.Request{
		Op: op, Method: http.MethodPost, Path: "/api/v1/tracking/search",
		Query: parameters{}.with("company_id", o.Company).with("locale", c.locale).encode(),
		Body:  body, Header: http.Header{"Content-Type": {"application/json"}},
	})
	if err != nil {
		return nil, pagination{}, err
	}
	all, err := c.readLoads(op, d)
	return all, readPagination(d, len(all)), err
}

// LoadsFilter says which loads are wanted, by what the loads themselves say: an answer of the service that does not fit
// is left out.
type LoadsFilter struct {
	Company string      `json:"company,omitempty"` // permalink of the company that asks
	Shipper string      `json:"shipper,omitempty"` // permalink
	Carrier string      `json:"carrier,omitempty"` // permalink
	Status  LoadStatus  `json:"status,omitempty"`  // in any spelling; a word that is not known is noted
	Created base.Window `json:"created,omitzero"`  // zero = the last 365 days
	PerPage int         `json:"per_page,omitempty"`
	Limit   int         `json:"limit,omitempty"` // as in SearchOptions
}

// FilterLoads yields the loads that fit the filter, newest first. It ends as SearchLoads does, and with ErrTruncated
// after 50,000 loads in a row that did not fit. A Status that is not known is asked for all the same, and is noted in
// the Stats with the nearest known word.
func (c *TrackingClient) FilterLoads(ctx context.Context, f LoadsFilter) iter.Seq2[Load, error] {
	o, err := f.options(c.service, opFilterLoads, time.Now())
	if err != nil {
		return func(yield func(Load, error) bool) { yield(Load{}, err) }
	}
	return c.list(opFilterLoads, o, &f, func(l listing[Load]) iter.Seq2[Load, error] {
		return func(yield func(Load, error) bool) {
			base.AddStats(ctx, base.Stats{Notes: f.Status.doubts()})
			l.all(ctx, cmp.Or(f.Limit, defaultLimit))(yield)
		}
	})
}

// FilterLoadsPage is one page of FilterLoads. A page may be empty and not the last: More says so, and the Outcome is
// NoData only at the end of a list of which no page had anything.
func (c *TrackingClient) FilterLoadsPage(ctx context.Context, f LoadsFilter, cursor string) (base.Page[Load], error) {
	o, err := f.options(c.service, opFilterPage, time.Now())
	if err != nil {
		return base.Page[Load]{Outcome: base.Failed}, err
	}
	l, err := c.loads(opFilterPage, o, &f)
	if err != nil {
		return base.Page[Load]{Outcome: base.Failed}, err
	}
	page, err := l.page(ctx, cursor)
	page.Stats.Asked = f.Created
	page.Stats.Notes = append(page.Stats.Notes, f.Status.doubts()...)
	base.AddStats(ctx, base.Stats{Notes: f.Status.doubts()})
	return page, err
}

func (f LoadsFilter) options(s *service, op *base.Op, now time.Time) (SearchOptions, error) {
	o := SearchOptions{
		Company: f.Company, Shipper: f.Shipper, Carrier: f.Carrier, Status: ParseLoadStatus(string(f.Status)), PerPage: f.PerPage,
	}
	if f.Created.IsZero() {
		return o, nil
	}
	if err := f.Created.Validate(); err != nil {
		return o, base.Invalid(s.name, op.Name, "created: %s", err)
	}
	age := now.Sub(f.Created.From)
	if age <= 0 {
		return o, base.Invalid(s.name, op.Name, "created: window.from %s lies in the future", f.Created.From.UTC().Format(time.RFC3339))
	}
	if o.Days = int(math.Ceil(age.Hours()/24)) + 1; o.Days > maxDays {
		return o, base.Invalid(s.name, op.Name, "created: window.from is older than %d days; choose a later one", maxDays-1)
	}
	return o, nil
}

// keeps checks a load against the filter. What the load does not say cannot exclude it, and is noted.
func (f *LoadsFilter) keeps(l *Load) bool {
	if f.Status != "" && l.Status != "" && l.Status != ParseLoadStatus(string(f.Status)) {
		return false
	}
	if !plays(l.Shipper, f.Shipper) || (!plays(l.Carrier, f.Carrier) && !plays(l.ManagingCarrier, f.Carrier) && !plays(l.OperatingCarrier, f.Carrier)) {
		return false
	}
	if f.Created.IsZero() {
		return true
	}
	if l.CreatedAt.IsZero() {
		l.Notes = append(l.Notes, "createdAt: missing, so the window could not be checked")
		return true
	}
	return f.Created.Contains(l.CreatedAt)
}

// plays reports whether the party may be the company wanted.
func plays(p Party, permalink string) bool {
	return permalink == "" || p.IsZero() || strings.EqualFold(p.ID, permalink) || (p.ID == "" && strings.EqualFold(p.Name, permalink))
}
