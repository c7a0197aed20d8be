package engines

import (
	"bytes"
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the one hash by which this version of Trino checks such a password
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"
)

// The account of a Trino server.
const (
	TrinoUser     = "reader"
	TrinoPassword = "reader-password"
)

const (
	trinoStart                                   = 6 * time.Minute // 15 s on two idle cores, minutes on busy ones
	trinoStop                                    = 60 * time.Second
	passwordIterations, passwordBytes, saltBytes = 1000, 20, 16
)

// TrinoServer is a real Trino 476, one node: catalogs tpch, memory, and hive with a schema log on the local disk; results
// may be spooled. Over HTTP it takes any user without a password, over HTTPS only [TrinoUser] with [TrinoPassword]. Its
// addresses stay the same over Restart; what the catalog memory holds does not outlive one. Its methods are not safe for
// concurrent use with one another; Query is.
type TrinoServer struct {
	Addr       string // host:port of HTTP
	SecureAddr string // host:port of HTTPS
	CAFile     string // PEM of the certificate to trust

	dir    string
	script string
	cache  string
	store  *objectStore
	proc   *process
}

// Trino starts a server for this test. The wait for it takes 15 to 60 seconds.
func Trino(t testing.TB) *TrinoServer {
	t.Helper()
	require(t)
	s, err := launchTrino(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.end(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("end of the log of trino:\n%s", readTail(s.logPath()))
		}
	})
	return s
}

