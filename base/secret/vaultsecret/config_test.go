package vaultsecret_test

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/vaultsecret"
	"github.com/fourkites/sources/base/secret/vaultsecret/vaultsecrettest"
)

func TestEverythingThatIsWrongWithAConfigIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	bad := vaultsecret.Config{
		Name: "a\nb", Address: "ftp://x", Namespace: "a b", Token: secret.Literal(canary), CertFile: "x.pem", Proxy: "http://user:" + canary + "@proxy",
		AppRole: vaultsecret.AppRole{SecretID: secret.Literal(canary), Mount: "auth/approle"}, Kubernetes: vaultsecret.Kubernetes{TokenFile: "x", Mount: "../x"},
		Timeout: base.Duration(time.Second), Limits: base.Limits{Timeout: base.Duration(time.Second), Retries: 11},
	}
	_, err := vaultsecret.New(t.Context(), bad)
	if !errors.Is(err, base.ErrInvalid) {
		t.Fatal(err)
	}
	for _, field := range []string{
		"name:", "address:", "namespace:", "exactly one way", "app_role.role_id:", "app_role.mount:", "kubernetes.role:", "kubernetes.mount:", "cert_file", "proxy:", "timeout:", "limits.retries:",
	} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not speak of %s", err, field)
		}
	}
	if strings.Contains(err.Error(), canary) {
		t.Error(err)
	}
	err = vaultsecret.Config{}.Validate()
	if err == nil || !strings.Contains(err.Error(), "address: missing") || !strings.Contains(err.Error(), "exactly one way") {
		t.Errorf("the zero Config: %v", err)
	}
	good := vaultsecret.Config{Address: "https://vault.example:8200", Token: secret.Literal("x"), Timeout: -1, Limits: base.Limits{Attempt: -1}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}

func TestAnAddressIsHostAndPortAndNeverInClear(t *testing.T) {
	t.Parallel()
	config := vaultsecret.Config{Token: secret.Literal("x"), Proxy: "none"}
	for _, address := range []string{"https://u:p@host", "https://host/v1", "https://host?a=b", "host:8200", "https://", "unix:///run/vault"} {
		config.Address = address
		if err := config.Validate(); err == nil || !strings.Contains(err.Error(), "address") {
			t.Errorf("%s: %v", address, err)
		}
	}
	config.Address = "http://vault.example:8200"
	if _, err := vaultsecret.New(t.Context(), config); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "clear") {
		t.Error(err)
	}
}

func TestAnOptionThatWouldDoNothingIsRefused(t *testing.T) {
	t.Parallel()
	config := vaultsecret.Config{Address: "https://vault.example", Token: secret.Literal("x"), CAFile: "x.pem", ServerName: "y"}
	_, err := vaultsecret.New(t.Context(), config, base.WithTransport(http.DefaultTransport), base.WithTLS(&tls.Config{MinVersion: tls.VersionTLS13}), base.WithCache(nil))
	for _, says := range []string{"ca_file", "server_name", "WithTLS", "WithCache"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not speak of %s", err, says)
		}
	}
	config = vaultsecret.Config{Address: "https://vault.example"}
	if err := config.Token.UnmarshalText([]byte("other://x")); err != nil {
		t.Fatal(err)
	}
	if _, err := vaultsecret.New(t.Context(), config); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "token") {
		t.Errorf("a reference that nobody resolves: %v", err)
	}
}

func TestAConfigIsPrintedWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(vaultsecret.Config{
		Address: "https://vault.example", AppRole: vaultsecret.AppRole{RoleID: "r", SecretID: secret.Literal(canary)}, Timeout: base.Duration(time.Second),
	})
	if want := `{"address":"https://vault.example","app_role":{"role_id":"r","secret_id":"[redacted]"},"timeout":"1s"}`; err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
	var read vaultsecret.Config
	in := `{"address":"https://vault.example","kubernetes":{"role":"agent","mount":"k8s"},"limits":{"retries":1}}`
	if err := json.Unmarshal([]byte(in), &read); err != nil || read.Kubernetes.Mount != "k8s" || read.Limits.Retries != 1 || read.Validate() != nil {
		t.Errorf("%+v, %v", read, err)
	}
}

// The environment is that of the process, so this test is alone.
func TestTheEnvironmentMeansNothing(t *testing.T) {
	for name, value := range map[string]string{
		"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_AGENT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": "demo-other", "VAULT_NAMESPACE": "other", "VAULT_WRAP_TTL": "5m",
		"VAULT_HEADERS": `{"X-Other":"y"}`, "VAULT_MAX_RETRIES": "9", "VAULT_PROXY_ADDR": "http://127.0.0.1:1", "VAULT_HTTP_PROXY": "http://127.0.0.1:1",
		"VAULT_SKIP_VERIFY": "true", "VAULT_CLIENT_TIMEOUT": "1ns", "VAULT_RATE_LIMIT": "0.001",
	} {
		t.Setenv(name, value)
	}
	server := started(t)
	server.Put("secret/app", map[string]any{"password": "x"})
	reads(t, opened(t, storeOf(t, server.Config()), "vault://secret/app"), "x")
	config := server.Config()
	config.Namespace = "team/a"
	reads(t, opened(t, storeOf(t, config), "vault://secret/app"), "x")
	for i, r := range server.Requests() {
		for _, name := range []string{"X-Other", "X-Vault-Wrap-Ttl"} {
			if r.Header.Get(name) != "" {
				t.Errorf("%s has %s", r.Path, name)
			}
		}
		namespace := ""
		if i >= len(server.Requests())/2 {
			namespace = "team/a"
		}
		if r.Header.Get("X-Vault-Namespace") != namespace || r.Header.Get("X-Vault-Request") != "true" {
			t.Errorf("%s: %v", r.Path, r.Header)
		}
	}
	reads(t, opened(t, storeOf(t, byAppRole(server, vaultsecrettest.Life{TTL: time.Hour}, 1)), "vault://secret/app"), "x")
	server.Become(vaultsecrettest.Sealed)
	fails(t, opened(t, storeOf(t, server.Config()), "vault://secret/app"), vaultsecret.ErrSealed)
	server.Become(vaultsecrettest.Active)
	for _, r := range server.Requests() {
		if r.Header.Get("X-Vault-Token") == "demo-other" {
			t.Errorf("%s has the token of the environment", r.Path)
		}
	}
	t.Setenv("VAULT_MAX_RETRIES", canary)
	if _, err := vaultsecret.New(t.Context(), server.Config()); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "VAULT_*") || strings.Contains(err.Error(), canary) {
		t.Errorf("a variable that the library cannot read: %v", err)
	}
}
