package engines

import (
	"errors"
	"os"
	"sync"
	"testing"
)

// ClickHouse starts a ClickHouse 26.7 server for this test. It knows every account of this package.
func ClickHouse(t testing.TB) *Server {
	t.Helper()
	return serverFor(t, current)
}

// ClickHouseJudged is ClickHouse with the accounts of [JudgedUsers]. At each of their logins the server shows user and password,
// as HTTP's Basic does, to the given URL, and lets them in where that answers 200. So passwords can be turned while it runs.
func ClickHouseJudged(t testing.TB, judge string) *Server {
	t.Helper()
	judged := current
	judged.judge = judge
	return serverFor(t, judged)
}

// ClickHouseOld starts the ClickHouse 18.16 that Debian packages. It has no UserNarrow and no UserFiltered.
func ClickHouseOld(t testing.TB) *Server {
	t.Helper()
	return serverFor(t, debian)
}

// Shared returns the one ClickHouse 26.7 server of this test binary, started at the first call and stopped by Main.
// Tests that stop, kill or fill the server take one of their own from ClickHouse.
func Shared(t testing.TB) *Server {
	t.Helper()
	return sharedFor(t, sharedCurrent)
}

// SharedOld is Shared for the ClickHouse 18.16 that Debian packages.
func SharedOld(t testing.TB) *Server {
	t.Helper()
	return sharedFor(t, sharedDebian)
}

// Main runs the tests and then stops the shared servers. Call it from TestMain with its argument; the result is the
// exit code of the tests, which the testing package applies by itself.
func Main(m interface{ Run() int }) int {
	shared.run()
	defer shared.stop()
	return m.Run()
}

func require(t testing.TB) {
	t.Helper()
	if os.Getenv("INTEGRATION") != "1" {
		t.Skip("needs real engines: run make integration")
	}
}

func serverFor(t testing.TB, e engine) *Server {
	t.Helper()
	require(t)
	dir := t.TempDir() // before the cleanup below, which must run first
	s, err := launch(e, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("end of the log of %s:\n%s", e.name, readTail(s.logPath()))
		}
	})
	return s
}

// launch starts a server. Between choosing a port and taking it another process may be faster: then it tries again.
func launch(e engine, dir string) (*Server, error) {
	var problems []error
	for range 3 {
		s, err := newServer(e, dir)
		if err != nil {
			return nil, err
		}
		if err = s.start(); err == nil {
			return s, nil
		}
		problems = append(problems, err)
	}
	return nil, errors.Join(problems...)
}

var (
	shared        sharedServers
	sharedCurrent = sync.OnceValues(func() (*Server, error) { return shared.launch(current) })
	sharedDebian  = sync.OnceValues(func() (*Server, error) { return shared.launch(debian) })
)

func sharedFor(t testing.TB, server func() (*Server, error)) *Server {
	t.Helper()
	require(t)
	s, err := server()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sharedServers are the servers that Main stops.
type sharedServers struct {
	mu      sync.Mutex
	owned   bool
	servers []*Server
	ends    []func()
}

// adopted reports whether Main runs.
func (all *sharedServers) adopted() bool {
	all.mu.Lock()
	defer all.mu.Unlock()
	return all.owned
}

// adopt has Main end a server of another kind.
func (all *sharedServers) adopt(end func()) {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.ends = append(all.ends, end)
}

func (all *sharedServers) run() {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.owned = true
}

func (all *sharedServers) launch(e engine) (*Server, error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if !all.owned {
		return nil, errors.New("engines: a shared server has no end: call engines.Main(m) from TestMain")
	}
	dir, err := os.MkdirTemp("", e.name+"-")
	if err != nil {
		return nil, err
	}
	s, err := launch(e, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	all.servers = append(all.servers, s)
	return s, nil
}

func (all *sharedServers) stop() {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, s := range all.servers {
		_ = s.stop() // one that ignored SIGTERM was killed: nothing is left either way
		_ = os.RemoveAll(s.dir)
	}
	for _, end := range all.ends {
		end()
	}
	all.servers, all.ends, all.owned = nil, nil, false
}
