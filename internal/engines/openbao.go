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
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"
)

// OpenBaoRootToken is the root token of every OpenBao server of this package.
const OpenBaoRootToken = "root-of-the-test"

// OpenBaoServer is OpenBao 2.7.2, which answers the API of HashiCorp Vault, unsealed and with KV v2 at secret/. What it holds is
// in its memory: that outlives Seal and Unseal, and neither Stop nor Kill. The address and the root token stay the same. Its
// methods are not safe for concurrent use with one another; Ask is.
type OpenBaoServer struct {
	// URL is the address of the server, without a slash at its end.
	URL string

	dir    string
	script string
	cache  string
	port   string
	proc   *process
}

// OpenBao starts an OpenBao server for this test.
func OpenBao(t testing.TB) *OpenBaoServer {
	t.Helper()
	require(t)
	s, err := started(newOpenBao)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("end of the log of OpenBao:\n%s", readTail(s.logPath()))
		}
		if err := s.end(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var sharedOpenBao = sync.OnceValues(func() (*OpenBaoServer, error) {
	if !shared.adopted() {
		return nil, errors.New("engines: a shared server has no end: call engines.Main(m) from TestMain")
	}
	s, err := started(newOpenBao)
	if err == nil {
		shared.adopt(func() { _ = s.end() })
	}
	return s, err
})

// SharedOpenBao returns the one OpenBao server of this test binary, started at the first call and stopped by Main. Who seals or
// stops a server starts one of its own.
func SharedOpenBao(t testing.TB) *OpenBaoServer {
	t.Helper()
	require(t)
	s, err := sharedOpenBao()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newOpenBao() (*OpenBaoServer, error) {
	dir, err := os.MkdirTemp("", "openbao-")
	if err != nil {
		return nil, err
	}
	script, cache, err := engine{name: "openbao", script: "openbao.sh"}.install(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	n, err := freePort()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	port := strconv.Itoa(n)
	return &OpenBaoServer{URL: "http://" + net.JoinHostPort("127.0.0.1", port), dir: dir, script: script, cache: cache, port: port}, nil
}

func (s *OpenBaoServer) logPath() string { return filepath.Join(s.dir, "process.log") }

func (s *OpenBaoServer) start() error {
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) // it holds the key to unseal it
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()                                   // the process has its own descriptor
	cmd := exec.Command("bash", s.script, "run", s.cache, s.port, s.dir) //nolint:noctx // outlives the call; process.stop ends it
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "ROOT_TOKEN=" + OpenBaoRootToken} // no settings of the machine
	if s.proc, err = startProcess(cmd); err != nil {
		return fmt.Errorf("start openbao: %w", err)
	}
	if err := s.waitReady(); err != nil {
		return errors.Join(fmt.Errorf("start openbao: %w\n%s", err, readTail(s.logPath())), s.proc.kill())
	}
	return nil
}

// waitReady waits for KV, which the server mounts after it has begun to answer.
func (s *OpenBaoServer) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		answer, err := s.Ask(ctx, http.MethodGet, "sys/internal/ui/mounts/secret/x", "")
		if err == nil && regexp.MustCompile(`"version":"2"`).MatchString(answer) {
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
func (s *OpenBaoServer) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the server and waits until it is gone. Leases that run are not revoked.
func (s *OpenBaoServer) Stop(t testing.TB) {
	t.Helper()
	if err := s.proc.stop(stopTimeout); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the server as a crash does, and waits until it is gone.
func (s *OpenBaoServer) Kill(t testing.TB) {
	t.Helper()
	if err := s.proc.kill(); err != nil {
		t.Fatal(err)
	}
}

// Restart stops the server and starts it again, empty.
func (s *OpenBaoServer) Restart(t testing.TB) {
	t.Helper()
	s.Stop(t)
	s.Start(t)
}

func (s *OpenBaoServer) end() error {
	var err error
	if s.proc != nil && s.proc.running() {
		err = s.proc.stop(stopTimeout)
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}
