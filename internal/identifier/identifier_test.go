package identifier_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/internal/identifier"
)

type columns struct {
	Time string `json:"time,omitempty"`
	Body string `json:"body"`
}

type tables struct {
	Logs    string   `json:"logs"`
	Days    int      `json:"days"`
	Columns columns  `json:"columns"`
	More    []string `json:"more"`
}

func TestWhatIsSetStaysAndTheRestIsFilledIn(t *testing.T) {
	t.Parallel()
	got := tables{Logs: "mine", Columns: columns{Body: "text"}}
	identifier.Fill(&got, tables{Logs: "logs", Days: 7, Columns: columns{Time: "timestamp", Body: "body"}, More: []string{"x"}})
	if diff := cmp.Diff(tables{Logs: "mine", Days: 7, Columns: columns{Time: "timestamp", Body: "text"}, More: []string{"x"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNamesThatAreSetAreVisitedByTheirFields(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	identifier.Each(tables{Logs: "a", Days: 7, Columns: columns{Time: "b"}, More: []string{"c"}}, "tables.", func(field, name string) { got[field] = name })
	if diff := cmp.Diff(map[string]string{"tables.logs": "a", "tables.columns.time": "b"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNamesHoldNothingThatEndsAQuote(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"logs", "a.b.c", "Ünï", "with space", "-", strings.Repeat("x", 10)} {
		if err := identifier.Check(name, 10); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"a`b", "a'b", `a"b`, `a\b`, "a;b", "f()", "{x}", "a\nb", "a\x00", "a\x7f", strings.Repeat("x", 11)} {
		if identifier.Check(name, 10) == nil {
			t.Errorf("%q is allowed", name)
		}
	}
}
