package evidence

import (
	"strings"
	"testing"
)

func shapeText(text string) string { return textOf(shapeOf(text, defaultWords)) }

func TestShapesMaskValuesAndKeepWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"load 123456789 assigned in 12.5ms":                                      "load <num> assigned in <num>",
		"2026-03-04T05:06:07.123456Z INFO started":                               "<time> INFO started",
		"2026-03-04 05:06:07,123 WARN  slow":                                     "<time> WARN slow",
		"16:42:22.382 INFO  t.s.TravelServiceImpl#532 TraceID: ffc8ca7e4c8f06c7": "<time> INFO t.s.TravelServiceImpl#532 TraceID: <hex>",
		"id=f3d4d4ef-693b-4456-8eed-59c0d717dd08, name=shanghai":                 "id=<uuid>, name=shanghai",
		"Route ID：f3d4d4ef-693b-4456-8eed-59c0d717dd08":                          "Route ID：<uuid>",
		"dial tcp 10.20.30.40:5432: connect: connection refused":                 "dial tcp <ip>: connect: connection refused",
		"peer fe80:0:0:1::2 gone":                                                "peer <ip> gone",
		"mail to a.b@example.com failed":                                         "mail to <email> failed",
		"GET https://example.com/a?b=c&d=1, then /var/log/x.log":                 "GET <url>, then <path>",
		"status 'pending' isn't \"live\" for carrier's load":                     "status <str> isn't <str> for carrier's load",
		"stations=[shanghai, suzhou], distances=[0, 50], x=[one]":                "stations=[<list>], distances=[<list>], x=[one]",
		"TripId: D1345 seat 0x1F at 45% of sha256":                               "TripId: <id> seat <hex> at <num> of <id>",
		"handler.go:123 call v2 of http2":                                        "handler.go:123 call v2 of http2",
		`{"a key": "x", "b": 12}`:                                                `{"a key": <str>, "b": <num>}`,
		strings.Repeat("x", 200) + " end":                                        "<blob> end",
		"Ошибка загрузки 42 für Größe":                                           "Ошибка загрузки <num> für Größe",
		"":       "",
		" \t\n ": "",
		"----":   "----",
	} {
		if got := shapeText(text); got != want {
			t.Errorf("%q:\n got %q\nwant %q", text, got, want)
		}
	}
}

func TestALongLineEndsInTheMaskOfTheRest(t *testing.T) {
	t.Parallel()
	got := textOf(shapeOf("a b c d e f", 3))
	if want := "a b c <...>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if again := textOf(shapeOf(got, 3)); again != got {
		t.Errorf("the shape of %q is %q", got, again)
	}
}

func FuzzShapesAreStable(f *testing.F) {
	for _, text := range []string{
		"load 12 'a' \"b\" x=1", "12'abc' 'abc'12", "1-/a 12:-x", "<num>/a", "[a, (b, c), d]", `"k": "v" 'it's'`, ` "0":"000000`, "a\x00b \xff", "::1 -5 +3 ~/x",
		"2026-01-02 03:04:05,678,9", "[1, 2, 3", "https://a.b/c).", "a@b/c/d C:\\x\\y", "<...> tail", "<*> <list>, [<list>, x]",
	} {
		f.Add(text, uint8(32))
	}
	f.Fuzz(func(t *testing.T, text string, limit uint8) {
		words := int(limit%64) + 1
		text = strings.ToValidUTF8(text, "\uFFFD")
		once := textOf(shapeOf(text, words))
		if twice := textOf(shapeOf(once, words)); twice != once {
			t.Errorf("the shape of %q is %q, whose own is %q", text, once, twice)
		}
	})
}
