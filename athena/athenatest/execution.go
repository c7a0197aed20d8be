package athenatest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/fourkites/sources/base/fault"
)

// The states of a query, in Athena's words.
const (
	stateQueued    = "QUEUED"
	stateRunning   = "RUNNING"
	stateSucceeded = "SUCCEEDED"
	stateFailed    = "FAILED"
	stateCancelled = "CANCELLED"
)

// execution is one query from its beginning to its end.
type execution struct {
	id       string
	in       input
	group    Workgroup
	began    time.Time
	finished time.Time
	state    string
	phases   []phase
	reply    Reply
	result   result
	failure  *Failure
	reason   string // of a state, beside that of a failure
	location string // of the file; empty = Athena keeps it
	reused   bool
	fault    *fault.Fault // of its first data
}

// phase is a state that lasts until it was asked for so often, and until that time.
type phase struct {
	state string
	polls int
	until time.Duration // since the beginning
}

func (r Reply) phases() []phase {
	all := []phase{{stateQueued, r.Queued, r.Wait}, {stateRunning, r.Running, r.Wait + r.Delay}, {stateQueued, r.Requeued, 0}}
	if r.Requeued > 0 {
		all = append(all, phase{stateRunning, 1, 0})
	}
	return all
}

func (e *execution) ended() bool {
	return e.state == stateSucceeded || e.state == stateFailed || e.state == stateCancelled
}

// advance puts a query into the state that it has by now. The caller holds the lock.
func (s *Server) advance(e *execution, now time.Time) {
	for !e.ended() {
		if len(e.phases) == 0 {
			s.finish(e, now)
			return
		}
		if p := e.phases[0]; p.polls > 0 || now.Sub(e.began) < p.until {
			e.state = p.state
			return
		}
		e.phases = e.phases[1:]
	}
}

// polled is advance for one who asks, which counts.
func (s *Server) polled(e *execution, now time.Time) {
	if s.advance(e, now); len(e.phases) > 0 {
		e.phases[0].polls--
	}
}

// finish ends a query and lays its files. The caller holds the lock.
func (s *Server) finish(e *execution, now time.Time) {
	e.finished = now
	if planned := e.began.Add(e.reply.Wait + e.reply.Delay); planned.Before(now) && e.reply.Queued+e.reply.Running+e.reply.Requeued == 0 {
		e.finished = planned
	}
	switch cutoff := e.group.BytesScannedCutoff; {
	case cutoff > 0 && e.result.scanned > cutoff:
		e.state, e.reason = stateCancelled, "Bytes scanned limit was exceeded"
	case e.failure != nil:
		e.state, e.reason = stateFailed, e.failure.Reason
	case !e.reused && e.location != "" && !s.lay(e):
		e.state, e.failure = stateFailed, &Failure{Category: 2, Type: 401, Reason: "Access denied when writing output to url: " + e.location +
			" . Please ensure you are allowed to access the S3 bucket."}
		e.reason = e.failure.Reason
	default:
		e.state = stateSucceeded
	}
}

// maxSQL is the longest statement that Athena takes, in bytes.
const maxSQL = 262144

func (s *Server) startQuery(req Request, in input) (any, *Exception) { return s.begin(req, in, nil) }

// begin starts a query, which the fault strikes later unless it is nil.
func (s *Server) begin(req Request, in input, f *fault.Fault) (any, *Exception) {
	s.mu.Lock()
	now := s.now()
	e, refused := s.known(in)
	if e == nil && refused == nil {
		refused = s.checks(in, now)
	}
	s.mu.Unlock()
	if refused != nil {
		return nil, refused
	}
	if e == nil {
		if e, refused = s.newExecution(req, in, f); refused != nil {
			return nil, refused
		}
	}
	return map[string]string{"QueryExecutionId": e.id}, nil
}

// known is the query that began with the request's token. The caller holds the lock.
func (s *Server) known(in input) (*execution, *Exception) {
	switch n := len(in.ClientRequestToken); {
	case n == 0:
		return nil, invalid("ClientRequestToken is required")
	case n < 32, n > 128:
		return nil, invalid("1 validation error detected: Value at 'clientRequestToken' failed to satisfy constraint: Member must have length between 32 and 128")
	}
	e := s.tokens[in.ClientRequestToken]
	if e != nil && !reflect.DeepEqual(e.in, in) {
		return nil, invalid("Idempotent parameters do not match")
	}
	return e, nil
}

