package engines

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// MotoAccount is the account of AWS that a moto server answers for.
const MotoAccount = "123456789012"

// MotoRegion is the region in which a moto server is asked.
const MotoRegion = "us-east-1"

// MotoServer is moto 5.2.5: Athena, S3, STS, Secrets Manager and Redshift of AWS, all at one address, with any key until
// [MotoServer.DenyAfter]. The address stays the same over Restart; what it holds does not outlive one. Its methods are not
// safe for concurrent use with one another.
//
// Its Athena runs no SQL: [MotoServer.SeedResults] says what queries answer. It ignores ClientRequestToken, MaxResults and
// NextToken, never fails a query, scans no bytes, does not double quotes in the file of a result, and answers an unknown
// id with a page of HTML.
type MotoServer struct {
	// URL is the endpoint of every service, without a slash at its end. S3 is addressed by path.
	URL string

	dir    string
	script string
	cache  string
	port   string
	proc   *process
}

// Moto starts a moto server for this test.
func Moto(t testing.TB) *MotoServer {
	t.Helper()
	require(t)
	s, err := started(newMoto)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("end of the log of moto:\n%s", readTail(s.logPath()))
		}
		if err := s.end(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var sharedMoto = sync.OnceValues(func() (*MotoServer, error) {
	if !shared.adopted() {
		return nil, errors.New("engines: a shared server has no end: call engines.Main(m) from TestMain")
	}
	s, err := started(newMoto)
	if err == nil {
		shared.adopt(func() { _ = s.end() })
	}
	return s, err
})

// SharedMoto returns the one moto server of this test binary, started at the first call and stopped by Main.
func SharedMoto(t testing.TB) *MotoServer {
	t.Helper()
	require(t)
	s, err := sharedMoto()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newMoto() (*MotoServer, error) {
	dir, err := os.MkdirTemp("", "moto-")
	if err != nil {
		return nil, err
	}
	script, cache, err := engine{name: "moto", script: "moto.sh"}.install(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	n, err := freePort()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	port := strconv.Itoa(n)
	return &MotoServer{URL: "http://" + net.JoinHostPort("127.0.0.1", port), dir: dir, script: script, cache: cache, port: port}, nil
}

func (s *MotoServer) logPath() string { return filepath.Join(s.dir, "process.log") }

func (s *MotoServer) start() error {
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()                                    // the process has its own descriptor
	cmd := exec.Command("bash", s.script, "run", s.cache, s.port)         //nolint:noctx // outlives the call; process.stop ends it
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = s.dir, log, log, motoEnv() // no credentials of the machine
	if s.proc, err = startProcess(cmd); err != nil {
		return fmt.Errorf("start moto: %w", err)
	}
	if err := s.waitReady(); err != nil {
		return errors.Join(fmt.Errorf("start moto: %w\n%s", err, readTail(s.logPath())), s.proc.kill())
	}
	return nil
}

// motoEnv is the environment of the server: nothing of this one's but where programs are.
func motoEnv() []string { return []string{"PATH=" + os.Getenv("PATH"), "PYTHONDONTWRITEBYTECODE=1"} }

func (s *MotoServer) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		_, err := s.send(ctx, http.MethodGet, "/moto-api/data.json", nil)
		if err == nil {
			return nil
		}
		select {
		case <-s.proc.ended:
			return fmt.Errorf("process ended before it answered on %s: %w", s.URL, s.proc.err)
		case <-ctx.Done():
			return fmt.Errorf("no answer on %s within %v: %w", s.URL, startTimeout, err)
		case <-ticker.C:
		}
	}
}

// Start starts a stopped or killed server again, on the same port, empty, and waits until it answers.
func (s *MotoServer) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the server and waits until it is gone.
func (s *MotoServer) Stop(t testing.TB) {
	t.Helper()
	if err := s.proc.stopBy(syscall.SIGINT, stopTimeout); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the server as a crash does, and waits until it is gone.
func (s *MotoServer) Kill(t testing.TB) {
	t.Helper()
	if err := s.proc.kill(); err != nil {
		t.Fatal(err)
	}
}

// Restart stops the server and starts it again, empty.
func (s *MotoServer) Restart(t testing.TB) {
	t.Helper()
	s.Stop(t)
	s.Start(t)
}

func (s *MotoServer) end() error {
	var err error
	if s.proc != nil && s.proc.running() {
		err = s.proc.stopBy(syscall.SIGINT, stopTimeout)
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}
