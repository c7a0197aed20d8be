package engines

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Ask makes a request of the API as root, outside of the client under test: method, path without /v1/, and a body in JSON,
// empty for none. The answer's body is returned; a status of 400 or more is an error with what the server says.
func (s *OpenBaoServer) Ask(ctx context.Context, method, path, body string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.URL+"/v1/"+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("X-Vault-Token", OpenBaoRootToken)
	resp, err := direct.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return "", fmt.Errorf("openbao: %s %s: %s: %s", method, path, resp.Status, tail(answer))
	}
	return string(answer), nil
}

// Write is Ask by POST with a body made of data, which may be nil. It returns data, or else auth, of the answer; an error of
// the server fails the test.
func (s *OpenBaoServer) Write(t testing.TB, path string, data map[string]any) map[string]any {
	t.Helper()
	body, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return s.must(t, http.MethodPost, path, string(body))
}

// Read is Ask by GET; it returns data of the answer. An error of the server fails the test.
func (s *OpenBaoServer) Read(t testing.TB, path string) map[string]any {
	t.Helper()
	return s.must(t, http.MethodGet, path, "")
}

func (s *OpenBaoServer) must(t testing.TB, method, path, body string) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), queryTimeout) // cleanups ask too
	defer cancel()
	text, err := s.Ask(ctx, method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Data, Auth map[string]any }
	if text != "" {
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	if answer.Data == nil {
		return answer.Auth
	}
	return answer.Data
}

// Seal seals the server.
func (s *OpenBaoServer) Seal(t testing.TB) {
	t.Helper()
	s.Write(t, "sys/seal", nil)
}

var unsealKey = regexp.MustCompile(`Unseal Key: (\S+)`)

// Unseal unseals the server.
func (s *OpenBaoServer) Unseal(t testing.TB) {
	t.Helper()
	log, err := os.ReadFile(s.logPath())
	if err != nil {
		t.Fatal(err)
	}
	key := unsealKey.FindSubmatch(log)
	if key == nil {
		t.Fatal("the server has told no key to unseal it")
	}
	s.must(t, http.MethodPut, "sys/unseal", fmt.Sprintf(`{"key":%q}`, key[1]))
}

// Database mounts the database engine at that path, over a PostgreSQL server, with a role whose accounts may log in and read. The
// lives are in the form 4s.
func (s *OpenBaoServer) Database(t testing.TB, mount, role string, over *PostgresServer, life, longest string) {
	t.Helper()
	s.Write(t, "sys/mounts/"+mount, map[string]any{"type": "database"})
	host, port, err := net.SplitHostPort(over.Addr)
	if err != nil {
		t.Fatal(err)
	}
	at := url.URL{Scheme: "postgresql", Host: net.JoinHostPort(host, port), Path: PostgresDatabase, RawQuery: "sslmode=require"}
	s.Write(t, mount+"/config/pg", map[string]any{
		"plugin_name": "postgresql-database-plugin", "allowed_roles": role, "username": PostgresAdmin, "password": PostgresAdminPassword,
		"connection_url": strings.Replace(at.String(), "://", "://{{username}}:{{password}}@", 1),
	})
	s.Write(t, mount+"/roles/"+role, map[string]any{
		"db_name": "pg", "default_ttl": life, "max_ttl": longest,
		"creation_statements": []string{`CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';`},
	})
}