// checks says why a query may not begin. The caller holds the lock.
func (s *Server) checks(in input, now time.Time) *Exception {
	group, known := s.groups[cmp.Or(in.WorkGroup, "primary")]
	switch {
	case !known:
		return invalid("WorkGroup " + in.WorkGroup + " is not found.")
	case group.Disabled:
		return invalid("WorkGroup " + group.Name + " is disabled.")
	case strings.TrimSpace(in.QueryString) == "":
		return invalid("1 validation error detected: Value at 'queryString' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case len(in.QueryString) > maxSQL:
		return invalid("1 validation error detected: Value at 'queryString' failed to satisfy constraint: Member must have length less than or equal to 262144")
	case s.limit > 0 && s.running(now) >= s.limit:
		e := TooManyQueries()
		return &e
	}
	return s.checksOutput(in, group)
}

// checksOutput looks at the place of output. The caller holds the lock.
func (s *Server) checksOutput(in input, group Workgroup) *Exception {
	reuse := in.ResultReuseConfiguration.ResultReuseByAgeConfiguration
	if reuse.MaxAgeInMinutes < 0 || reuse.MaxAgeInMinutes > 10080 {
		return invalid("MaxAgeInMinutes must be between 0 and 10080")
	}
	place := output(in, group)
	switch {
	case group.Managed && in.ResultConfiguration.OutputLocation != "":
		return invalid("OutputLocation cannot be set when ManagedQueryResultsConfiguration is enabled")
	case group.Managed:
		return nil
	case place == "":
		return invalid("No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.")
	}
	name, _, ok := cutLocation(place)
	b := s.buckets[name]
	switch owner := in.ResultConfiguration.ExpectedBucketOwner; {
	case !ok:
		return invalid("outputLocation is not a valid S3 path.")
	case b == nil, owner != "" && owner != b.owner:
		return invalid("Unable to verify/create output bucket " + name)
	}
	return nil
}

// output is the folder of the results: the workgroup's where its settings are forced.
func output(in input, group Workgroup) string {
	if group.Enforced {
		return group.OutputLocation
	}
	return cmp.Or(in.ResultConfiguration.OutputLocation, group.OutputLocation)
}

func (s *Server) newExecution(req Request, in input, f *fault.Fault) (*execution, *Exception) {
	reply, scripted := s.script.Next(req)
	if reply.Refuse != nil {
		return nil, reply.Refuse
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.tokens[in.ClientRequestToken]; e != nil { // another request was faster
		return e, nil
	}
	e := &execution{in: in, group: s.groups[cmp.Or(in.WorkGroup, "primary")], began: s.now(), state: stateQueued, fault: f}
	earlier := s.reusable(in, e.began)
	switch {
	case earlier != nil:
		e.result, e.reused = earlier.result, true
		e.result.scanned = 0
	case scripted:
		e.reply, e.failure = reply, reply.Err
		e.result = reply.result(in.QueryString)
	default:
		var refused *Exception
		if e.result, e.failure, refused = s.execute(in); refused != nil {
			return nil, refused
		}
	}
	if f != nil && f.Kind == fault.KindError {
		e.failure = &Failure{Reason: f.Message, Type: f.Code, Category: 2}
		if f.Code < 1000 {
			e.failure.Category = 1
		}
	}
	s.number++
	e.id, e.phases = identity(s.number), e.reply.phases()
	s.place(e, earlier)
	s.executions[e.id], s.tokens[in.ClientRequestToken] = e, e
	s.history = append(s.history, e)
	return e, nil
}

// place decides where the file of the result will be. The caller holds the lock.
func (s *Server) place(e, earlier *execution) {
	switch {
	case earlier != nil:
		e.location = earlier.location
	case !e.group.Managed:
		ending := ".csv"
		if e.result.kind != "DML" {
			ending = ".txt"
		}
		e.location = strings.TrimSuffix(output(e.in, e.group), "/") + "/" + e.id + ending
	}
}

// reusable is the last query whose result may stand for a new one: the same in all that Athena compares, its file still
// there (Amazon Athena User Guide: Reuse query results). The caller holds the lock.
func (s *Server) reusable(in input, now time.Time) *execution {
	reuse := in.ResultReuseConfiguration.ResultReuseByAgeConfiguration
	if !reuse.Enabled {
		return nil
	}
	age := time.Duration(reuse.MaxAgeInMinutes) * time.Minute
	if age == 0 {
		age = time.Hour
	}
	var found *execution
	for _, e := range s.history {
		s.advance(e, now)
		same := e.in.QueryString == in.QueryString && e.in.QueryExecutionContext == in.QueryExecutionContext &&
			e.in.ResultConfiguration == in.ResultConfiguration && reflect.DeepEqual(e.in.ExecutionParameters, in.ExecutionParameters) &&
			e.in.WorkGroup == in.WorkGroup
		if same && e.state == stateSucceeded && !e.reused && e.result.kind == "DML" && now.Sub(e.finished) <= age && s.lies(e) {
			found = e
		}
	}
	return found
}

// lies reports whether the file of a result is where it was laid, or is none. The caller holds the lock.
func (s *Server) lies(e *execution) bool {
	name, key, ok := cutLocation(e.location)
	if !ok {
		return true
	}
	b := s.buckets[name]
	return b != nil && b.objects[key].of == e
}

func (s *Server) stopQuery(_ Request, in input) (any, *Exception) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, refused := s.find(in.ID)
	if refused != nil {
		return nil, refused
	}
	now := s.now()
	if s.advance(e, now); !e.ended() {
		e.state, e.reason, e.finished = stateCancelled, "Query cancelled by user", now
	}
	return struct{}{}, nil
}

// find is the query with that id. The caller holds the lock.
func (s *Server) find(id string) (*execution, *Exception) {
	if e := s.executions[id]; e != nil {
		return e, nil
	}
	return nil, invalid("QueryExecution " + id + " was not found")
}

// Age makes the queries that have ended so much older, for what goes by age.
func (s *Server) Age(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.history {
		if e.ended() {
			e.began, e.finished = e.began.Add(-d), e.finished.Add(-d)
		}
	}
}

// identity is the n-th id, in the form of a UUID.
func identity(n int) string {
	sum := sha256.Sum256(fmt.Append(nil, "athenatest ", n))
	x := hex.EncodeToString(sum[:16])
	return x[:8] + "-" + x[8:12] + "-4" + x[13:16] + "-8" + x[17:20] + "-" + x[20:]
}

// seconds is a time as AWS JSON has it.
func seconds(t time.Time) float64 { return math.Floor(float64(t.UnixMicro())/1e3) / 1e3 }
