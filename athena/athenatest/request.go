package athenatest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

// Request is one request as the server received it, to Athena or to S3.
type Request struct {
	At     time.Time
	Action string // of Athena: StartQueryExecution; of S3: GetObject, HeadObject
	Method string
	Path   string
	Header http.Header
	Body   string

	SQL       string // of StartQueryExecution, its parameters still question marks
	Token     string // ClientRequestToken of StartQueryExecution
	Workgroup string // that StartQueryExecution names
	ID        string // QueryExecutionId that the request names
}

func (r Request) clone() Request {
	r.Header = r.Header.Clone()
	return r
}

// Requests are all requests since the start or the last [Server.ForgetRequests], oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ForgetRequests empties the list that [Server.Requests] gives.
func (s *Server) ForgetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// Actions are the names of the requests, oldest first.
func (s *Server) Actions() []string {
	var all []string
	for _, r := range s.Requests() {
		all = append(all, r.Action)
	}
	return all
}

func (s *Server) record(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
}

const (
	maxBody = 8 << 20
	target  = "AmazonAthena."
)

// serve answers Athena's requests.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return // the client went away
	}
	var in input
	bad := json.Unmarshal(body, &in)
	action, known := strings.CutPrefix(r.Header.Get("X-Amz-Target"), target)
	req := Request{
		At: time.Now(), Action: action, Method: r.Method, Path: r.URL.EscapedPath(), Header: r.Header.Clone(), Body: string(body),
		SQL: in.QueryString, Token: in.ClientRequestToken, Workgroup: in.WorkGroup, ID: in.ID,
	}
	s.record(req)
	s.dated(w)
	if f, strikes := s.strikes(action); strikes {
		s.fail(w, r, f, req, in)
		return
	}
	var a wire.Answer
	switch e := s.refuses(r, body, action); {
	case e != nil:
		a = e.answer()
	case !known || r.Method != http.MethodPost:
		a = Exception{Code: "UnknownOperationException"}.answer()
	case bad != nil:
		a = Exception{Code: "SerializationException", Message: "the body is no JSON of this operation"}.answer()
	default:
		a = s.act(w, r, req, in)
	}
	if a.Status != 0 {
		a.Write(w)
	}
}

// act answers a request that is signed and well formed; no status says that a fault was acted out instead.
func (s *Server) act(w http.ResponseWriter, r *http.Request, req Request, in input) wire.Answer {
	if req.Action != "GetQueryResults" {
		return s.answer(req, in)
	}
	e, page, refused := s.resultPage(in)
	if refused != nil {
		return refused.answer()
	}
	a := jsonAnswer(page)
	if wire.Pause(r.Context(), e.reply.Pause) != nil {
		return wire.Answer{}
	}
	if f := s.struck(e); f != nil {
		a, _ = s.api.Act(w, r, *f, a)
	}
	return a
}

// answer runs one of the other actions.
func (s *Server) answer(req Request, in input) wire.Answer {
	run, known := map[string]func(Request, input) (any, *Exception){
		"StartQueryExecution":    s.startQuery,
		"GetQueryExecution":      s.getExecution,
		"BatchGetQueryExecution": s.getExecutions,
		"StopQueryExecution":     s.stopQuery,
		"GetWorkGroup":           s.getWorkgroup,
		"ListWorkGroups":         s.listWorkgroups,
		"ListDataCatalogs":       s.listCatalogs,
		"ListDatabases":          s.listDatabases,
		"ListTableMetadata":      s.listTables,
		"GetTableMetadata":       s.getTable,
	}[req.Action]
	if !known {
		return Exception{Code: "UnknownOperationException"}.answer()
	}
	out, refused := run(req, in)
	if refused != nil {
		return refused.answer()
	}
	return jsonAnswer(out)
}

// dated sets the server's time.
func (s *Server) dated(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	w.Header().Set("X-Amzn-RequestId", identity(s.number))
}

// strikes is the fault planned for this request: of its action first, then of all.
func (s *Server) strikes(action string) (fault.Fault, bool) {
	s.mu.Lock()
	plan := s.planned[action]
	s.mu.Unlock()
	if plan != nil {
		if f, ok := plan.NextAt(fault.OnRequest); ok {
			return f, true
		}
	}
	return s.api.Faults.NextAt(fault.OnRequest)
}

// input is the members of all requests that the server reads.
type input struct {
	QueryString           string
	ClientRequestToken    string
	ExecutionParameters   []string
	WorkGroup             string
	ID                    string   `json:"QueryExecutionId"`
	IDs                   []string `json:"QueryExecutionIds"`
	NextToken             string
	MaxResults            int
	CatalogName           string
	DatabaseName          string
	TableName             string
	Expression            string
	QueryExecutionContext struct{ Catalog, Database string }
	ResultConfiguration   struct {
		OutputLocation      string
		ExpectedBucketOwner string
	}
	ResultReuseConfiguration struct {
		ResultReuseByAgeConfiguration struct {
			Enabled         bool
			MaxAgeInMinutes int
		}
	}
}

func jsonAnswer(value any) wire.Answer {
	body, err := json.Marshal(value)
	if err != nil {
		return Exception{Code: "InternalServerException", Message: "the fake cannot encode its answer"}.answer()
	}
	return wire.Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {contentType}}, Body: body}
}

const contentType = "application/x-amz-json-1.1"
