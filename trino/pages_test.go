package trino_test

import (
	"database/sql"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

// coordinator answers requests without a network, and notes them.
type coordinator struct {
	answer func(*http.Request) (status int, body string)

	mu  sync.Mutex
	all []string
}

func (c *coordinator) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.all = append(c.all, r.Method+" "+r.URL.Path)
	c.mu.Unlock()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	status, body := c.answer(r)
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

func (c *coordinator) requests(begin string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.all {
		if strings.HasPrefix(r, begin) {
			n++
		}
	}
	return n
}

func clientBeside(t *testing.T, c *coordinator, change ...func(*trino.Config)) *trino.Client {
	t.Helper()
	config := trino.Config{Host: "trino.example.com", User: "bot", Limits: base.Limits{Retries: -1}}
	for _, f := range change {
		f(&config)
	}
	client, err := trino.New(t.Context(), config, base.WithTransport(c))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

const nextPage = `"nextUri":"https://trino.example.com/v1/statement/executing/20250101_000000_00001_x/1"`

func TestAServerThatSendsPagesWithoutRowsForEverIsLeft(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]string{
		"from the start": `{"id":"20250101_000000_00001_x",` + nextPage + `,"stats":{"state":"RUNNING"}}`,
		"after a row": `{"id":"20250101_000000_00001_x",` + nextPage + `,"columns":[{"name":"x","type":"integer","typeSignature":{"rawType":"integer","arguments":[]}}],` +
			`"data":[[1]],"stats":{"state":"RUNNING"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &coordinator{answer: func(r *http.Request) (int, string) {
					if r.Method == http.MethodPost {
						return http.StatusOK, first
					}
					return http.StatusOK, `{"id":"20250101_000000_00001_x",` + nextPage + `,"stats":{"state":"RUNNING"}}`
				}}
				client := clientBeside(t, server, func(c *trino.Config) {
					c.MaxExecution, c.Limits.Timeout, c.Limits.Attempt = base.Duration(time.Minute), base.Duration(time.Hour), base.Duration(time.Hour)
				})
				defer func() { _ = client.Close() }()
				began := time.Now()
				_, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT 1"}))
				if took := time.Since(began); base.KindOf(err) != base.KindQuotaExceeded || took < time.Minute || took > 2*time.Minute {
					t.Errorf("after %s: %v", took, err)
				}
				if n := server.requests("GET"); n > 90*20+100 {
					t.Errorf("%d requests in a minute and a half", n)
				}
				synctest.Wait()
				if server.requests("DELETE") != 1 {
					t.Error("the query was not stopped")
				}
			})
		})
	}
}

func TestAQueryIsStoppedThoughTheServerIsBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &coordinator{}
		server.answer = func(r *http.Request) (int, string) {
			switch {
			case r.Method != http.MethodDelete:
				return http.StatusOK, `{"id":"20250101_000000_00001_x",` + nextPage + `,"columns":[{"name":"x","type":"integer","typeSignature":` +
					`{"rawType":"integer","arguments":[]}}],"data":[[1]],"stats":{"state":"RUNNING"}}`
			case server.requests("DELETE") < 3:
				return http.StatusServiceUnavailable, ""
			}
			return http.StatusNoContent, ""
		}
		client := clientBeside(t, server)
		defer func() { _ = client.Close() }()
		r, err := client.Query(t.Context(), trino.Query{SQL: "SELECT x FROM t"})
		if err != nil || !r.Next() {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if n := server.requests("DELETE"); n != 3 {
			t.Errorf("%d requests to stop it", n)
		}
	})
}

func TestAQueryIsStoppedByItsIDWhereItsLinkCannotBeFollowed(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"a link elsewhere": `{"id":"20250101_000000_00001_x","nextUri":"https://other.example.com/v1/statement/executing/x/1","stats":{"state":"RUNNING"}}`,
		"an odd type": `{"id":"20250101_000000_00001_x",` + nextPage + `,"columns":[{"name":"x","type":"decimal(x","typeSignature":{"rawType":"decimal","arguments":[]}}],` +
			`"stats":{"state":"RUNNING"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &coordinator{answer: func(r *http.Request) (int, string) {
				if r.Method == http.MethodPost {
					return http.StatusOK, page
				}
				return http.StatusNoContent, ""
			}}
			client := clientBeside(t, server)
			_, err := client.Query(t.Context(), trino.Query{SQL: "SELECT 1"})
			if err == nil {
				t.Error("no error")
			}
			if err := client.Close(); err != nil {
				t.Error(err)
			}
			if server.requests("DELETE /v1/query/20250101_000000_00001_x") != 1 {
				t.Errorf("requests: %s", cmp.Diff(nil, server.all))
			}
		})
	}
}

// The driver would take memory for as many rows as the server announces, in a goroutine that nobody can save.
func TestDatabaseSQLTakesNoEncodedRows(t *testing.T) {
	t.Parallel()
	for _, metadata := range []string{`{"rowOffset":0,"rowsCount":9000000000000000000,"segmentSize":4}`, `{"rowOffset":0,"rowsCount":1,"segmentSize":4,"uncompressedSize":9000000000000000000}`} {
		server := &coordinator{answer: func(r *http.Request) (int, string) {
			switch r.Method {
			case http.MethodPost:
				return http.StatusOK, `{"id":"20250101_000000_00001_x",` + nextPage + `,"stats":{"state":"RUNNING"}}`
			case http.MethodDelete:
				return http.StatusNoContent, ""
			}
			return http.StatusOK, `{"id":"20250101_000000_00001_x","columns":[{"name":"n","type":"integer","typeSignature":{"rawType":"integer","arguments":[]}}],` +
				`"data":{"encoding":"json+zstd","segments":[{"type":"inline","data":"W1tdXQ==","metadata":` + metadata + `}]},"stats":{"state":"FINISHED"}}`
		}}
		client := clientBeside(t, server)
		_, err := dbOf(t, client).QueryContext(t.Context(), "SELECT 1")
		if base.KindOf(err) != base.KindProtocol {
			t.Errorf("%v", err)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		if server.requests("DELETE /v1/query/20250101_000000_00001_x") != 1 {
			t.Error("the query was not stopped")
		}
	}
}

func TestDatabaseSQLIsBoundAsTheClientIs(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("bulk", trinotest.Bulk(100_000, 3))
	client := clientOf(t, server, func(c *trino.Config) { c.MaxPage, c.MaxScan = 64<<10, 1<<30 })
	db := dbOf(t, client)
	err := drainDB(db.QueryContext(t.Context(), "SELECT * FROM bulk"))
	if base.KindOf(err) != base.KindTooLarge || !strings.Contains(err.Error(), "max_page_bytes") {
		t.Errorf("%v", err)
	}
	if got := server.Statements()[0].Session()["query_max_scan_physical_bytes"]; got != "1073741824B" {
		t.Errorf("the scan is bounded by %q", got)
	}
	if got := server.Statements()[0].Header.Values("X-Trino-Query-Data-Encoding"); len(got) > 0 {
		t.Errorf("rows were asked for as %q", got)
	}
	server.ForgetRequests()
	for _, name := range []string{"X-Trino-User", "x"} {
		if _, err := db.QueryContext(t.Context(), "SELECT ?", sql.Named(name, "admin")); err == nil || !strings.Contains(err.Error(), "has a name") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestDatabaseSQLLeavesAServerThatFallsSilent(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("bulk", trinotest.Bulk(10, 1000))
	client := clientOf(t, server, func(c *trino.Config) {
		c.Limits.Attempt, c.Limits.Retries = base.Duration(300*time.Millisecond), -1
	})
	r, err := dbOf(t, client).QueryContext(t.Context(), "SELECT * FROM bulk")
	if err != nil || !r.Next() {
		t.Fatal(err)
	}
	server.FailNext(fault.Silent(), 1000)
	began := time.Now()
	err = drainDB(r, nil)
	if err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}

func drainDB(r *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	for r.Next() {
	}
	return errors.Join(r.Err(), r.Close())
}
