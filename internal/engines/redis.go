package engines

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// RedisPassword is that of the default account of every Redis server of this package.
const RedisPassword = "redis-of-the-test"

// RedisServer is a real Redis 7 server on this machine. Its address stays the same over Kill or Stop followed by Start;
// its data do so over Stop alone, which saves them, unless Empty throws them away. Its methods are not safe for concurrent
// use with one another; Command is.
type RedisServer struct {
	// Addr is host:port.
	Addr string

	dir    string
	script string
	proc   *process
}

// Redis starts a server for this test. The settings are further lines of its configuration ("cluster-enabled yes").
func Redis(t testing.TB, settings ...string) *RedisServer {
	t.Helper()
	require(t)
	s, err := newRedis(t.TempDir(), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("end of the log of redis:\n%s", readTail(s.logPath()))
		}
	})
	s.Start(t)
	return s
}

func newRedis(dir string, settings []string) (*RedisServer, error) {
	script, _, err := engine{name: "redis", script: "redis.sh"}.install(dir)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	lines := append([]string{
		"bind 127.0.0.1", "port " + strconv.Itoa(port), "requirepass " + RedisPassword, "dir " + dir,
		"appendonly no", "save 3600 1000000", "daemonize no",
	}, settings...)
	s := &RedisServer{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), dir: dir, script: script}
	return s, os.WriteFile(s.config(), []byte(strings.Join(lines, "\n")+"\n"), 0o644)
}

func (s *RedisServer) config() string  { return filepath.Join(s.dir, "redis.conf") }
func (s *RedisServer) logPath() string { return filepath.Join(s.dir, "process.log") }

// Start starts a stopped or killed server again and waits until it answers.
func (s *RedisServer) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

func (s *RedisServer) start() error {
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()                              // the process has its own descriptor
	cmd := exec.Command("bash", s.script, "run", s.dir, s.config()) //nolint:noctx // outlives the call; process.stop ends it
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	if s.proc, err = startProcess(cmd); err != nil {
		return fmt.Errorf("start redis: %w", err)
	}
	if err := s.waitReady(); err != nil {
		return errors.Join(fmt.Errorf("start redis: %w\n%s", err, readTail(s.logPath())), s.proc.kill())
	}
	return nil
}

func (s *RedisServer) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		answer, err := s.Command(ctx, "PING")
		if err == nil && answer == "+PONG" {
			return nil
		}
		select {
		case <-s.proc.ended:
			return fmt.Errorf("process ended before it answered on %s: %w", s.Addr, s.proc.err)
		case <-ctx.Done():
			return fmt.Errorf("no answer on %s within %v: %s %w", s.Addr, startTimeout, answer, err)
		case <-ticker.C:
		}
	}
}

// Stop ends the server cleanly, its data saved, and waits until it is gone. It is safe to call on a stopped server.
func (s *RedisServer) Stop(t testing.TB) {
	t.Helper()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
}

func (s *RedisServer) stop() error {
	if s.proc == nil {
		return nil
	}
	return s.proc.stop(stopTimeout)
}

// Kill ends the server with SIGKILL, as a crash does, and waits until it is gone. What was not saved is lost.
func (s *RedisServer) Kill(t testing.TB) {
	t.Helper()
	if err := s.proc.kill(); err != nil {
		t.Fatal(err)
	}
}

// Empty throws the saved data of a stopped server away.
func (s *RedisServer) Empty(t testing.TB) {
	t.Helper()
	if err := os.Remove(filepath.Join(s.dir, "dump.rdb")); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}

// Command sends one command in the inline form, whose words hold no spaces, outside of the client under test, and
// returns the first line of the answer as it came ("+OK", ":1", "-ERR ...").
func (s *RedisServer) Command(ctx context.Context, words ...string) (string, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })()
	answers := bufio.NewReader(conn)
	for _, command := range []string{"AUTH " + RedisPassword, strings.Join(words, " ")} {
		if _, err := fmt.Fprintf(conn, "%s\r\n", command); err != nil {
			return "", err
		}
		line, err := answers.ReadString('\n')
		if err != nil {
			return "", err
		}
		if line = strings.TrimRight(line, "\r\n"); command == strings.Join(words, " ") || line != "+OK" {
			return line, nil
		}
	}
	return "", nil
}
