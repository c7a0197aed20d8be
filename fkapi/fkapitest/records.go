package fkapitest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/internal/wire"
)

const (
	trackingPath = "/api/v1/tracking"
	searchPath   = "/api/v1/tracking/search"
	companyPath  = "/api/v1/companies/"
)

// records is what the services hold.
type records struct {
	loads         []fkapi.Load
	companies     []fkapi.Company
	relationships map[string][]fkapi.Relationship // by the permalink of the first company
}

// AddLoad adds loads. One without an ID gets the next free one.
func (s *Server) AddLoad(loads ...fkapi.Load) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range loads {
		if l.ID == "" {
			l.ID = strconv.Itoa(100_000_001 + len(s.records.loads))
		}
		s.records.loads = append(s.records.loads, l)
	}
}

// AddCompany adds companies; a company is found by its permalink.
func (s *Server) AddCompany(companies ...fkapi.Company) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records.companies = append(s.records.companies, companies...)
}

// AddRelationship adds relationships of the company with that permalink, which becomes known by it.
func (s *Server) AddRelationship(company string, relationships ...fkapi.Relationship) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.records.relationships == nil {
		s.records.relationships = map[string][]fkapi.Relationship{}
	}
	for _, r := range relationships {
		if r.ID == "" {
			r.ID = company + "-" + strconv.Itoa(len(s.records.relationships[company])+1)
		}
		s.records.relationships[company] = append(s.records.relationships[company], r)
	}
	if len(relationships) == 0 {
		s.records.relationships[company] = append(s.records.relationships[company], relationships...)
	}
}

func (s *Server) route(r *http.Request, body []byte) wire.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := r.URL.Path
	switch {
	case path == trackingPath && r.Method == http.MethodGet:
		return s.records.find(r)
	case path == searchPath && r.Method == http.MethodPost:
		return s.records.search(body, s.searchAfter)
	case strings.HasPrefix(path, companyPath) && r.Method == http.MethodGet:
		return s.records.company(r, strings.TrimPrefix(path, companyPath))
	}
	return nowhere(r)
}

// nowhere is the answer for a path that neither service has: that of a framework, not in the form of the services.
func nowhere(r *http.Request) wire.Answer {
	return jsonAnswer(http.StatusNotFound, map[string]any{"status": http.StatusNotFound, "error": "Not Found", "path": r.URL.Path})
}

// find answers a GET of loads with nested bodies.
func (d *records) find(r *http.Request) wire.Answer {
	ids := strings.Split(r.URL.Query().Get("tracking_ids"), ",")
	numbers := strings.Split(r.URL.Query().Get("load_ids"), ",")
	found := []any{}
	for _, l := range d.loads {
		if slices.Contains(ids, l.ID) || (l.LoadNumber != "" && slices.Contains(numbers, l.LoadNumber)) {
			found = append(found, nested(l))
		}
	}
	return jsonAnswer(http.StatusOK, map[string]any{"statusCode": 200, "loads": found})
}

// nested is a load as a GET answers it: its own encoding, extras among the fields and the id as a number.
func nested(l fkapi.Load) map[string]any {
	fields := map[string]any{}
	kept := l.Extras
	l.Extras, l.Notes = nil, nil
	text, err := json.Marshal(l)
	if err == nil {
		var raw map[string]json.RawMessage
		err = json.Unmarshal(text, &raw)
		for name, value := range raw {
			fields[name] = value
		}
	}
	for name, value := range kept {
		fields[name] = value
	}
	if err == nil && digits(l.ID) {
		fields["id"] = json.Number(l.ID)
	}
	if l.StatusText != "" {
		fields["status"] = l.StatusText
	}
	delete(fields, "statusText")
	return fields
}

func digits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == "" && text[0] != '0'
}

// flat is a load as a row of a search: companies as two fields each, no stops.
func flat(l fkapi.Load) map[string]any {
	fields := nested(l)
	for role, party := range map[string]fkapi.Party{
		"shipper": l.Shipper, "carrier": l.Carrier, "managingCarrier": l.ManagingCarrier, "operatingCarrier": l.OperatingCarrier,
	} {
		delete(fields, role)
		if !party.IsZero() {
			fields[role+"Id"], fields[role+"Name"] = party.ID, party.Name
		}
	}
	delete(fields, "stops")
	return fields
}

// question is the body of a search, as far as the fake understands it.
type question struct {
	LoadIDs        string   `json:"load_ids"`
	Page           int      `json:"page"`
	PerPage        int      `json:"per_page"`
	SortOrder      string   `json:"sort_order"`
	Duration       int      `json:"duration"`
	TrackingStatus string   `json:"tracking_status"`
	Shipper        string   `json:"shipper"`
	Carrier        string   `json:"carrier"`
	SearchAfter    []string `json:"search_after"`
}