// SharedTrino returns the one Trino server of this test binary, started at the first call and stopped by Main.
func SharedTrino(t testing.TB) *TrinoServer {
	t.Helper()
	require(t)
	s, err := sharedTrino()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var sharedTrino = sync.OnceValues(func() (*TrinoServer, error) {
	if !shared.adopted() {
		return nil, errors.New("engines: a shared server has no end: call engines.Main(m) from TestMain")
	}
	dir, err := os.MkdirTemp("", "trino-")
	if err != nil {
		return nil, err
	}
	s, err := launchTrino(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	shared.adopt(func() {
		_ = s.end() // one that ignored SIGTERM was killed: nothing is left either way
		_ = os.RemoveAll(dir)
	})
	return s, nil
})

func launchTrino(dir string) (*TrinoServer, error) {
	script, cache, err := engine{name: "trino", script: "trino.sh"}.install(dir)
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &TrinoServer{dir: dir, script: script, cache: cache, store: newObjectStore(listener)}
	if err := s.configure(); err != nil {
		return nil, errors.Join(err, s.end())
	}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

func (s *TrinoServer) end() error {
	var err error
	if s.proc != nil {
		err = s.proc.stop(trinoStop)
	}
	s.store.close()
	return err
}

func (s *TrinoServer) configure() error {
	plain, err := freePort()
	if err != nil {
		return err
	}
	secure, err := freePort(plain)
	if err != nil {
		return err
	}
	address := func(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
	s.Addr, s.SecureAddr, s.CAFile = address(plain), address(secure), filepath.Join(s.dir, "etc", "ca.pem")
	for _, sub := range []string{"etc/catalog", "data", "hive"} {
		if err := os.MkdirAll(filepath.Join(s.dir, sub), 0o755); err != nil {
			return err
		}
	}
	if err := s.certify(); err != nil {
		return err
	}
	line, err := passwordLine()
	if err != nil {
		return err
	}
	pages, err := template.ParseFS(files, "config/trino.txt")
	if err != nil {
		return err
	}
	values := map[string]any{
		"Dir": s.dir, "Port": plain, "SecurePort": secure, "Plugins": filepath.Join(s.cache, "trino-476", "plugin"),
		"Secret": randomBase64(), "SpoolSecret": randomBase64(), "Password": line, "Store": s.store.url,
	}
	var all bytes.Buffer
	if err := pages.Execute(&all, values); err != nil {
		return err
	}
	return s.write(all.String())
}

// write lays out the files of a text in which each begins with a line "=== name".
func (s *TrinoServer) write(text string) error {
	for _, part := range strings.Split("\n"+text, "\n=== ")[1:] {
		name, body, _ := strings.Cut(part, "\n")
		if err := os.WriteFile(filepath.Join(s.dir, "etc", name), []byte(body+"\n"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func randomBase64() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}

// passwordLine is the account in the form of the file authenticator.
func passwordLine() (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	key, err := pbkdf2.Key(sha1.New, TrinoPassword, salt, passwordIterations, passwordBytes)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s:%d:%s:%s", TrinoUser, passwordIterations, hex.EncodeToString(salt), hex.EncodeToString(key)), nil
}

// certify makes the certificate: the server reads an RSA key in one file with it.
func (s *TrinoServer) certify() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "engines test"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), public...)
	return errors.Join(os.WriteFile(s.CAFile, public, 0o600), os.WriteFile(filepath.Join(s.dir, "etc", "server.pem"), both, 0o600))
}

// start runs the server and waits until it has answered a query with a worker's part in it.
func (s *TrinoServer) start() error {
	if err := s.begin(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), trinoStart)
	defer cancel()
	ticker := time.NewTicker(10 * pollEvery)
	defer ticker.Stop()
	var last error
	for {
		if _, last = s.Query(ctx, "SELECT count(*) FROM tpch.tiny.nation"); last == nil {
			return nil
		}
		select {
		case <-s.proc.ended:
			return fmt.Errorf("start trino: it ended before it answered: %w\n%s", s.proc.err, readTail(s.logPath()))
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("start trino: no answer within %v: %w\n%s", trinoStart, last, readTail(s.logPath())), s.proc.kill())
		case <-ticker.C:
		}
	}
}

func (s *TrinoServer) begin() error {
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()                           // the process has its own descriptor
	cmd := exec.Command("bash", s.script, "run", s.cache, s.dir) //nolint:noctx // outlives the call; process.stop ends it
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	s.proc, err = startProcess(cmd)
	return err
}

func (s *TrinoServer) logPath() string { return filepath.Join(s.dir, "process.log") }

// Kill ends the server with SIGKILL, as a crash does, and waits until it is gone.
func (s *TrinoServer) Kill(t testing.TB) {
	t.Helper()
	if err := s.proc.kill(); err != nil {
		t.Fatal(err)
	}
}

// Begin starts a killed server again, on the same ports, and does not wait for it.
func (s *TrinoServer) Begin(t testing.TB) {
	t.Helper()
	if err := s.begin(); err != nil {
		t.Fatal(err)
	}
}

// Spooled says how many segments of results were fetched from storage, were deleted there, and are left.
func (s *TrinoServer) Spooled() (fetched, deleted, left int) { return s.store.counts() }

// Query runs one statement outside of the client under test and returns its rows. It is no client: a statement that is
// given up goes on at the server.
func (s *TrinoServer) Query(ctx context.Context, sql string) ([][]any, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.Addr+"/v1/statement", strings.NewReader(sql))
	if err != nil {
		return nil, err
	}
	var all [][]any
	for {
		req.Header.Set("X-Trino-User", "engines")
		page, err := trinoPage(req)
		if err != nil {
			return nil, err
		}
		if all = append(all, page.Data...); page.NextURI == "" {
			return all, nil
		}
		if req, err = http.NewRequestWithContext(ctx, http.MethodGet, page.NextURI, http.NoBody); err != nil {
			return nil, err
		}
	}
}

type trinoAnswer struct {
	NextURI string  `json:"nextUri"`
	Data    [][]any `json:"data"`
	Error   *struct {
		Name    string `json:"errorName"`
		Message string `json:"message"`
	} `json:"error"`
}

func trinoPage(req *http.Request) (trinoAnswer, error) {
	var page trinoAnswer
	resp, err := direct.Do(req)
	if err != nil {
		return page, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return page, err
	}
	if resp.StatusCode != http.StatusOK {
		return page, fmt.Errorf("%s: %s", resp.Status, tail(body))
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return page, err
	}
	if page.Error != nil {
		return page, fmt.Errorf("%s: %s", page.Error.Name, page.Error.Message)
	}
	return page, nil
}
