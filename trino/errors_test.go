package trino_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

func TestLinksToOtherHostsAreRefused(t *testing.T) {
	t.Parallel()
	for _, next := range []string{"http://127.0.0.1:1/v1/statement/x", "https://trino.example.com/v1/statement/x", "//x/y", "::", "/v1/statement/x"} {
		elsewhere := handler(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"id":"20250101_000000_00001_x","nextUri":"` + next + `","stats":{}}`))
		})
		_, err := elsewhere.Query(t.Context(), trino.Query{SQL: "SELECT 1"})
		if base.KindOf(err) != base.KindProtocol || !strings.Contains(err.Error(), "20250101_000000_00001_x") {
			t.Errorf("%s: %v", next, err)
		}
	}
}

func TestWhatIsNoAnswerOfTrinoIsAProtocolError(t *testing.T) {
	t.Parallel()
	head := `{"id":"20250101_000000_00001_x","columns":[{"name":"a","type":"bigint"},{"name":"b","type":"varchar"}],`
	for body, want := range map[string]string{
		"<html><body>log in</body></html>": "HTML",
		"":                                 "empty",
		"hello":                            "no JSON",
		head + `"data":[[1,"x"],[2`:        "ends",
		head + `"data":[[1]]}`:             "a row of 1 columns, and there are 2",
		head + `"data":[[]]}`:              "a row of 0 columns, and there are 2",
		head + `"data":[[1,]]}`:            "a row of 1 columns, and there are 2",
		head + `"data":[[1,"x",3]]}`:       "more than 2 columns",
		head + `"data":[[1.5,"x"]]}`:       "column a (bigint)",
		head + `"data":[[99999999999999999999,"x"]]}`:      "64 bits",
		head + `"data":[["1","x"]]}`:                       "column a",
		head + `"data":[[1,"x"]]} trailing`:                "follows",
		`{"id":"x","data":[[1]]}`:                          "without columns",
		`{"id":"20250101_000000_00001_x"}`:                 "without columns",
		`{"columns":[{"name":"a","type":"array(bigint"}]}`: "parenthesis",
		`{"columns":[{"name":"a","type":"` + strings.Repeat("array(", 40) + "bigint" + strings.Repeat(")", 40) + `"}]}`: "nested",
	} {
		client := handler(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
		_, err := client.Query(t.Context(), trino.Query{SQL: "SELECT 1"})
		if base.KindOf(err) != base.KindProtocol || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", body, err, want)
		}
	}
}

func TestTheErrorsOfTheServerHaveTheirKinds(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server, func(c *trino.Config) { c.Limits.Retries, c.Limits.Breaker.Ratio = -1, -1 })
	for code, want := range map[int]base.Kind{
		1: base.KindInvalid, 8: base.KindInvalid, 14: base.KindInvalid, 47: base.KindInvalid, 58: base.KindInvalid,
		4: base.KindPermission, 23: base.KindPermission, 5: base.KindNotFound, 44: base.KindNotFound, 45: base.KindNotFound, 46: base.KindNotFound,
		3: base.KindCanceled, 38: base.KindCanceled, 35: base.KindTooLarge, 2: base.KindQuotaExceeded,
		131074: base.KindThrottled, 131075: base.KindQuotaExceeded, 131073: base.KindQuotaExceeded, 131081: base.KindQuotaExceeded,
		131072: base.KindQuotaExceeded, 131076: base.KindOverloaded, 131080: base.KindUnavailable,
		65536: base.KindInternal, 65537: base.KindUnavailable, 65539: base.KindUnavailable, 65541: base.KindUnavailable,
		65545: base.KindUnavailable, 65549: base.KindUnavailable,
	} {
		server.Reply(nil, trinotest.Reply{Err: trinotest.NewError(code, "as it is")})
		_, err := client.Query(t.Context(), trino.Query{SQL: "SELECT 2"})
		e, ok := errors.AsType[*trino.ServerError](err)
		if base.KindOf(err) != want || !ok || e.Code != code {
			t.Errorf("%d %s: %v", code, trinotest.NewError(code, "").Name, err)
		}
		if typed, ok := errors.AsType[*base.Error](err); !ok || typed.QueryID == "" || typed.Code != e.Name {
			t.Errorf("%d: %+v", code, typed)
		}
	}
}

// A coordinator that has just started tells by a phrase alone that no worker has joined yet.
func TestNodesIsEmptyIsAServerThatStartsAndNothingElseIs(t *testing.T) {
	t.Parallel()
	server := started(t)
	for text, want := range map[string]struct {
		kind       base.Kind
		statements int
	}{
		"nodes is empty":                 {base.KindUnavailable, 4}, // retried as often as the default allows
		"Cannot invoke \"x\" on null":    {base.KindInternal, 1},
		"index 0 of a list out of range": {base.KindInternal, 1},
	} {
		client := clientOf(t, server)
		server.Reply(nil, slices.Repeat([]trinotest.Reply{{Err: trinotest.NewError(65536, text)}}, want.statements)...)
		before := len(server.Statements())
		_, err := client.Query(t.Context(), trino.Query{SQL: "SELECT 2"})
		e, ok := errors.AsType[*base.Error](err)
		if !ok || e.Kind != want.kind || e.Code != "GENERIC_INTERNAL_ERROR" || e.Attempts != want.statements {
			t.Errorf("%s: %v", text, err)
		}
		if n := len(server.Statements()) - before; n != want.statements {
			t.Errorf("%s: %d statements", text, n)
		}
	}
}
