package trino_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

func TestEveryProblemOfAConfigIsReportedByFieldAndNeverWithASecret(t *testing.T) {
	t.Parallel()
	c := trino.Config{
		Host: "https://trino.example.com/x", Port: 70000, Password: secret.Literal("pass-canary"), Token: secret.Literal("token-canary"),
		Plaintext: true, Tags: []string{"a,b"}, Schemas: []string{"hive"}, Compression: "lzma", Spooling: "maybe", MaxPage: -1, MaxScan: -1,
		CertFile: "x", ServerName: "a\nb", Proxy: "ftp://user:proxy-canary@h", Catalog: "a\nb", Session: trino.Session{"query_max_run_time": "10h", "a b": ""}, Limits: base.Limits{Retries: 99},
		Tables: trino.Tables{Logs: "a.b.c.d", Callbacks: "x\"y", Chunk: -1, Partition: "a;b"},
	}
	_, err := trino.New(t.Context(), c)
	if !errors.Is(err, base.ErrInvalid) {
		t.Fatal(err)
	}
	for _, field := range []string{
		"host:", "port:", "password, token:", "user:", "plaintext:", "proxy:", "server_name:", "tags[0]:", "schemas[0]:", "compression:", "spooling:", "max_page_bytes:",
		"max_scan_bytes:", "cert_file, key_file:", "catalog:", "session: query_max_run_time", "session: one of its keys", "limits.retries:",
		"tables.logs:", "tables.callbacks:", "tables.chunk_days:", "tables.partition:",
	} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not reported: %v", field, c.Validate())
		}
	}
	if strings.Contains(err.Error(), "canary") {
		t.Error("a secret shows")
	}
	if _, err := trino.ConfigFromEnv(t.Context(), base.EnvMap(nil)); err == nil || !strings.Contains(err.Error(), "TRINO_HOST: missing") {
		t.Errorf("%v", err)
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
		"OTHER_TRINO_HOST": "second.example.com", "OTHER_TRINO_PORT": "x", "OTHER_TRINO_PROXY": "ftp://user:canary@h",
		"OTHER_TRINO_SPOOLING": "maybe", "OTHER_TRINO_TAGS": "a\nb", "OTHER_TRINO_CERT_FILE": "x", "OTHER_TRINO_CONCURRENCY": "many",
		"TRINO_SERVER_NAME": "coordinator.example.com", "TRINO_PLAINTEXT": "false",
		"TRINO_STORAGE_HOSTS": "a.example.com,*.b.example.com",
	} {
		t.Setenv(name, value)
	}
	c, err := trino.ConfigFromEnv(t.Context())
	if err != nil || c.Host != "trino.example.com" || c.Port != 8443 || c.Catalog != "lake" || len(c.Tags) != 2 || c.MaxRows != 5 ||
		c.Limits.Concurrency != 3 || c.Limits.Timeout.D().Seconds() != 90 || c.Password.IsZero() ||
		len(c.StorageHosts) != 2 || c.ServerName != "coordinator.example.com" {
		t.Errorf("%+v %v", c, err)
	}
	c, err = trino.ConfigFromEnv(t.Context(), base.EnvPrefix("OTHER_"))
	if diff := cmp.Diff(trino.Config{}, c, cmp.AllowUnexported(secret.Value{})); diff != "" {
		t.Errorf("beside wrong variables: %s", diff)
	}
	for _, want := range []string{
		"OTHER_TRINO_PORT", "OTHER_TRINO_PROXY", "OTHER_TRINO_SPOOLING", "OTHER_TRINO_TAGS", "OTHER_TRINO_CERT_FILE, OTHER_TRINO_KEY_FILE",
		"OTHER_TRINO_CONCURRENCY",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not reported: %v", want, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "canary") {
		t.Errorf("a secret shows: %v", err)
	}
}

func TestTheCertificateMayHaveAnotherNameThanTheHost(t *testing.T) {
	t.Parallel()
	server := started(t, trinotest.WithTLS("coordinator.example.com"), trinotest.WithSpooling())
	server.ReplyTo("bulk", trinotest.Bulk(1000, 3))
	named := clientOf(t, server, func(c *trino.Config) { c.ServerName = "coordinator.example.com" })
	if n, err := count(named.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"})); n != 3000 || err != nil { // the storage has no such name
		t.Errorf("%d rows, %v", n, err)
	}
	wrong := clientOf(t, server, func(c *trino.Config) { c.ServerName = "other.example.com" })
	if err := wrong.Ping(t.Context()); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("another name: %v", err)
	}
}

func TestAnAnswerThatIsTooLargeNamesTheSetting(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("bulk", trinotest.Bulk(5000, 1))
	small := clientOf(t, server, func(c *trino.Config) { c.MaxPage = 1000 })
	_, err := count(small.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"}))
	if !errors.Is(err, base.ErrTooLarge) || !strings.Contains(err.Error(), "raise max_page_bytes") || strings.Contains(err.Error(), "max_response") {
		t.Errorf("%v", err)
	}
}

func TestAUserWithAColonIsRefusedWithoutItsText(t *testing.T) {
	t.Parallel()
	env := base.EnvMap(map[string]string{"TRINO_HOST": "trino.example.com", "TRINO_USER": "bot:hunter2", "TRINO_PLAINTEXT": "true"})
	_, fromEnv := trino.ConfigFromEnv(t.Context(), env)
	_, made := trino.New(t.Context(), trino.Config{Host: "trino.example.com", User: "bot:hunter2", Plaintext: true})
	for _, err := range []error{fromEnv, made} {
		if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "holds a colon") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}
