package trino_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/trino"
)

func TestEveryProblemOfAConfigIsReportedByFieldAndNeverWithASecret(t *testing.T) {
	t.Parallel()
	c := trino.Config{
		Host: "https://trino.example.com/x", Port: 70000, Password: secret.Literal("pass-canary"), Token: secret.Literal("token-canary"),
		Plain: true, Tags: []string{"a,b"}, Schemas: []string{"hive"}, Compression: "lzma", Spooling: "maybe", MaxPage: -1, MaxScan: -1,
		CertFile: "x", Catalog: "a\nb", Session: trino.Session{"query_max_run_time": "10h", "a b": ""}, Limits: base.Limits{Retries: 99},
		Tables: trino.Tables{Logs: "a.b.c.d", Callbacks: "x\"y", Chunk: -1, Partition: "a;b"},
	}
	_, err := trino.New(t.Context(), c)
	if !errors.Is(err, base.ErrInvalid) {
		t.Fatal(err)
	}
	for _, field := range []string{
		"host:", "port:", "password, token:", "user:", "plain:", "tags[0]:", "schemas[0]:", "compression:", "spooling:", "max_page_bytes:",
		"max_scan_bytes:", "cert_file, key_file:", "catalog:", "session: query_max_run_time", "session: \"a b\"", "limits.retries:",
		"tables.logs:", "tables.callbacks:", "tables.chunk_days:", "tables.partition:",
	} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not reported: %v", field, c.Validate())
		}
	}
	if strings.Contains(err.Error(), "canary") {
		t.Error("a secret shows")
	}
	if _, err := trino.New(t.Context(), trino.Config{}); err == nil || !strings.Contains(err.Error(), "TRINO_HOST") {
		t.Errorf("no host: %v", err)
	}
	if err := (trino.Config{}).Validate(); err != nil {
		t.Errorf("the zero Config: %v", err)
	}
}

func TestTheConfigComesFromTheEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"TRINO_HOST": "trino.example.com", "TRINO_PORT": "8443", "TRINO_USER": "bot", "TRINO_PASSWORD": "s3cret", "TRINO_CATALOG": "lake",
		"TRINO_SCHEMA": "raw", "TRINO_TAGS": "a,b", "TRINO_TIMEOUT": "90s", "TRINO_CONCURRENCY": "3", "TRINO_MAX_ROWS": "5",
		"OTHER_TRINO_HOST": "second.example.com", "OTHER_TRINO_PORT": "x",
	} {
		t.Setenv(name, value)
	}
	c, err := trino.ConfigFromEnv(t.Context())
	if err != nil || c.Host != "trino.example.com" || c.Port != 8443 || c.Catalog != "lake" || len(c.Tags) != 2 || c.MaxRows != 5 ||
		c.Limits.Concurrency != 3 || c.Limits.Timeout.D().Seconds() != 90 || c.Password.IsZero() {
		t.Errorf("%+v %v", c, err)
	}
	c, err = trino.ConfigFromEnv(t.Context(), base.EnvPrefix("OTHER_"))
	if c.Host != "second.example.com" || err == nil || !strings.Contains(err.Error(), "OTHER_TRINO_PORT") {
		t.Errorf("%+v %v", c, err)
	}
}
