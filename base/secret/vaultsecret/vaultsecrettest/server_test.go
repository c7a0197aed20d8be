package vaultsecrettest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret/vaultsecret/vaultsecrettest"
	"github.com/fourkites/sources/internal/engines"
)

func TestMain(m *testing.M) { engines.Main(m) }

func started(t *testing.T) *vaultsecrettest.Server {
	t.Helper()
	server := vaultsecrettest.NewServer()
	if err := server.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// answer is what is compared of one.
type answer struct {
	Status int
	Body   map[string]any
}

func ask(t *testing.T, address, token, method, path, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, address+"/v1/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Vault-Token", token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{Status: resp.StatusCode}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &a.Body); err != nil {
			t.Fatalf("%s: %s", path, text)
		}
	}
	return a
}

// wants are the parts of an answer that the client reads; the rest is the server's own.
func (a answer) wants() answer {
	kept := answer{Status: a.Status, Body: map[string]any{}}
	for _, name := range []string{"data", "auth", "errors", "lease_duration", "renewable"} {
		if value, ok := a.Body[name]; ok {
			kept.Body[name] = shaped(name, value)
		}
	}
	return kept
}

// own are the fields whose values no two servers share.
var own = map[string]string{
	"created_time": "", "deletion_time": "", "client_token": "", "id": "", "expire_time": "", "username": "", "password": "",
}

// others are the fields that the fake does not have.
var others = map[string]string{
	"accessor": "", "config": "", "deprecation_status": "", "description": "", "external_entropy_access": "", "local": "", "plugin_version": "",
	"running_plugin_version": "", "running_sha256": "", "seal_wrap": "", "uuid": "", "policies": "", "token_policies": "", "entity_id": "", "orphan": "",
	"mfa_requirement": "", "num_uses": "", "creation_time": "", "creation_ttl": "", "display_name": "", "explicit_max_ttl": "", "issue_time": "", "meta": "",
}

func shaped(name string, value any) any {
	fields, ok := value.(map[string]any)
	if !ok {
		if _, is := own[name]; is && value != nil && value != "" {
			return "some"
		}
		return value
	}
	out := map[string]any{}
	for key, field := range fields {
		if _, is := others[key]; is || (name == "auth" && key == "metadata") || (name == "data" && key == "path" && fields["type"] == "service") {
			continue
		}
		out[key] = shaped(key, field)
	}
	return out
}

// Both servers are asked for the same, and must answer alike in what the client reads.
func TestTheFakeAnswersAsARealServer(t *testing.T) {
	t.Parallel()
	real := engines.OpenBao(t)
	fake := started(t)
	fake.Put("secret/app", map[string]any{"password": "one", "port": 1})
	fake.Put("secret/app", map[string]any{"password": "two"})
	fake.PutPlain("kv/app", map[string]any{"password": "x"})
	for _, password := range []string{`"one","port":1`, `"two"`} {
		if _, err := real.Ask(t.Context(), http.MethodPost, "secret/data/app", `{"data":{"password":`+password+`}}`); err != nil {
			t.Fatal(err)
		}
	}
	real.Write(t, "sys/mounts/kv", map[string]any{"type": "kv", "options": map[string]any{"version": "1"}})
	real.Write(t, "kv/app", map[string]any{"password": "x"})
	real.Write(t, "sys/auth/approle", map[string]any{"type": "approle"})
	real.Write(t, "auth/approle/role/app", map[string]any{"token_ttl": "100s", "token_max_ttl": "200s", "secret_id_num_uses": 1})
	role, id := fake.AppRole(vaultsecrettest.Life{TTL: 100 * time.Second, Max: 200 * time.Second}, 1)
	realRole := fmt.Sprint(real.Read(t, "auth/approle/role/app/role-id")["role_id"])
	realID := fmt.Sprint(real.Write(t, "auth/approle/role/app/secret-id", nil)["secret_id"])

	same := func(method, path, body string) {
		t.Helper()
		got := ask(t, fake.URL(), vaultsecrettest.RootToken, method, path, body).wants()
		want := ask(t, real.URL, engines.OpenBaoRootToken, method, path, body).wants()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %s: -real +fake\n%s", method, path, diff)
		}
	}
	for _, path := range []string{
		"secret/data/app", "secret/data/app?version=1", "secret/data/app?version=9", "secret/data/none", "kv/app", "kv/none", "nowhere/x",
		"sys/internal/ui/mounts/secret/app", "sys/internal/ui/mounts/nowhere", "auth/token/lookup-self",
	} {
		same(http.MethodGet, path, "")
	}
	same(http.MethodPut, "sys/leases/renew", `{"lease_id":"database/creds/x/y"}`)
	same(http.MethodPut, "sys/leases/revoke", `{"lease_id":"database/creds/x/y","sync":true}`)
	same(http.MethodPut, "auth/approle/login", `{"role_id":"none","secret_id":"none"}`)
	fake.Delete("secret/app", 2)
	fake.Destroy("secret/app", 1)
	real.Write(t, "secret/delete/app", map[string]any{"versions": []int{2}})
	real.Write(t, "secret/destroy/app", map[string]any{"versions": []int{1}})
	same(http.MethodGet, "secret/data/app", "")
	same(http.MethodGet, "secret/data/app?version=1", "")

	login := func(role, id string) string { return fmt.Sprintf(`{"role_id":%q,"secret_id":%q}`, role, id) }
	got := ask(t, fake.URL(), "", http.MethodPut, "auth/approle/login", login(role, id))
	want := ask(t, real.URL, "", http.MethodPut, "auth/approle/login", login(realRole, realID))
	if diff := cmp.Diff(want.wants(), got.wants()); diff != "" {
		t.Errorf("login: -real +fake\n%s", diff)
	}
	token := func(a answer) string { return fmt.Sprint(a.Body["auth"].(map[string]any)["client_token"]) }
	both := func(method, path, body string) {
		t.Helper()
		got, want := ask(t, fake.URL(), token(got), method, path, body), ask(t, real.URL, token(want), method, path, body)
		if diff := cmp.Diff(want.wants(), got.wants()); diff != "" {
			t.Errorf("%s: -real +fake\n%s", path, diff)
		}
	}
	both(http.MethodPut, "auth/token/renew-self", `{"increment":100}`)
	fake.Deny("secret/data/app")
	both(http.MethodGet, "secret/data/app", "")
	both(http.MethodPut, "auth/token/revoke-self", "")
	both(http.MethodGet, "auth/token/lookup-self", "")
	if a, b := ask(t, fake.URL(), "", http.MethodPut, "auth/approle/login", login(role, id)), ask(t, real.URL, "", http.MethodPut, "auth/approle/login", login(realRole, realID)); !cmp.Equal(a, b) {
		t.Errorf("a secret id that is used up: %v, %v", a, b)
	}
	real.Seal(t)
	fake.Become(vaultsecrettest.Sealed)
	fake.Allow()
	same(http.MethodGet, "secret/data/app", "")
	same(http.MethodGet, "sys/health", "")
}

