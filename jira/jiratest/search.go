package jiratest

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/wire"
	"github.com/fourkites/sources/jira/jql"
)

// question is a search as it was asked, in the query or in the body.
type question struct {
	JQL           string   `json:"jql"`
	NextPageToken string   `json:"nextPageToken"`
	MaxResults    int      `json:"maxResults"`
	Fields        []string `json:"fields"`
	Expand        string   `json:"expand"`
}

const (
	defaultPage = 50
	mostPage    = 5000
)

func (s *Server) search(r *http.Request, asked wire.Asked, what string) wire.Answer {
	q, refused := readQuestion(r, asked, what)
	if refused != nil {
		return *refused
	}
	found, err := s.matching(q.JQL)
	if err != nil {
		return problem(http.StatusBadRequest, err.Error())
	}
	if what == "approximate-count" {
		return answerOf(http.StatusOK, object{"count": len(found)})
	}
	from, ok := place(q)
	if !ok {
		return problem(http.StatusBadRequest, "The provided nextPageToken is invalid or has expired.")
	}
	size := q.MaxResults
	if size <= 0 {
		size = defaultPage
	}
	to := min(from+min(size, mostPage), len(found))
	fields := q.Fields
	if len(fields) == 0 {
		fields = []string{"id"}
	}
	issues := []object{}
	names := map[string]string{}
	for _, one := range found[min(from, to):to] {
		encoded := s.encode(one, fields, q.Expand)
		if more, ok := encoded["names"].(map[string]string); ok {
			maps.Copy(names, more)
			delete(encoded, "names")
		}
		issues = append(issues, encoded)
	}
	out := object{"issues": issues, "isLast": to == len(found)}
	if len(names) > 0 {
		out["names"] = names
	}
	if to < len(found) {
		out["nextPageToken"] = token(q.JQL, to)
	}
	return answerOf(http.StatusOK, out)
}

// removed is the answer to the search that the site once had.
const removed = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is " +
	"available at https://developer.atlassian.com/changelog/#CHANGE-2046"

func readQuestion(r *http.Request, asked wire.Asked, what string) (question, *wire.Answer) {
	var q question
	refuse := func(status int, text string) (question, *wire.Answer) {
		a := problem(status, text)
		return q, &a
	}
	switch {
	case what == "":
		return refuse(http.StatusGone, removed)
	case what != "jql" && what != "approximate-count":
		return refuse(http.StatusNotFound, "null for uri: "+r.URL.Path)
	case r.Method == http.MethodPost:
		d := json.NewDecoder(strings.NewReader(string(asked.Body)))
		d.DisallowUnknownFields()
		if err := d.Decode(&q); err != nil {
			return refuse(http.StatusBadRequest, "Invalid request payload. Refer to the REST API documentation and try again.")
		}
		return q, nil
	}
	query := r.URL.Query()
	most, err := strconv.Atoi("0" + query.Get("maxResults"))
	if err != nil {
		return refuse(http.StatusBadRequest, "maxResults must be a number")
	}
	q = question{JQL: query.Get("jql"), NextPageToken: query.Get("nextPageToken"), MaxResults: most, Expand: query.Get("expand")}
	if fields := strings.Join(query["fields"], ","); fields != "" {
		q.Fields = strings.Split(fields, ",")
	}
	return q, nil
}

// token is where a search goes on; it serves that search alone.
func token(query string, at int) string {
	sum := sha256.Sum256([]byte(query))
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%d:%x", at, sum[:6]))
}

func place(q question) (at int, ok bool) {
	if q.NextPageToken == "" {
		return 0, true
	}
	text, err := base64.StdEncoding.DecodeString(q.NextPageToken)
	number, _, _ := strings.Cut(string(text), ":")
	at, err2 := strconv.Atoi(number)
	return at, err == nil && err2 == nil && token(q.JQL, at) == q.NextPageToken
}

// words are a refusal in the words of the site.
type words string

// Error is the words.
func (w words) Error() string { return string(w) }

const unbounded = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."

// matching are the issues that a search finds, in its order. The error is in the words of the site.
func (s *Server) matching(query string) ([]*record, error) {
	expr, order, err := jql.Parse(query)
	if err != nil {
		return nil, words("Error in the JQL Query: " + strings.TrimPrefix(err.Error(), "jql: "))
	}
	if expr.Op == "" {
		return nil, words(unbounded)
	}
	e := evaluation{server: s, now: time.Now()}
	var found []*record
	for _, r := range s.records {
		ok, err := e.holds(expr, r)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, r)
		}
	}
	if len(s.records) == 0 {
		_, err = e.holds(expr, &record{})
	}
	if err == nil {
		err = e.sort(found, order)
	}
	return found, err
}

// sort orders by fields, the newest first where no order is given.
func (e evaluation) sort(found []*record, order []jql.Order) error {
	if len(order) == 0 {
		order = []jql.Order{{Field: "created", Direction: jql.Descending}}
	}
	for _, o := range order {
		if _, err := e.values(o.Field, &record{}); err != nil {
			return err
		}
	}
	slices.SortStableFunc(found, func(a, b *record) int {
		for _, o := range order {
			x, _ := e.values(o.Field, a)
			y, _ := e.values(o.Field, b)
			n := compareKeys(strings.Join(x, ","), strings.Join(y, ","))
			if o.Direction == jql.Descending {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return 0
	})
	return nil
}

// compareKeys orders OPS-9 before OPS-10.
func compareKeys(a, b string) int {
	if at, bt := strings.LastIndexByte(a, '-'), strings.LastIndexByte(b, '-'); at > 0 && bt > 0 && a[:at] == b[:bt] {
		x, err := strconv.Atoi(a[at+1:])
		y, err2 := strconv.Atoi(b[bt+1:])
		if err == nil && err2 == nil {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(a, b)
}
