package clickhouse_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
)

// kindsOfCodes is what each code of the server means to a caller. Codes of the same meaning stand together.
var kindsOfCodes = map[base.Kind][]int{
	base.KindUnauthenticated: {516, 192, 193, 194, 720, 767},
	base.KindPermission:      {497, 164, 195, 291, 452, 472, 481, 482, 512, 673},
	base.KindNotFound:        {60, 81, 16, 218, 701},
	base.KindInvalid: {
		62, 47, 46, 43, 42, 36, 50, 53, 6, 27, 41, 70, 115, 184, 215, 207, 386, 456, 457, 48, 344, 395,
		1, 8, 10, 34, 35, 38, 44, 51, 63, 69, 72, 78, 80, 121, 122, 125, 128, 129, 131, 135, 153, 162, 174, 179, 181, 182, 183, 190, 206, 211, 229,
		258, 306, 321, 349, 352, 376, 377, 403, 407, 418, 427, 440, 446, 455, 467, 471, 475, 558, 632, 675, 691, 703,
	},
	base.KindThrottled:     {202, 364, 700, 749, 762, 252},
	base.KindOverloaded:    {173, 745},
	base.KindConflict:      {57, 58, 82},
	base.KindQuotaExceeded: {201, 158, 307, 396, 241, 160, 161, 167, 168, 191, 290, 159},
	base.KindCanceled:      {394, 735, 677},
	base.KindUnavailable:   {210, 95, 96, 32, 198, 203, 225, 236, 279, 297, 369, 373, 439, 519, 999, 242, 209, 216, 254, 265, 733},
	base.KindInternal:      {49, 1000, 1001, 1002, 9999},
}

func TestEveryCodeOfTheServerHasItsKind(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	c := newClient(t, fakeConfig(s))
	for kind, codes := range kindsOfCodes {
		for _, code := range codes {
			s.Fail(fault.Error(code, "what the server said"), 1)
			_, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT bulk"})
			e, ok := errors.AsType[*base.Error](err)
			if !ok || e.Kind != kind || e.Code != strconv.Itoa(code) || e.QueryID == "" || e.Sent != base.Answered {
				t.Errorf("%d: %+v, want %v", code, err, kind)
				continue
			}
			if (e.Hint == "") != (kind == base.KindInternal) {
				t.Errorf("%d: hint %q", code, e.Hint)
			}
			server, ok := errors.AsType[*clickhouse.ServerError](err)
			if !ok || server.Code != code || !strings.Contains(server.Message, "what the server said") {
				t.Errorf("%d: %v", code, server)
			}
		}
	}
}

// The code is the same for a query that used up its own memory and for a server that has none; the words are those of a
// real server.
func TestTheMemoryOfTheServerIsNotThatOfTheQuery(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	c := newClient(t, fakeConfig(s))
	for text, kind := range map[string]base.Kind{
		"Query memory limit exceeded: would use 9.42 MiB (attempt to allocate chunk of 4.00 MiB bytes), maximum: 9.54 MiB":    base.KindQuotaExceeded,
		"(total) memory limit exceeded: would use 14.10 GiB (attempt to allocate chunk of 4219196 bytes), maximum: 14.06 GiB": base.KindOverloaded,
		"words that nobody has seen": base.KindQuotaExceeded,
	} {
		s.Fail(fault.Error(241, text), 1)
		_, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT bulk"})
		if base.KindOf(err) != kind {
			t.Errorf("%s: %v, want %v", text, err, kind)
		}
	}
}

// What is refused once is refused again: only what can pass is retried.
func TestOnlyWhatCanPassIsRetried(t *testing.T) {
	t.Parallel()
	retried := map[base.Kind]bool{base.KindUnavailable: true, base.KindThrottled: true, base.KindOverloaded: true, base.KindConflict: true}
	for kind, codes := range kindsOfCodes {
		if kind == base.KindUnauthenticated {
			continue // asks for another password; its own test counts
		}
		s := bulkServer(t)
		cfg := fakeConfig(s)
		cfg.Limits.Retries, cfg.Limits.RetryRatio = 1, -1
		c := newClient(t, cfg)
		s.Fail(fault.Error(codes[0], "no"), 1)
		r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT bulk"})
		if err == nil {
			_ = r.Close()
		}
		if n := len(s.Requests()); (n == 2) != retried[kind] || (err == nil) != retried[kind] {
			t.Errorf("%v: %d requests, %v", kind, n, err)
		}
	}
}

// An exception says nothing of the password, even when the server repeats it.
func TestAnExceptionThatRepeatsThePasswordIsCleaned(t *testing.T) {
	t.Parallel()
	s, c := readOnly(t, nil)
	s.Fail(fault.Error(62, "Syntax error near IDENTIFIED BY 'reader-pass'"), 1)
	_, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT bulk"})
	for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
		if text := fmt.Sprintf(verb, err); err == nil || strings.Contains(text, "reader-pass") {
			t.Errorf("%s: %s", verb, text)
		}
	}
	if e, ok := errors.AsType[*clickhouse.ServerError](err); ok && strings.Contains(e.Error()+e.Message+fmt.Sprintf("%#v", e), "reader-pass") {
		t.Errorf("the exception itself holds the password: %v", e)
	}
}

// The driver that writes goes through the same door.
func TestErrorsOfWritesAreTypedAndClean(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	s.AddUser("writer", "writer-pass")
	cfg := fakeConfig(s)
	cfg.User, cfg.Password = "writer", secret.Literal("writer-pass")
	c := newClient(t, cfg)
	for kind, codes := range kindsOfCodes {
		if kind == base.KindUnauthenticated {
			continue
		}
		s.Fail(fault.Error(codes[0], "no, writer-pass"), 1)
		err := c.Exec(t.Context(), clickhouse.Statement{SQL: "CREATE TABLE t (x UInt8) ENGINE = Memory"})
		server, ok := errors.AsType[*clickhouse.ServerError](err)
		if base.KindOf(err) != kind || !ok || server.Code != codes[0] {
			t.Errorf("%d: %v, want %v", codes[0], err, kind)
		}
		driver, ok := errors.AsType[*driver.Exception](err)
		if !ok || strings.Contains(fmt.Sprintf("%v %+v %#v", err, server, driver), "writer-pass") {
			t.Errorf("%d: %v", codes[0], driver)
		}
	}
}

func TestWritesCarryTheNameOfTheMethod(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	c := newClient(t, fakeConfig(s))
	if err := c.Exec(t.Context(), clickhouse.Statement{SQL: "CREATE TABLE noted (x UInt8) ENGINE = Memory"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Insert(t.Context(), "signoz_logs.noted", []string{"x"}, [][]any{{uint8(1)}}); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"CREATE TABLE noted": "clickhouse.Exec", "INSERT INTO": "clickhouse.Insert"} {
		if r := last(t, s, text); r.LogComment != want || r.QueryID == "" {
			t.Errorf("%s: %+v", text, r)
		}
	}
}

// A caller, or a model, that writes wrong statements over and over does not shut the door for others.
func TestMistakesOfStatementsDoNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	s := bulkServer(t)
	cfg := fakeConfig(s)
	cfg.Limits.Breaker = base.Breaker{}
	c := newClient(t, cfg)
	for _, code := range kindsOfCodes[base.KindInvalid] {
		s.Fail(fault.Error(code, "no"), 1)
		if _, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT bulk"}); base.KindOf(err) != base.KindInvalid {
			t.Fatalf("%d: %v", code, err)
		}
	}
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
