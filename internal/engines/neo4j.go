package engines

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"
)

// The account of a Neo4j server, and its password until [Neo4jServer.ChangePassword]. The Community edition knows no
// roles: the account has every right, and so has each that is made beside it.
const (
	Neo4jUser     = "neo4j"
	Neo4jPassword = "neo4j-of-the-test"
)

const neo4jStart = 3 * time.Minute // 6 s on two idle cores

var (
	neo4jLong = engine{name: "neo4j", script: "neo4j.sh", version: "5.26.30"}
	neo4jNext = engine{name: "neo4j-next", script: "neo4j.sh", version: "2026.08.1"}
)

// Neo4jServer is a real Neo4j Community server. Its port takes Bolt with TLS and without it. Its address and its data
// stay the same over Restart, and over Kill or Stop followed by Start. Its methods are not safe for concurrent use with
// one another; Query is.
type Neo4jServer struct {
	// Addr is host:port of Bolt.
	Addr string
	// CAFile holds the certificate to trust, valid for 127.0.0.1 and localhost, as PEM.
	CAFile string
	// Version is that of the server, such as 5.26.30.
	Version string
	// Password is that of [Neo4jUser] now.
	Password string

	engine engine
	dir    string
	script string
	cache  string
	proc   *process
}

// Neo4j starts a server of the version with long support, 5.26, for this test. The settings are lines of neo4j.conf
// ("db.transaction.timeout=2s"), each in place of the line of that name that this package writes; a name that the server
// does not know keeps it from starting.
func Neo4j(t testing.TB, settings ...string) *Neo4jServer {
	t.Helper()
	require(t)
	return neo4jFor(t, neo4jLong, settings)
}

// Neo4jNext is Neo4j with a version of the year 2026. It skips the test where there is no JDK of version 21 or newer.
func Neo4jNext(t testing.TB, settings ...string) *Neo4jServer {
	t.Helper()
	require(t)
	if err := neo4jNext.javaError(t.TempDir()); err != nil {
		t.Skip(err)
	}
	return neo4jFor(t, neo4jNext, settings)
}

// SharedNeo4j returns the one Neo4j 5.26 of this test binary, started at the first call and stopped by Main.
func SharedNeo4j(t testing.TB) *Neo4jServer {
	t.Helper()
	require(t)
	s, err := sharedNeo4j()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var sharedNeo4j = sync.OnceValues(func() (*Neo4jServer, error) {
	if !shared.adopted() {
		return nil, errors.New("engines: a shared server has no end: call engines.Main(m) from TestMain")
	}
	dir, err := os.MkdirTemp("", "neo4j-")
	if err != nil {
		return nil, err
	}
	s, err := launchNeo4j(neo4jLong, dir, nil)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	shared.adopt(func() {
		_ = s.end() // one that ignored SIGTERM was killed: nothing is left either way
		_ = os.RemoveAll(dir)
	})
	return s, nil
})

// javaError says why the engine has nothing to run on.
func (e engine) javaError(dir string) error {
	if err := layScripts(dir); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, "bash", filepath.Join(dir, e.script), "java", dir, e.version).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, tail(out))
	}
	return nil
}

func neo4jFor(t testing.TB, e engine, settings []string) *Neo4jServer {
	t.Helper()
	s, err := launchNeo4j(e, t.TempDir(), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.end(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("end of the log of neo4j:\n%s", readTail(s.logPath()))
		}
	})
	return s
}

