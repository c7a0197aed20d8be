package clickhouse_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
)

func TestEveryProblemOfAConfigIsReportedByField(t *testing.T) {
	t.Parallel()
	cfg := clickhouse.Config{
		Host: "https://user:hidden@host/path", Port: 70000, Addresses: []string{"host:port"}, CertFile: "x", Compression: "gzip",
		User: "a\nb", Password: secret.Literal("hidden"), Limits: base.Limits{Retries: 99},
	}
	err := cfg.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, field := range []string{"host:", "port:", "addresses[0]:", "cert_file", "compression:", "user:", "limits.retries:", "secure:"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not name %s", err, field)
		}
	}
	if strings.Contains(err.Error(), "hidden") {
		t.Error("a password shows")
	}
	if err := (clickhouse.Config{}).Validate(); err != nil {
		t.Errorf("the zero Config: %v", err)
	}
	if _, err := clickhouse.New(t.Context(), clickhouse.Config{}); base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "CLICKHOUSE_HOST") {
		t.Errorf("no host: %v", err)
	}
}

func TestConfigIsReadFromTheEnvironment(t *testing.T) {
	t.Parallel()
	vars := map[string]string{
		"CLICKHOUSE_HOST": "one.example.com", "SIGNOZ_CLICKHOUSE_USER": "reader", "CLICKHOUSE_PASSWORD": "file:///run/secrets/p",
		"REWIND_CLICKHOUSE_HOST": "two.example.com", "CLICKHOUSE_TIMEOUT": "7s", "CLICKHOUSE_MAX_ROWS": "50",
	}
	c, err := clickhouse.ConfigFromEnv(t.Context(), base.EnvMap(vars))
	if err != nil {
		t.Fatal(err)
	}
	if ref, ok := c.Password.Reference(); !ok || ref != "file:///run/secrets/p" {
		t.Error("the reference to the password was not kept")
	}
	got := []any{c.Host, c.User, c.Secure, c.Database, c.Limits.Timeout.String(), c.MaxRows}
	if diff := cmp.Diff([]any{"one.example.com", "reader", false, "", "7s", int64(50)}, got); diff != "" {
		t.Error(diff)
	}
	r, err := clickhouse.ConfigFromEnv(t.Context(), base.EnvMap(vars), base.EnvPrefix("REWIND_"))
	if diff := cmp.Diff([]any{"two.example.com", true, "rewind_db"}, []any{r.Host, r.Secure, r.Database}); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	_, err = clickhouse.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{"CLICKHOUSE_PORT": "no", "CLICKHOUSE_SECURE": "perhaps"}))
	if err == nil || !strings.Contains(err.Error(), "CLICKHOUSE_PORT") || !strings.Contains(err.Error(), "CLICKHOUSE_SECURE") {
		t.Errorf("%v", err)
	}
}
