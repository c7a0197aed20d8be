package trino_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/trino"
)

// token has the form of a JWT and is longer than what used to be shown of a text.
const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzdmMtcmVhZGVyIiwic2NwIjoidHJpbm8ifQ.c2lnbmF0dXJlLWNhbmFyeS0wMTIzNDU2Nzg5YWJjZGVm"

// tokenClient is a client with a token of a TLS server that answers every request alike.
func tokenClient(t testing.TB, token string, f http.HandlerFunc, change ...func(*trino.Config)) *trino.Client {
	t.Helper()
	server := httptest.NewTLSServer(f)
	t.Cleanup(server.Close)
	host, port := split(t, strings.TrimPrefix(server.URL, "https://"))
	config := trino.Config{Host: host, Port: port, Proxy: "none", Token: secret.Literal(token), Limits: base.Limits{Retries: -1}}
	for _, f := range change {
		f(&config)
	}
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	client, err := trino.New(t.Context(), config, base.WithTLS(&tls.Config{RootCAs: pool}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// send writes an answer; %s in it are the arguments.
func send(w http.ResponseWriter, format string, args ...any) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, format, args...)
}

// bearer is the token that came with the request.
func bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

// shown is how many bytes of the secret in a row the text has.
func shown(text, secret string) int {
	longest := 0
	for from := range secret {
		for from+longest < len(secret) && strings.Contains(text, secret[from:from+longest+1]) {
			longest++
		}
	}
	return longest
}

// tree is the texts of all errors below one.
func tree(err error) string {
	text := err.Error() + "\n"
	switch e := err.(type) { //nolint:errorlint // it goes down by itself
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			text += tree(one)
		}
	case interface{ Unwrap() error }:
		if one := e.Unwrap(); one != nil {
			text += tree(one)
		}
	}
	return text
}

// A part of a secret is not known as one: what is cut must be cleaned before.
func TestNoPartOfATokenShowsInAnErrorNorInItsTree(t *testing.T) {
	t.Parallel()
	column := func(typ, value string) string {
		return `{"id":"q","columns":[{"name":"n","type":"` + typ + `"}],"data":[[` + value + `]],"stats":{}}`
	}
	for name, form := range map[string]string{
		"no JSON":      `%s`,
		"double":       column("double", `"%s"`),
		"bigint":       column("bigint", `0%s`),
		"date":         column("date", `"%s"`),
		"timestamp":    column("timestamp(3)", `"%s"`),
		"zone":         column("timestamp(3) with time zone", `"2026-01-01 00:00:00.000 %s"`),
		"time":         column("time(3)", `"%s"`),
		"interval":     column("interval day to second", `"%s"`),
		"address":      column("ipaddress", `"%s"`),
		"type":         column("array(%s", `1`),
		"arguments":    column("timestamp(%s)", `1`),
		"column":       `{"id":"q","columns":[{"name":"%s","type":"bigint"}],"data":[["x"]],"stats":{}}`,
		"encoding":     `{"id":"q","columns":[{"name":"n","type":"integer"}],"data":{"encoding":"%s","segments":[{"type":"inline","data":"AA=="}]}}`,
		"next":         `{"id":"q","nextUri":"https://%s/v1/x","stats":{}}`,
		"message":      `{"id":"q","error":{"message":"bad %s","errorCode":1,"errorName":"X","errorType":"USER_ERROR"},"stats":{}}`,
		"code":         `{"id":"q","error":{"message":"m","errorCode":1,"errorName":"E_%s\nforged","errorType":"USER_ERROR"},"stats":{}}`,
		"type of code": `{"id":"q","error":{"message":"m","errorCode":1,"errorName":"X","errorType":"%s"},"stats":{}}`,
	} {
		client := tokenClient(t, token, func(w http.ResponseWriter, r *http.Request) { send(w, form, bearer(r)) })
		_, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT 1"}))
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		if text := tree(err); shown(text, token) > 10 || strings.Contains(text, "\nforged") {
			t.Errorf("%s: %s", name, text)
		}
		if e, ok := errors.AsType[*trino.ServerError](err); ok && shown(e.Name+e.Type+e.Message, token) > 10 {
			t.Errorf("%s: %+v", name, *e)
		}
	}
}

func TestNoPartOfATokenShowsWhereARefusalIsLong(t *testing.T) {
	t.Parallel()
	for _, before := range []int{0, 200, 590, 20_000} {
		client := tokenClient(t, token, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = fmt.Fprintf(w, "%s cannot verify %s", strings.Repeat("x", before), bearer(r))
		})
		_, err := client.Query(t.Context(), trino.Query{SQL: "SELECT 1"})
		if !errors.Is(err, base.ErrUnauthenticated) || shown(tree(err), token) > 10 {
			t.Errorf("behind %d bytes: %v", before, err)
		}
	}
}

func TestAFailureBehindRowsShowsNoTokenThoughTheGuardLetsNothingPass(t *testing.T) {
	t.Parallel()
	client := tokenClient(t, token, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			send(w, `{"id":"q","nextUri":"https://%s/v1/statement/x","columns":[{"name":"n","type":"integer"}],"data":[[1]],"stats":{}}`, r.Host)
			return
		}
		w.Header().Set("RateLimit-Remaining", "0")
		w.Header().Set("RateLimit-Reset", "3600")
		send(w, `{"id":"q","stats":{},"error":{"message":"m","errorCode":1,"errorName":"E_%s\nforged","errorType":"USER_ERROR"}}`, bearer(r))
	})
	n, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT 1"}))
	if n != 1 || err == nil || shown(tree(err), token) > 10 || strings.Contains(tree(err), "\nforged") {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestOnlyWhatHasTheFormOfAQueryIDIsTakenAsOne(t *testing.T) {
	t.Parallel()
	const opaque = "token_without_a_dot_0123456789" // has the form, and is a secret
	for _, token := range []string{token, opaque} {
		for _, id := range []string{"%s", `%s\nFORGED level=INFO`, "20260101_000000_00001_abcde"} {
			client := tokenClient(t, token, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodDelete {
					w.WriteHeader(http.StatusNoContent)
					return
				}
				told := strings.ReplaceAll(id, "%s", bearer(r))
				send(w, `{"id":"%s","nextUri":"https://%s/v1/statement/x","columns":[{"name":"n","type":"integer"}],"data":[[1]],"stats":{"state":"%s"}}`,
					told, r.Host, told)
			})
			ctx, cancel := context.WithCancel(t.Context())
			var stats base.Stats
			var seen trino.Progress
			answer, err := client.Query(base.WithStats(ctx, &stats), trino.Query{SQL: "SELECT 1", Progress: func(p trino.Progress) { seen = p }})
			if err != nil {
				t.Fatal(err)
			}
			cancel()
			eventually(t, "the answer has ended", func() bool { return !answer.Next() })
			want := ""
			if !strings.HasPrefix(id, "%s") {
				want = id
			}
			if stats.QueryID != want || seen.QueryID != want || seen.State != "" || answer.Stats().QueryID != want {
				t.Errorf("%q: stats %+v, progress %+v", id, stats, seen)
			}
			if text := answer.Err().Error(); shown(text, token) > 10 || strings.Contains(text, "FORGED") {
				t.Errorf("%q: %q", id, text)
			}
		}
	}
}
