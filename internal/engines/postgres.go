package engines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The database and the accounts that every PostgreSQL server of this package has. The reader may read every table that
// the admin makes, the writer may change them too.
const (
	PostgresDatabase = "platform_shared_db"

	PostgresAdmin  = "admin"
	PostgresReader = "reader"
	PostgresWriter = "writer"

	PostgresAdminPassword  = "admin's pass word"
	PostgresReaderPassword = "reader pass/word"
	PostgresWriterPassword = "writer-pass"
)

// PostgresServer is a real PostgreSQL 15 server on this machine, which takes TLS connections with a password alone. Its
// address and its data stay the same over Restart, and over Kill or Stop followed by Start. Its methods are not safe
// for concurrent use with one another; Query is.
type PostgresServer struct {
	// Addr is host:port.
	Addr string
	// CAFile holds the certificate to trust, valid for 127.0.0.1 and localhost, as PEM.
	CAFile string

	dir    string
	script string
	proc   *process
}

// Postgres starts a PostgreSQL 15 server for this test.
func Postgres(t testing.TB) *PostgresServer {
	t.Helper()
	require(t)
	s, err := launchPostgres()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.end(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var sharedPostgres = sync.OnceValues(func() (*PostgresServer, error) {
	if !shared.adopted() {
		return nil, errors.New("engines: a shared server has no end: call engines.Main(m) from TestMain")
	}
	s, err := launchPostgres()
	if err == nil {
		shared.adopt(func() { _ = s.end() })
	}
	return s, err
})

// SharedPostgres returns the one PostgreSQL server of this test binary, started at the first call and stopped by Main.
func SharedPostgres(t testing.TB) *PostgresServer {
	t.Helper()
	require(t)
	s, err := sharedPostgres()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func launchPostgres() (*PostgresServer, error) {
	dir, err := os.MkdirTemp("", "postgres-")
	if err != nil {
		return nil, err
	}
	s, err := newPostgres(dir)
	if err == nil {
		err = s.start()
	}
	if err == nil {
		err = s.populate()
	}
	if err != nil {
		if s != nil {
			err = errors.Join(err, s.end())
		}
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func newPostgres(dir string) (*PostgresServer, error) {
	script, _, err := engine{name: "postgres", script: "postgres.sh"}.install(dir)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", script, "init", dir, strconv.Itoa(port))
	cmd.Env = append(os.Environ(), "ADMIN_PASSWORD="+PostgresAdminPassword)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("init postgres: %w\n%s", err, tail(out))
	}
	return &PostgresServer{
		Addr:   net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		CAFile: filepath.Join(dir, "data", "server.crt"), dir: dir, script: script,
	}, nil
}

func (s *PostgresServer) logPath() string { return filepath.Join(s.dir, "process.log") }

func (s *PostgresServer) start() error {
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()                  // the process has its own descriptor
	cmd := exec.Command("bash", s.script, "run", s.dir) //nolint:noctx // outlives the call; process.stop ends it
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	if s.proc, err = startProcess(cmd); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	if err := s.waitReady(); err != nil {
		return errors.Join(fmt.Errorf("start postgres: %w\n%s", err, readTail(s.logPath())), s.proc.kill())
	}
	return nil
}

func (s *PostgresServer) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		err := s.dial(ctx)
		if err == nil {
			if _, err = s.query(ctx, "postgres", PostgresAdmin, PostgresAdminPassword, "SELECT 1"); err == nil {
				return nil
			}
		}
		select {
		case <-s.proc.ended:
			return fmt.Errorf("process ended before it answered on %s: %w", s.Addr, s.proc.err)
		case <-ctx.Done():
			return fmt.Errorf("no answer on %s within %v: %w", s.Addr, startTimeout, err)
		case <-ticker.C:
		}
	}
}

func (s *PostgresServer) dial(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

// populate makes the database and the accounts.
func (s *PostgresServer) populate() error {
	ctx, cancel := context.WithTimeout(context.Background(), queryTimeout)
	defer cancel()
	if _, err := s.query(ctx, "postgres", PostgresAdmin, PostgresAdminPassword, "CREATE DATABASE "+PostgresDatabase); err != nil {
		return err
	}
	_, err := s.Query(ctx, PostgresAdmin, PostgresAdminPassword, `
CREATE ROLE reader LOGIN PASSWORD '`+PostgresReaderPassword+`';
CREATE ROLE writer LOGIN PASSWORD '`+PostgresWriterPassword+`';
GRANT CREATE ON SCHEMA public TO writer;
ALTER DEFAULT PRIVILEGES FOR ROLE admin GRANT SELECT ON TABLES TO reader;
ALTER DEFAULT PRIVILEGES FOR ROLE admin GRANT ALL ON TABLES TO writer;
ALTER DEFAULT PRIVILEGES FOR ROLE admin GRANT USAGE ON SCHEMAS TO reader, writer;`)
	return err
}

// Start starts a stopped or killed server again, on the same port with the same data, and waits until it answers.
func (s *PostgresServer) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

// Stop cuts every session, ends the server cleanly and waits until it is gone.
func (s *PostgresServer) Stop(t testing.TB) {
	t.Helper()
	if err := s.proc.stopBy(syscall.SIGINT, stopTimeout); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the server as a crash does, and waits until it is gone: its sessions are processes of their own, which
// would outlive a SIGKILL of their parent for a while.
func (s *PostgresServer) Kill(t testing.TB) {
	t.Helper()
	if err := s.proc.stopBy(syscall.SIGQUIT, stopTimeout); err != nil {
		t.Fatal(err)
	}
}

// Restart stops the server and starts it again.
func (s *PostgresServer) Restart(t testing.TB) {
	t.Helper()
	s.Stop(t)
	s.Start(t)
}

func (s *PostgresServer) end() error {
	var err error
	if s.proc != nil {
		err = s.proc.stopBy(syscall.SIGINT, stopTimeout)
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// Admin runs statements as the superuser, outside of the client under test, and returns their answer: values apart by
// a bar, rows by a line break. An error of the server fails the test.
func (s *PostgresServer) Admin(t testing.TB, sql string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), queryTimeout) // cleanups ask too
	defer cancel()
	answer, err := s.Query(ctx, PostgresAdmin, PostgresAdminPassword, sql)
	if err != nil {
		t.Fatalf("%s\n%v", sql, err)
	}
	return answer
}

// Refused is how many logins as an account whose name begins so the server has refused for their password.
func (s *PostgresServer) Refused(t testing.TB, user string) int {
	t.Helper()
	said, err := os.ReadFile(s.logPath())
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(said, []byte(`FATAL:  password authentication failed for user "`+user))
}

// Query is Admin for any account and for statements that may fail: the server's own message is the error.
func (s *PostgresServer) Query(ctx context.Context, user, password, sql string) (string, error) {
	return s.query(ctx, PostgresDatabase, user, password, sql)
}

func (s *PostgresServer) query(ctx context.Context, database, user, password, sql string) (string, error) {
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", host, "-p", port, "-U", user, "-d", database)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password, "PGSSLMODE=require", "PGCONNECT_TIMEOUT=10")
	cmd.Stdin = strings.NewReader(sql)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, tail(problems.Bytes()))
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}
