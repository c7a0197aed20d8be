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
	"testing"
	"time"
)

// browser is a Chromium without a window, for one test. It opens no page by itself.
type browser struct {
	url    string // of its DevTools
	dir    string
	script string
	port   string
	proc   *process
}

// Chromium starts a browser for this test and returns the address of its DevTools, such as http://127.0.0.1:21000. The
// browser ends with the test.
func Chromium(t testing.TB) string {
	t.Helper()
	require(t)
	b, err := started(newChromium)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("end of the log of chromium:\n%s", readTail(b.logPath()))
		}
		if err := b.end(); err != nil {
			t.Error(err)
		}
	})
	return b.url
}

func newChromium() (*browser, error) {
	dir, err := os.MkdirTemp("", "chromium-")
	if err != nil {
		return nil, err
	}
	script, _, err := engine{name: "chromium", script: "chromium.sh"}.install(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	n, err := freePort()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	port := strconv.Itoa(n)
	return &browser{url: "http://" + net.JoinHostPort("127.0.0.1", port), dir: dir, script: script, port: port}, nil
}

func (b *browser) logPath() string { return filepath.Join(b.dir, "process.log") }

func (b *browser) start() error {
	log, err := os.OpenFile(b.logPath(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()                                                              // the process has its own descriptor
	cmd := exec.Command("bash", b.script, "run", b.port, filepath.Join(b.dir, "profile"))           //nolint:noctx // outlives the call; process.stop ends it
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = b.dir, log, log, append(os.Environ(), "HOME="+b.dir) // it leaves nothing in the user's folder
	if b.proc, err = startProcess(cmd); err != nil {
		return fmt.Errorf("start chromium: %w", err)
	}
	if err := b.waitReady(); err != nil {
		return errors.Join(fmt.Errorf("start chromium: %w\n%s", err, readTail(b.logPath())), b.proc.kill())
	}
	return nil
}

func (b *browser) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+"/json/version", http.NoBody)
		if err != nil {
			return err
		}
		if _, err = roundTrip(req); err == nil {
			return nil
		}
		select {
		case <-b.proc.ended:
			return fmt.Errorf("process ended before it answered on %s: %w", b.url, b.proc.err)
		case <-ctx.Done():
			return fmt.Errorf("no answer on %s within %v: %w", b.url, startTimeout, err)
		case <-ticker.C:
		}
	}
}

func (b *browser) end() error {
	var err error
	if b.proc != nil && b.proc.running() {
		err = b.proc.kill() // its data is thrown away: nothing is to be saved
	}
	return errors.Join(err, os.RemoveAll(b.dir))
}
