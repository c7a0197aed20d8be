package clickhouse_test

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
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
	if diff := cmp.Diff([]any{"rewind", "two.example.com", true, "rewind_db"}, []any{r.Name, r.Host, r.Secure, r.Database}); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	_, err = clickhouse.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{"CLICKHOUSE_PORT": "no", "CLICKHOUSE_SECURE": "perhaps"}))
	if err == nil || !strings.Contains(err.Error(), "CLICKHOUSE_PORT") || !strings.Contains(err.Error(), "CLICKHOUSE_SECURE") {
		t.Errorf("%v", err)
	}
}

// Two servers are told apart by their configuration alone: name, address, account, database, TLS.
func TestASecondInstanceIsAnotherConfig(t *testing.T) {
	t.Parallel()
	first, second := bulkServer(t), bulkServer(t)
	second.AddUser("rewinder", "rewind-pass")
	host := func(s *clickhousetest.Server) (name, port string) {
		name, port, err := net.SplitHostPort(s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		return name, port
	}
	name1, port1 := host(first)
	name2, port2 := host(second)
	vars := base.EnvMap(map[string]string{
		"CLICKHOUSE_HOST": name1, "CLICKHOUSE_PORT": port1, "REWIND_CLICKHOUSE_HOST": name2, "REWIND_CLICKHOUSE_PORT": port2,
		"REWIND_CLICKHOUSE_USER": "rewinder", "REWIND_CLICKHOUSE_PASSWORD": "rewind-pass", "REWIND_CLICKHOUSE_SECURE": "false",
	})
	for _, test := range []struct {
		opts           []base.EnvOption
		server, other  *clickhousetest.Server
		name, database string
	}{
		{[]base.EnvOption{vars}, first, second, "clickhouse", "signoz_logs"},
		{[]base.EnvOption{vars, base.EnvPrefix("REWIND_")}, second, first, "rewind", "rewind_db"},
	} {
		cfg, err := clickhouse.ConfigFromEnv(t.Context(), test.opts...)
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(t, cfg)
		test.server.ForgetRequests()
		test.other.ForgetRequests()
		r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT bulk"})
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		got := last(t, test.server, "bulk")
		if c.Name() != test.name || got.LogComment != test.name+".Query" || got.Database != test.database || len(test.other.Requests()) != 0 {
			t.Errorf("%s: %+v", c.Name(), got)
		}
		test.server.Fail(fault.Error(62, "no"), 1)
		if _, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT bulk"}); err == nil || !strings.HasPrefix(err.Error(), test.name+": ") {
			t.Error(err)
		}
	}
}

func TestEveryVariableHasItsAlias(t *testing.T) {
	t.Parallel()
	vars := map[string]string{}
	for name, value := range map[string]string{
		"HOST": "h", "PORT": "9001", "USER": "u", "PASSWORD": "p", "DATABASE": "d", "SECURE": "true", "CA_FILE": "ca", "CERT_FILE": "cert",
		"KEY_FILE": "key", "SERVER_NAME": "s", "COMPRESSION": "zstd", "CONCURRENCY": "3", "TIMEOUT": "4s", "MAX_ROWS": "5",
	} {
		vars["SIGNOZ_CLICKHOUSE_"+name] = value
	}
	got, err := clickhouse.ConfigFromEnv(t.Context(), base.EnvMap(vars))
	if err != nil || got.Password.IsZero() {
		t.Fatal(got.Password.IsZero(), err)
	}
	got.Password = secret.Value{}
	want := clickhouse.Config{
		Host: "h", Port: 9001, User: "u", Database: "d", Secure: true, CAFile: "ca", CertFile: "cert", KeyFile: "key", ServerName: "s",
		Compression: "zstd", Limits: base.Limits{Concurrency: 3, Timeout: base.Duration(4 * time.Second)}, MaxRows: 5,
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(secret.Value{})); diff != "" {
		t.Error(diff)
	}
	vars["CLICKHOUSE_HOST"] = "own.example.com"
	if got, err = clickhouse.ConfigFromEnv(t.Context(), base.EnvMap(vars)); err != nil || got.Host != "own.example.com" {
		t.Error(got.Host, err)
	}
}

func TestMalformedVariablesAreAllReportedAndNoValueShows(t *testing.T) {
	t.Parallel()
	_, err := clickhouse.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{
		"CLICKHOUSE_PORT": "not-a-port", "SIGNOZ_CLICKHOUSE_SECURE": "perhaps-so", "CLICKHOUSE_TIMEOUT": "soonish", "CLICKHOUSE_MAX_ROWS": "many-rows",
		"CLICKHOUSE_CONCURRENCY": "9e9999",
	}))
	if wrong, ok := errors.AsType[*base.EnvError](err); !ok || wrong.Variable != "CLICKHOUSE_PORT" || !errors.Is(err, base.ErrInvalid) ||
		!strings.HasPrefix(err.Error(), "clickhouse: ConfigFromEnv: invalid: CLICKHOUSE_PORT: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v is not the error of the other sources", err)
	}
	for _, word := range []string{"CLICKHOUSE_PORT", "CLICKHOUSE_SECURE", "CLICKHOUSE_TIMEOUT", "CLICKHOUSE_MAX_ROWS", "CLICKHOUSE_CONCURRENCY"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not name %s", err, word)
		}
	}
	for _, value := range []string{"not-a-port", "perhaps-so", "soonish", "many-rows", "9e9999"} {
		if err != nil && strings.Contains(err.Error(), value) {
			t.Errorf("%v shows %s", err, value)
		}
	}
	empty, err := clickhouse.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{"CLICKHOUSE_HOST": "", "CLICKHOUSE_PORT": ""}))
	if err == nil || !strings.Contains(err.Error(), "CLICKHOUSE_HOST: missing") || strings.Contains(err.Error(), "PORT") || empty.Port != 0 {
		t.Errorf("an empty variable is one that is not set: %+v %v", empty, err)
	}
	if _, err := clickhouse.New(t.Context(), empty); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "host: missing") {
		t.Error(err)
	}
}

func TestEveryVariableThatCannotWorkIsNamed(t *testing.T) {
	t.Parallel()
	for want, vars := range map[string]map[string]string{
		"EU_CLICKHOUSE_HOST: missing EU_CLICKHOUSE_COMPRESSION EU_CLICKHOUSE_PORT": {
			"EU_CLICKHOUSE_COMPRESSION": "gzip", "EU_CLICKHOUSE_PORT": "8123",
		},
		"EU_CLICKHOUSE_ADDRESSES[1] HTTP EU_CLICKHOUSE_CERT_FILE, EU_CLICKHOUSE_KEY_FILE EU_CLICKHOUSE_CONCURRENCY": {
			"EU_CLICKHOUSE_ADDRESSES": "a:9000,b:8443", "EU_CLICKHOUSE_CERT_FILE": "x", "EU_CLICKHOUSE_SECURE": "true",
			"EU_CLICKHOUSE_CONCURRENCY": "no",
		},
	} {
		c, err := clickhouse.ConfigFromEnv(t.Context(), base.EnvMap(vars), base.EnvPrefix("EU_"))
		if diff := cmp.Diff(clickhouse.Config{}.Addresses, c.Addresses); err == nil || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
		for part := range strings.FieldsSeq(want) {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%v does not say %s", err, part)
			}
		}
	}
}
