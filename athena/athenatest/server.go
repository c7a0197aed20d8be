package athenatest

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/script"
	"github.com/fourkites/sources/internal/trinosql"
	"github.com/fourkites/sources/internal/wire"
)

// What every server has: a key of AWS, the account that it belongs to, and a bucket for results, which [Server.Config]
// names as the place of output.
const (
	AccessKey = "DEMOACCESSKEY0000001"
	SecretKey = "demo-secret-of-the-fake-0123456789abcdef"
	Account   = "123456789012"
	Bucket    = "demo-athena-results"
	Region    = "us-east-1"
)

// home is where statements look for tables, and where the tables of history are.
var home = trinosql.Session{Catalog: "AwsDataCatalog", Schema: "raw_data_db"}

// Server is one Athena with its S3. Make it with [NewServer] and end it with [Server.Close]. All its methods are safe for
// concurrent use, also while clients are connected.
type Server struct {
	api     wire.Server // its faults are those of Athena
	objects wire.Server // its faults are those of S3
	errs    []error
	script  script.Script[Request, Reply]

	mu         sync.Mutex
	engine     *trinosql.Engine
	requests   []Request
	executions map[string]*execution
	history    []*execution // in the order of their beginning
	tokens     map[string]*execution
	number     int
	limit      int // of queries that run at once; 0 = none
	groups     map[string]Workgroup
	buckets    map[string]*bucket
	bare       bool // results have no .metadata
	keys       map[string]key
	skew       time.Duration
	refusals   []refusal
	planned    map[string]*fault.Plan // by action
}

// NewServer starts a server on two free ports of 127.0.0.1. Its tables of history are empty, in the database raw_data_db of
// the catalog AwsDataCatalog. Its workgroup primary has no place of output. Listening fails only on a machine that is out
// of ports or descriptors; then [Server.Err] says so and nobody can connect.
func NewServer() *Server {
	s := &Server{
		engine: trinosql.NewEngine(nil), executions: map[string]*execution{}, tokens: map[string]*execution{},
		groups: map[string]Workgroup{}, buckets: map[string]*bucket{}, planned: map[string]*fault.Plan{},
		keys: map[string]key{AccessKey: {secret: SecretKey}},
	}
	s.engine.DefineHistory(home)
	s.SetWorkgroup(Workgroup{Name: "primary"})
	s.AddBucket(Bucket)
	s.api.List = wire.List{Begin: `{"ResultSet":{"Rows":[`, Entry: `{"Data":[{"VarCharValue":"x"}]},`, End: `]}}`}
	s.objects.List = wire.List{Begin: "\"_col0\"\n", Entry: "\"x\"\n"}
	for _, err := range []error{s.api.Start(s.serve, nil), s.objects.Start(s.serveObject, nil)} {
		if err != nil {
			s.errs = append(s.errs, err)
		}
	}
	return s
}

// Err says why the server could not start; nil if it runs or ran.
func (s *Server) Err() error {
	if len(s.errs) == 0 {
		return nil
	}
	return fmt.Errorf("athenatest: no server on 127.0.0.1: %w", s.errs[0])
}

// URL is where Athena is reached.
func (s *Server) URL() string { return s.api.URL() }

// S3URL is where S3 is reached, by paths: /bucket/key.
func (s *Server) S3URL() string { return s.objects.URL() }

// Config is a configuration for this server, without a proxy. It holds no credentials:
// set its Key to [AccessKey] and [SecretKey] with a colon between them, or have the chain of AWS find them, as
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for one.
func (s *Server) Config() athena.Config {
	return athena.Config{
		Region: Region, Endpoint: s.URL(), S3Endpoint: s.S3URL(), OutputLocation: "s3://" + Bucket + "/results/", Proxy: "none",
	}
}

// Close ends the server and every connection. It may be called again.
func (s *Server) Close() {
	s.api.Close()
	s.objects.Close()
}

// Connections is how many connections are open now, and how many were accepted since the start, to Athena and to S3.
func (s *Server) Connections() (open, total int) {
	open, total = s.api.Connections()
	a, b := s.objects.Connections()
	return open + a, total + b
}

// DropConnections drops every open connection, as a restart does. New ones are accepted.
func (s *Server) DropConnections() {
	s.api.DropConnections()
	s.objects.DropConnections()
}

// Running is how many queries wait or run: neither ended nor stopped.
func (s *Server) Running() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running(s.now())
}

// running counts. The caller holds the lock.
func (s *Server) running(now time.Time) int {
	n := 0
	for _, e := range s.history {
		if s.advance(e, now); !e.ended() {
			n++
		}
	}
	return n
}

// Executions are the queries that were begun, oldest first.
func (s *Server) Executions() []Execution {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Execution
	now := s.now()
	for _, e := range s.history {
		s.advance(e, now)
		all = append(all, Execution{ID: e.id, SQL: e.in.QueryString, State: e.state, Token: e.in.ClientRequestToken})
	}
	return slices.Clip(all)
}

// Execution is one query and how far it has come: QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED.
type Execution struct{ ID, SQL, State, Token string }

// SetConcurrency has the server refuse a query while so many run; 0 is no limit.
func (s *Server) SetConcurrency(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = n
}

// SetSkew puts the server's clock so far ahead of the machine's, or behind it: it refuses signatures of another time than
// its own, by more than five minutes at Athena and fifteen at S3, and tells its time in the header Date.
func (s *Server) SetSkew(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skew = d
}

// now is the server's time. The caller holds the lock.
func (s *Server) now() time.Time { return time.Now().Add(s.skew) }

// Workgroup is the settings of a workgroup.
type Workgroup struct {
	Name               string
	Disabled           bool
	OutputLocation     string // s3://bucket/folder/; empty = none
	Enforced           bool   // its settings override those of the request
	Managed            bool   // results are kept by Athena: they have no location
	BytesScannedCutoff int64  // of one query; 0 = none
	KMSKey             string // that results are encrypted with; empty = none
}

// SetWorkgroup adds a workgroup, or changes one.
func (s *Server) SetWorkgroup(w Workgroup) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups[cmp.Or(w.Name, "primary")] = w
}