func launchNeo4j(e engine, dir string, settings []string) (*Neo4jServer, error) {
	script, cache, err := e.install(dir)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &Neo4jServer{
		Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Version: e.version, Password: Neo4jPassword,
		engine: e, dir: dir, script: script, cache: cache,
	}
	if err := s.configure(settings); err != nil {
		return nil, err
	}
	if err := s.initialize(); err != nil {
		return nil, err
	}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

func (s *Neo4jServer) configure(settings []string) error {
	certificates := filepath.Join(s.dir, "certificates", "bolt")
	for _, dir := range []string{"conf", "data", "logs", "run", "import", "plugins"} {
		if err := os.MkdirAll(filepath.Join(s.dir, dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(certificates, 0o755); err != nil {
		return err
	}
	s.CAFile = filepath.Join(certificates, "public.crt")
	if err := writeCertificate(s.CAFile, filepath.Join(certificates, "private.key")); err != nil {
		return err
	}
	lines := s.settings()
	for _, line := range settings {
		name, value, _ := strings.Cut(line, "=")
		lines[name] = value
	}
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		text.WriteString(name + "=" + lines[name] + "\n")
	}
	return os.WriteFile(filepath.Join(s.dir, "conf", "neo4j.conf"), []byte(text.String()), 0o600)
}

// settings are few and small: no HTTP, no report of usage, files that a test needs.
func (s *Neo4jServer) settings() map[string]string {
	lines := map[string]string{
		"server.default_listen_address":           "127.0.0.1",
		"server.bolt.enabled":                     "true",
		"server.bolt.listen_address":              s.Addr,
		"server.bolt.advertised_address":          s.Addr,
		"server.bolt.tls_level":                   "OPTIONAL",
		"server.http.enabled":                     "false",
		"server.https.enabled":                    "false",
		"server.directories.import":               "import", // without it LOAD CSV reads every file of the host
		"server.memory.pagecache.size":            "64m",
		"dbms.security.auth_enabled":              "true",
		"dbms.usage_report.enabled":               "false",
		"dbms.ssl.policy.bolt.enabled":            "true",
		"dbms.ssl.policy.bolt.base_directory":     "certificates/bolt",
		"dbms.ssl.policy.bolt.private_key":        "private.key",
		"dbms.ssl.policy.bolt.public_certificate": "public.crt",
		"dbms.ssl.policy.bolt.client_auth":        "NONE",
		"db.shutdown_transaction_end_timeout":     "1s",
		"db.tx_log.preallocate":                   "false",
		"db.tx_log.rotation.size":                 "8m",
		"db.transaction.monitor.check.interval":   "200ms", // how often it looks for transactions that ran out of time
	}
	// Without these a stop takes ten seconds longer. The names differ by version, and an unknown one stops the start.
	if strings.HasPrefix(s.Version, "5.") {
		lines["internal.dbms.bolt.netty_server_shutdown_quiet_period"] = "0"
	} else {
		lines["internal.dbms.bolt.netty_server_shutdown_quiet_period_duration"] = "0s"
		lines["server.fleet_discovery.enabled"] = "false"
		lines["dbms.fleet_manager.enabled"] = "false"
	}
	return lines
}

func (s *Neo4jServer) initialize() error {
	ctx, cancel := context.WithTimeout(context.Background(), neo4jStart)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", s.script, "init", s.cache, s.Version, s.dir)
	cmd.Env = append(os.Environ(), "NEO4J_PASSWORD="+Neo4jPassword)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("init neo4j: %w\n%s", err, tail(out))
	}
	return nil
}

func (s *Neo4jServer) logPath() string { return filepath.Join(s.dir, "process.log") }

// start runs the server and waits until it has answered a query.
func (s *Neo4jServer) start() error {
	if s.proc != nil && s.proc.running() {
		return fmt.Errorf("neo4j on %s runs already", s.Addr)
	}
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()                                      // the process has its own descriptor
	cmd := exec.Command("bash", s.script, "run", s.cache, s.Version, s.dir) //nolint:noctx // outlives the call; process.stop ends it
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	if s.proc, err = startProcess(cmd); err != nil {
		return fmt.Errorf("start neo4j: %w", err)
	}
	if err := s.waitReady(); err != nil {
		return errors.Join(fmt.Errorf("start neo4j: %w\n%s", err, readTail(s.logPath())), s.proc.kill())
	}
	return nil
}

// waitReady dials before it logs in: a server counts wrong logins, and one that starts may refuse the right one.
func (s *Neo4jServer) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), neo4jStart)
	defer cancel()
	ticker := time.NewTicker(10 * pollEvery)
	defer ticker.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Addr)
		if err == nil {
			_ = conn.Close()
			if _, err = s.Query(ctx, Neo4jUser, s.Password, "RETURN 1", nil); err == nil {
				return nil
			}
		}
		select {
		case <-s.proc.ended:
			return fmt.Errorf("process ended before it answered on %s: %w", s.Addr, s.proc.err)
		case <-ctx.Done():
			return fmt.Errorf("no answer on %s within %v: %w", s.Addr, neo4jStart, err)
		case <-ticker.C:
		}
	}
}

// Start starts a stopped or killed server again, on the same port with the same data, and waits until it answers.
func (s *Neo4jServer) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the server cleanly and waits until it is gone. It is safe to call on a stopped server.
func (s *Neo4jServer) Stop(t testing.TB) {
	t.Helper()
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
}

func (s *Neo4jServer) end() error {
	if s.proc == nil {
		return nil
	}
	return s.proc.stop(stopTimeout)
}

// Kill ends the server with SIGKILL, as a crash does, and waits until it is gone.
func (s *Neo4jServer) Kill(t testing.TB) {
	t.Helper()
	if err := s.proc.kill(); err != nil {
		t.Fatal(err)
	}
}

// Restart stops the server cleanly and starts it again.
func (s *Neo4jServer) Restart(t testing.TB) {
	t.Helper()
	s.Stop(t)
	s.Start(t)
}

// ChangePassword gives the account another password while the server runs. Connections that are open go on with what
// they logged in with.
func (s *Neo4jServer) ChangePassword(t testing.TB, password string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), queryTimeout)
	defer cancel()
	_, err := s.query(ctx, "system", Neo4jUser, s.Password, "ALTER USER "+Neo4jUser+" SET PASSWORD $password CHANGE NOT REQUIRED",
		map[string]any{"password": password})
	if err != nil {
		t.Fatal(err)
	}
	s.Password = password
}

// Admin runs one statement outside of the client under test and returns the values of its records. An error of the
// server fails the test.
func (s *Neo4jServer) Admin(t testing.TB, cypher string) [][]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), queryTimeout) // cleanups ask too
	defer cancel()
	records, err := s.Query(ctx, Neo4jUser, s.Password, cypher, nil)
	if err != nil {
		t.Fatalf("%s\n%v", cypher, err)
	}
	return records
}

// Query is Admin for any account, with parameters, and for statements that may fail: the driver's error is the error.
func (s *Neo4jServer) Query(ctx context.Context, user, password, cypher string, params map[string]any) ([][]any, error) {
	return s.query(ctx, "neo4j", user, password, cypher, params)
}

func (s *Neo4jServer) query(ctx context.Context, database, user, password, cypher string, params map[string]any) (_ [][]any, err error) {
	driver, err := neo4j.NewDriverWithContext("bolt://"+s.Addr, neo4j.BasicAuth(user, password, ""), func(c *config.Config) {
		c.MaxTransactionRetryTime, c.SocketConnectTimeout, c.TelemetryDisabled = 0, startTimeout, true
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, driver.Close(context.WithoutCancel(ctx))) }()
	session := driver.NewSession(ctx, neo4j.SessionConfig{DatabaseName: database})
	defer func() { err = errors.Join(err, session.Close(context.WithoutCancel(ctx))) }()
	result, err := session.Run(ctx, cypher, params)
	if err != nil {
		return nil, err
	}
	var records [][]any
	for result.Next(ctx) {
		records = append(records, result.Record().Values)
	}
	return records, result.Err()
}