func TestAccountsEndWithTheirLeaseTheirTokenOrByHand(t *testing.T) {
	t.Parallel()
	server := started(t)
	var mu sync.Mutex
	var told []string
	tell := func(what string) func(string) {
		return func(string) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, what)
		}
	}
	server.Database("reader", vaultsecrettest.Role{
		Life: vaultsecrettest.Life{TTL: time.Hour}, Issued: func(user, _ string) { tell("issued")(user) }, Revoked: tell("revoked"), Data: map[string]any{"more": "x"},
	})
	token := server.NewToken(vaultsecrettest.Life{TTL: time.Hour})
	for range 2 {
		a := ask(t, server.URL(), token, http.MethodGet, "database/creds/reader", "")
		if data, _ := a.Body["data"].(map[string]any); a.Status != 200 || data["more"] != "x" || a.Body["lease_duration"] != 3600.0 {
			t.Errorf("%+v", a)
		}
	}
	server.Revoke(server.Leases()[0].ID)
	server.RevokeTokens()
	if a := ask(t, server.URL(), token, http.MethodGet, "database/creds/reader", ""); a.Status != 403 {
		t.Errorf("%+v", a)
	}
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff([]string{"issued", "issued", "revoked", "revoked"}, told); diff != "" || len(server.Leases()) != 0 || server.Tokens() != 0 {
		t.Error(diff)
	}
}

func TestAFaultStrikesSoManyRequestsAndNotTheQuestionForTheHealth(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Fail(fault.Status(418), 2)
	server.Fail(fault.WrongPassword(), 1)
	for _, want := range []int{200, 418, 200, 418, 403, 404} {
		path := "secret/data/none"
		if want == 200 {
			path = "sys/health"
		}
		if a := ask(t, server.URL(), vaultsecrettest.RootToken, http.MethodGet, path, ""); a.Status != want {
			t.Errorf("%s: %d, want %d", path, a.Status, want)
		}
	}
	if n := server.Asked("secret/data/none"); n != 4 {
		t.Errorf("%d requests", n)
	}
	server.ForgetRequests()
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
	server.Become(vaultsecrettest.Standby)
	if a := ask(t, server.URL(), "", http.MethodGet, "sys/health?standbycode=299", ""); a.Status != 299 || a.Body["standby"] != true {
		t.Errorf("%+v", a)
	}
	if a := ask(t, server.URL(), "", http.MethodPut, "secret/data/x", "{"); a.Status != 400 {
		t.Errorf("%+v", a)
	}
}
