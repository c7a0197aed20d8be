package trino_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/trino"
)

// spooled is the page of an answer that lies at a place, as the server tells with these headers.
func spooled(t testing.TB, uri string, headers any) string {
	t.Helper()
	segment := map[string]any{"type": "spooled", "uri": uri, "headers": headers, "metadata": map[string]any{"rowsCount": 1}}
	data, err := json.Marshal(map[string]any{"encoding": "json", "segments": []any{segment}})
	if err != nil {
		t.Fatal(err)
	}
	return oneColumn("integer", string(data))
}

// storageOf is a place where one segment lies, and the headers of each request for it.
func storageOf(t testing.TB) (url string, asked func() []http.Header) {
	t.Helper()
	var mu sync.Mutex
	var all []http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, r.Header.Clone())
		_, _ = w.Write([]byte(`[[42]]`))
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []http.Header {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

func clientOfSpooled(t testing.TB, page string, change ...func(*trino.Config)) *trino.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { send(w, "%s", page) }))
	t.Cleanup(server.Close)
	host, port := split(t, strings.TrimPrefix(server.URL, "http://"))
	config := trino.Config{Host: host, Port: port, Plaintext: true, Proxy: "none", Limits: base.Limits{Retries: -1}}
	for _, f := range change {
		f(&config)
	}
	client, err := trino.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestOnlyTheHeadersOfStoragesGoWithAnAskForASegment(t *testing.T) {
	t.Parallel()
	url, asked := storageOf(t)
	client := clientOfSpooled(t, spooled(t, url+"/segment?signature=x", map[string][]string{
		"X-Amz-Server-Side-Encryption-Customer-Key": {"key"}, "x-goog-encryption-key": {"key"}, "X-MS-Version": {"1"},
		"Metadata-Flavor": {"Google"}, "Metadata": {"true"}, "X-aws-ec2-metadata-token": {"t"}, "X-Google-Metadata-Request": {"True"},
		"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": {"60"}, "Authorization": {"Bearer x"}, "X-Trino-User": {"admin"}, "Cookie": {"a=b"}, "Host": {"other"},
	}))
	if n, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT 1"})); n != 1 || err != nil {
		t.Fatalf("%d rows, %v", n, err)
	}
	want := http.Header{
		"X-Amz-Server-Side-Encryption-Customer-Key": {"key"}, "X-Goog-Encryption-Key": {"key"}, "X-Ms-Version": {"1"},
		"Accept-Encoding": {"gzip"}, "User-Agent": {"Go-http-client/1.1"},
	}
	if diff := cmp.Diff([]http.Header{want}, asked()); diff != "" {
		t.Error(diff)
	}
}

func TestHeadersOfASegmentThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	url, asked := storageOf(t)
	for _, headers := range []any{"text", map[string]string{"X-Amz-A": "b"}, map[string][]string{"X-Amz-A": {strings.Repeat("x", 65<<10)}}} {
		_, err := count(clientOfSpooled(t, spooled(t, url, headers)).Query(t.Context(), trino.Query{SQL: "SELECT 1"}))
		if base.KindOf(err) != base.KindProtocol || !strings.Contains(err.Error(), "headers") {
			t.Errorf("%.40v: %v", headers, err)
		}
	}
	if n := len(asked()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestASegmentLiesWhereTheOperatorAllowsIt(t *testing.T) {
	t.Parallel()
	url, asked := storageOf(t)
	page := spooled(t, url+"/segment?signature=x", nil)
	for _, hosts := range [][]string{nil, {"127.0.0.1"}, {"other.example.com", "127.0.0.1"}, {"*.0.0.1"}} {
		client := clientOfSpooled(t, page, func(c *trino.Config) { c.StorageHosts = hosts })
		if n, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT 1"})); n != 1 || err != nil {
			t.Errorf("%v: %d rows, %v", hosts, n, err)
		}
	}
	before := len(asked())
	for _, hosts := range [][]string{{"127.0.0.2"}, {"*.27.0.0.1"}, {"*.127.0.0.1"}, {"storage.example.com"}, {"7.0.0.1"}} {
		client := clientOfSpooled(t, page, func(c *trino.Config) { c.StorageHosts = hosts })
		_, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT 1"}))
		if !errors.Is(err, base.ErrPermission) || !strings.Contains(err.Error(), "storage_hosts") {
			t.Errorf("%v: %v", hosts, err)
		}
	}
	if n := len(asked()); n != before {
		t.Errorf("%d requests were sent", n-before)
	}
	for _, bad := range []string{"", "*", "*.", "a:443", "https://a", "a/b", "*.*.a", "*..a"} {
		if err := (trino.Config{StorageHosts: []string{"a", bad}}).Validate(); err == nil || !strings.Contains(err.Error(), "storage_hosts[1]") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := (trino.Config{StorageHosts: []string{"a.example.com", "*.example.com", "192.0.2.1", "[::1]", "2001:db8::1"}}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestASegmentAtAServiceThatHandsOutCredentialsIsNotAskedFor(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"http://169.254.169.254/latest/meta-data/iam", "http://[fd00:ec2::254]/x", "http://0251.0376.0251.0376/x"} {
		_, err := count(clientOfSpooled(t, spooled(t, uri, nil)).Query(t.Context(), trino.Query{SQL: "SELECT 1"}))
		if base.KindOf(err) != base.KindProtocol || !strings.Contains(err.Error(), "not followed") {
			t.Errorf("%s: %v", uri, err)
		}
	}
}
