package engines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"
)

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 25 * time.Second
	queryTimeout = 60 * time.Second
	pollEvery    = 20 * time.Millisecond
)

// engine is what tells one kind of server from the other.
type engine struct {
	name    string
	script  string
	version string // what the script is asked for; empty where it knows one only
	root    string // root element of its configuration
	old     bool
	judge   string // URL that says whether a login is good; empty: the accounts have passwords
}

var (
	current = engine{name: "clickhouse", script: "clickhouse.sh", root: "clickhouse"}
	debian  = engine{name: "clickhouse-old", script: "clickhouse-old.sh", root: "yandex", old: true}
)

// Server is a real ClickHouse server on this machine. Its addresses and its data stay the same over Restart, and over
// Kill or Stop followed by Start. Its methods are not safe for concurrent use with one another; HTTPQuery and Query
// are.
type Server struct {
	// Addr is host:port of the native protocol.
	Addr string
	// HTTPAddr is host:port of the HTTP protocol.
	HTTPAddr string

	engine engine
	dir    string
	script string
	cache  string
	proc   *process
}

// newServer installs the engine and lays its configuration into dir. It starts nothing.
func newServer(e engine, dir string) (*Server, error) {
	script, cache, err := e.install(dir)
	if err != nil {
		return nil, err
	}
	native, err := freePort()
	if err != nil {
		return nil, err
	}
	web, err := freePort(native)
	if err != nil {
		return nil, err
	}
	s := &Server{
		Addr:     net.JoinHostPort("127.0.0.1", strconv.Itoa(native)),
		HTTPAddr: net.JoinHostPort("127.0.0.1", strconv.Itoa(web)),
		engine:   e, dir: dir, script: script, cache: cache,
	}
	return s, s.configure(native, web)
}

func (s *Server) configure(native, web int) error {
	for _, sub := range []string{"data", "tmp"} {
		if err := os.MkdirAll(filepath.Join(s.dir, sub), 0o755); err != nil {
			return err
		}
	}
	pages, err := template.ParseFS(files, "config/*.xml")
	if err != nil {
		return err
	}
	values := map[string]any{
		"Root": s.engine.root, "Old": s.engine.old, "Judge": s.engine.judge, "JudgedUsers": JudgedUsers(), "Dir": s.dir, "Port": native, "HTTPPort": web,
		"AdminPassword": PasswordAdmin, "ReaderPassword": PasswordReader, "Reader2Password": PasswordReader2,
		"NarrowPassword": PasswordNarrow, "FilteredPassword": PasswordFiltered, "ScarcePassword": PasswordScarce,
		"Database": Database, "GrantedTable": GrantedTable, "GrantedColumn": GrantedColumn,
		"FilteredTable": FilteredTable, "FilteredBelow": FilteredBelow,
		"Reader2MaxRows": Reader2MaxRows, "ScarceQueries": ScarceQueries,
	}
	for _, name := range []string{"config.xml", "users.xml"} {
		var page bytes.Buffer
		if err := pages.ExecuteTemplate(&page, name, values); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.dir, name), page.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// start runs the engine and waits until it answers.
func (s *Server) start() error {
	if s.proc != nil && s.proc.running() {
		return fmt.Errorf("%s on %s runs already", s.engine.name, s.Addr)
	}
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the process has its own descriptor

	cmd := exec.Command("bash", s.script, "run", s.cache, filepath.Join(s.dir, "config.xml"), filepath.Join(s.dir, "data")) //nolint:noctx // outlives the call; process.stop ends it
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	if s.proc, err = startProcess(cmd); err != nil {
		return fmt.Errorf("start %s: %w", s.engine.name, err)
	}
	if err := s.waitReady(); err != nil {
		return errors.Join(fmt.Errorf("start %s: %w\n%s", s.engine.name, err, readTail(s.logPath())), s.proc.kill())
	}
	return nil
}

func (s *Server) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		if s.answers(ctx) {
			return nil
		}
		select {
		case <-s.proc.ended:
			return fmt.Errorf("process ended before it answered on %s: %w", s.HTTPAddr, s.proc.err)
		case <-ctx.Done():
			return fmt.Errorf("no answer on %s within %v", s.HTTPAddr, startTimeout)
		case <-ticker.C:
		}
	}
}

// answers asks both ports: the HTTP one for its ping, the native one for a connection.
func (s *Server) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return false
	}
	_ = conn.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.HTTPAddr+"/ping", http.NoBody)
	if err != nil {
		return false
	}
	body, err := roundTrip(req)
	return err == nil && strings.HasPrefix(body, "Ok.")
}

func (s *Server) logPath() string { return filepath.Join(s.dir, "process.log") }

// Start starts a stopped or killed server again, on the same ports with the same data, and waits until it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the server cleanly and waits until it is gone. It is safe to call on a stopped server.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) stop() error {
	if s.proc == nil {
		return nil
	}
	return s.proc.stop(stopTimeout)
}

// Kill ends the server with SIGKILL, as a crash does, and waits until it is gone.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if err := s.proc.kill(); err != nil {
		t.Fatal(err)
	}
}

// Restart stops the server cleanly and starts it again.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Stop(t)
	s.Start(t)
}

// HTTPQuery runs one statement over HTTP, outside of the client under test, and returns the answer without its last
// line break. An error of the server fails the test.
func (s *Server) HTTPQuery(t testing.TB, user, password, sql string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), queryTimeout) // cleanups ask too
	defer cancel()
	answer, err := s.Query(ctx, user, password, sql)
	if err != nil {
		t.Fatalf("%s\n%v", sql, err)
	}
	return answer
}

// Query is HTTPQuery for a statement that may fail: the server's own message is the error.
func (s *Server) Query(ctx context.Context, user, password, sql string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.HTTPAddr+"/", strings.NewReader(sql))
	if err != nil {
		return "", err
	}
	req.SetBasicAuth(user, password)
	body, err := roundTrip(req)
	return strings.TrimSuffix(body, "\n"), err
}

// direct keeps no idle connection: a restart leaves none behind, and goroutine counts stay clean.
var direct = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func roundTrip(req *http.Request) (string, error) {
	resp, err := direct.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", resp.Status, tail(body))
	}
	return string(body), nil
}
