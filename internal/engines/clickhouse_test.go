package engines_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/internal/engines"
)

func TestMain(m *testing.M) { engines.Main(m) }

func TestARealServerAnswersItsVersion(t *testing.T) {
	t.Parallel()
	for name, engine := range map[string]struct {
		start   func(testing.TB) *engines.Server
		version string
	}{
		"the current server": {engines.Shared, "26.7."},
		"the old server":     {engines.SharedOld, "18.16."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := engine.start(t)
			got := server.HTTPQuery(t, engines.UserDefault, engines.PasswordDefault, "SELECT version()")
			if !strings.HasPrefix(got, engine.version) {
				t.Errorf("version %q, want %s...", got, engine.version)
			}
			if again := engine.start(t); again != server {
				t.Error("the shared server was started twice")
			}
		})
	}
}

func TestDataSurvivesARestartAndACrash(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(testing.TB) *engines.Server{
		"the current server": engines.ClickHouse,
		"the old server":     engines.ClickHouseOld,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := start(t)
			count := func() string {
				return server.HTTPQuery(t, engines.UserAdmin, engines.PasswordAdmin, "SELECT count() FROM kept")
			}
			server.HTTPQuery(t, engines.UserAdmin, engines.PasswordAdmin,
				"CREATE TABLE kept (id UInt64) ENGINE = MergeTree ORDER BY id")
			server.HTTPQuery(t, engines.UserAdmin, engines.PasswordAdmin, "INSERT INTO kept SELECT number FROM system.numbers LIMIT 7")
			native, web := server.Addr, server.HTTPAddr

			server.Restart(t)
			if got := count(); got != "7" {
				t.Errorf("%s rows after a restart, want 7", got)
			}
			server.Kill(t)
			if _, err := server.Query(t.Context(), engines.UserDefault, engines.PasswordDefault, "SELECT 1"); err == nil {
				t.Error("a killed server answers")
			}
			server.Start(t)
			if got := count(); got != "7" {
				t.Errorf("%s rows after a crash, want 7", got)
			}
			if server.Addr != native || server.HTTPAddr != web {
				t.Errorf("addresses moved from %s %s to %s %s", native, web, server.Addr, server.HTTPAddr)
			}
		})
	}
}

func TestAccountsHaveTheirBounds(t *testing.T) {
	t.Parallel()
	server := engines.ClickHouse(t)
	for _, sql := range []string{
		"CREATE TABLE granted (id UInt64, hidden String) ENGINE = MergeTree ORDER BY id",
		"INSERT INTO granted SELECT number, 'x' FROM numbers(9)",
		"CREATE TABLE filtered (id UInt64) ENGINE = MergeTree ORDER BY id",
		"INSERT INTO filtered SELECT number FROM numbers(9)",
	} {
		server.HTTPQuery(t, engines.UserDefault, engines.PasswordDefault, sql)
	}
	for _, test := range []struct {
		name, user, password, sql string
		answer                    string
		code                      int // of the refusal, 0 for none
	}{
		{"the admin reads users", engines.UserAdmin, engines.PasswordAdmin, "SELECT count() > 5 FROM system.users", "1", 0},
		{"a wrong password", engines.UserAdmin, "wrong", "SELECT 1", "", 516},
		{"the reader reads", engines.UserReader, engines.PasswordReader, "SELECT count() FROM granted", "9", 0},
		{"the reader sets nothing", engines.UserReader, engines.PasswordReader, "SELECT 1 SETTINGS max_threads = 1", "", 164},
		{"reader2 sets", engines.UserReader2, engines.PasswordReader2, "SELECT 1 SETTINGS max_threads = 1", "1", 0},
		{"reader2 gets a bounded number of rows", engines.UserReader2, engines.PasswordReader2, "SELECT number FROM numbers(100000)", "", 396},
		{"reader2 writes nothing", engines.UserReader2, engines.PasswordReader2, "INSERT INTO filtered VALUES (1)", "", 164},
		{"narrow reads its column", engines.UserNarrow, engines.PasswordNarrow, "SELECT sum(id) FROM granted", "36", 0},
		{"narrow reads no other column", engines.UserNarrow, engines.PasswordNarrow, "SELECT any(hidden) FROM granted", "", 497},
		{"filtered sees its rows", engines.UserFiltered, engines.PasswordFiltered, "SELECT count() FROM filtered", "5", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answer, err := server.Query(t.Context(), test.user, test.password, test.sql)
			switch {
			case test.code == 0 && err != nil:
				t.Fatal(err)
			case test.code == 0 && answer != test.answer:
				t.Errorf("%s, want %s", answer, test.answer)
			case test.code != 0:
				wantCode(t, err, test.code)
			}
		})
	}
}

func TestAQuotaRunsOut(t *testing.T) {
	t.Parallel()
	for name, engine := range map[string]struct {
		start   func(testing.TB) *engines.Server
		granted int
	}{
		"the current server":                    {engines.ClickHouse, engines.ScarceQueries},
		"the old server, one query more polite": {engines.ClickHouseOld, engines.ScarceQueries + 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := engine.start(t)
			server.HTTPQuery(t, engines.UserDefault, engines.PasswordDefault, "CREATE TABLE small (id UInt8) ENGINE = Memory")
			var err error
			for range engine.granted + 1 {
				if err != nil {
					t.Fatalf("refused too early: %v", err)
				}
				_, err = server.Query(t.Context(), engines.UserScarce, engines.PasswordScarce, "SELECT count() FROM small")
			}
			wantCode(t, err, 201)
		})
	}
}

func wantCode(t *testing.T, err error, code int) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("Code: %d", code)) {
		t.Errorf("error %v, want code %d", err, code)
	}
}

func TestTheServerOutlivesManyResets(t *testing.T) {
	t.Parallel()
	const resets = 150
	server := engines.ClickHouse(t)
	proxy := engines.Proxy(t, server.Addr)
	for i := range resets {
		conn := dial(t, proxy.Addr)
		if _, err := io.WriteString(conn, "garbage instead of a hello"); err != nil {
			t.Fatal(err)
		}
		waitFor(t, func() bool { return proxy.Connections() == i+1 && proxy.Open() <= 1 })
		proxy.Cut()
		_ = conn.Close()
	}
	if got := proxy.Connections(); got != resets {
		t.Errorf("%d connections, want %d", got, resets)
	}
	server.HTTPQuery(t, engines.UserDefault, engines.PasswordDefault, "SELECT 1")
}

func TestTheServerSpeaksTLSThroughTheTerminator(t *testing.T) {
	t.Parallel()
	server := engines.Shared(t)
	addr, caPEM := engines.TLSTerminator(t, server.HTTPAddr)
	body := getTLS(t, strings.Replace(addr, "127.0.0.1", "localhost", 1), caPEM)
	if !strings.HasPrefix(body, "Ok.") {
		t.Errorf("ping answers %q", body)
	}
}

func tlsClient(t *testing.T, caPEM []byte) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(caPEM) {
		t.Fatal("no certificate in the PEM text")
	}
	return &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
	}
}