func (d *records) search(body []byte, after bool) wire.Answer {
	var q question
	if err := json.Unmarshal(body, &q); err != nil {
		return problem(http.StatusBadRequest, "the body is not the JSON of a search")
	}
	if q.Page < 1 || q.PerPage < 1 {
		return problem(http.StatusUnprocessableEntity, "page and per_page begin at 1")
	}
	matched := slices.Clone(d.loads)
	matched = slices.DeleteFunc(matched, func(l fkapi.Load) bool { return !q.matches(l) })
	slices.SortStableFunc(matched, q.order)
	rest := matched
	if len(q.SearchAfter) == 1 {
		at := slices.IndexFunc(matched, func(l fkapi.Load) bool { return l.ID == q.SearchAfter[0] })
		if at < 0 {
			return problem(http.StatusUnprocessableEntity, "search_after has expired")
		}
		rest = matched[at+1:]
	}
	rows, info := cut(rest, q.Page, q.PerPage)
	info["count"], info["totalPages"] = len(matched), pages(len(matched), q.PerPage)
	found := []any{}
	for _, l := range rows {
		found = append(found, flat(l))
	}
	reply := map[string]any{"statusCode": 200, "loads": found, "pagination": info}
	if after {
		delete(info, "totalPages")
		if len(rows) == q.PerPage && len(rows) > 0 {
			reply["searchAfter"] = []string{rows[len(rows)-1].ID}
		} else {
			info["totalPages"] = 1
		}
	}
	return jsonAnswer(http.StatusOK, reply)
}

func (q question) matches(l fkapi.Load) bool {
	if q.LoadIDs != "" && !slices.Contains(strings.Split(q.LoadIDs, ","), l.LoadNumber) {
		return false
	}
	if q.TrackingStatus != "" && fkapi.ParseLoadStatus(string(l.Status)) != fkapi.ParseLoadStatus(q.TrackingStatus) {
		return false
	}
	if q.Duration > 0 && !l.CreatedAt.IsZero() && time.Since(l.CreatedAt) > time.Duration(q.Duration)*24*time.Hour {
		return false
	}
	return (q.Shipper == "" || l.Shipper.ID == q.Shipper) && (q.Carrier == "" || l.Carrier.ID == q.Carrier)
}

// order is by creation, then by id, so that pages do not overlap.
func (q question) order(a, b fkapi.Load) int {
	n := cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	if q.SortOrder == "asc" {
		return n
	}
	return -n
}

func pages(n, size int) int { return (n + size - 1) / size }

// cut is one page of a list, with its pagination.
func cut[T any](all []T, page, size int) ([]T, map[string]any) {
	from := min((page-1)*size, len(all))
	to := min(from+size, len(all))
	return all[from:to], map[string]any{"page": page, "perPage": size, "totalPages": pages(len(all), size), "count": len(all)}
}

// company answers GET of a company or of its relationships.
func (d *records) company(r *http.Request, path string) wire.Answer {
	permalink, rest, deeper := strings.Cut(path, "/")
	related, knows := d.relationships[permalink]
	at := slices.IndexFunc(d.companies, func(c fkapi.Company) bool { return c.Permalink == permalink })
	switch {
	case deeper && rest != "relationships":
		return nowhere(r)
	case at < 0 && !knows:
		return problem(http.StatusNotFound, "company not found")
	case !deeper && at < 0:
		return jsonAnswer(http.StatusOK, map[string]any{"statusCode": 200, "company": fkapi.Company{Permalink: permalink}})
	case !deeper:
		return jsonAnswer(http.StatusOK, map[string]any{"statusCode": 200, "company": d.companies[at]})
	}
	query := r.URL.Query()
	related = slices.DeleteFunc(slices.Clone(related), func(one fkapi.Relationship) bool {
		wanted := query.Get("related_company_id")
		return wanted != "" && one.Target.Permalink != wanted
	})
	page, _ := strconv.Atoi(query.Get("page"))
	size, _ := strconv.Atoi(query.Get("per_page"))
	rows, info := cut(related, max(page, 1), max(size, 1))
	found := []any{}
	for _, one := range rows {
		found = append(found, agreement(one))
	}
	return jsonAnswer(http.StatusOK, map[string]any{"statusCode": 200, "relationships": found, "pagination": info})
}

// agreement is a relationship as the service answers it: the identifiers of a file configuration are fields.
func agreement(r fkapi.Relationship) map[string]any {
	files := []any{}
	for _, f := range r.SuperFiles {
		fields := map[string]any{"id": f.ID}
		for _, id := range f.Identifiers {
			fields["identifier"+strconv.Itoa(id.Position)] = map[string]string{"key": id.Key, "type": id.Type, "regex": id.Regex}
		}
		files = append(files, fields)
	}
	return map[string]any{
		"id": r.ID, "active": r.Active, "status": r.Status, "allowTracking": r.AllowTracking, "externalId": r.ExternalID,
		"allScacs": r.AllSCACs, "superFileConfigurations": files, "targetCompany": r.Target, "relationshipType": r.Type,
		"createdAt": createdAt(r.CreatedAt),
	}
}

func createdAt(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at
}
