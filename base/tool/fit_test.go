package tool_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
)

func page(n int, text string) base.Page[map[string]string] {
	p := base.Page[map[string]string]{Outcome: base.Data, Cursor: "after the last", More: true}
	for i := range n {
		p.Items = append(p.Items, map[string]string{"id": fmt.Sprint(i), "text": text})
	}
	return p
}

func fitted(t *testing.T, v any, most int) (json.RawMessage, bool, error) {
	t.Helper()
	whole, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	short, cut, err := tool.Fit(whole, most)
	if err == nil && (len(short) > most || !json.Valid(short)) {
		t.Errorf("%d bytes of %d, valid %v", len(short), most, json.Valid(short))
	}
	return short, cut, err
}

func TestAListThatIsCutSaysSoAndLosesItsCursor(t *testing.T) {
	t.Parallel()
	short, cut, err := fitted(t, page(1000, strings.Repeat("x", 100)), 20_000)
	if err != nil || !cut {
		t.Fatalf("%v, %v", cut, err)
	}
	var p base.Page[map[string]string]
	if err := json.Unmarshal(short, &p); err != nil {
		t.Fatal(err)
	}
	if p.Outcome != base.Truncated || p.Cursor != "" || !p.More || len(p.Items) < 100 || len(p.Stats.Notes) != 1 {
		t.Errorf("%s, cursor %q, more %v, %d items, %q", p.Outcome, p.Cursor, p.More, len(p.Items), p.Stats.Notes)
	}
	want := fmt.Sprintf("%d of 1000 entries are here", len(p.Items))
	if !strings.Contains(p.Stats.Notes[0], want) || p.Items[len(p.Items)-1]["id"] != fmt.Sprint(len(p.Items)-1) {
		t.Errorf("%q", p.Stats.Notes)
	}
}

func TestAnAnswerThatFitsIsLeftAlone(t *testing.T) {
	t.Parallel()
	if short, cut, err := tool.Fit(json.RawMessage(`{"b":1, "a":2}`), 14); err != nil || cut || string(short) != `{"b":1, "a":2}` {
		t.Errorf("%s, %v, %v", short, cut, err)
	}
}

func TestAPageOfOneLongTextIsCutWithinIt(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("é\"\n", 50_000)
	short, cut, err := fitted(t, page(1, text), 10_000)
	if err != nil || !cut {
		t.Fatal(err)
	}
	var p base.Page[map[string]string]
	if err := json.Unmarshal(short, &p); err != nil {
		t.Fatal(err)
	}
	got, said, ok := strings.Cut(p.Items[0]["text"], "… [cut: ")
	if !ok || !strings.HasPrefix(text, got) || said != fmt.Sprintf("%d more bytes]", len(text)-len(got)) {
		t.Errorf("%.80q ... %q", got, said)
	}
	if p.Cursor != "after the last" {
		t.Error("the cursor went, although no entry did")
	}
}

func TestAListWithoutAnOutcomeIsNotCut(t *testing.T) {
	t.Parallel()
	if _, _, err := fitted(t, map[string]any{"items": make([]int, 10_000)}, 1000); !errors.Is(err, base.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	if _, _, err := tool.Fit(json.RawMessage(`{"a`+strings.Repeat("a", 1000)), 100); !errors.Is(err, base.ErrProtocol) {
		t.Errorf("%v", err)
	}
}

func TestACursorIsNeverCutIntoPieces(t *testing.T) {
	t.Parallel()
	p := page(1, "x")
	p.Cursor = strings.Repeat("c", 5000)
	if _, _, err := fitted(t, p, 1000); !errors.Is(err, base.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

func FuzzFit(f *testing.F) {
	f.Add(`{"outcome":"data","items":[1,2,3],"stats":{"notes":["a"]}}`, 40)
	f.Add(`{"outcome":"data","items":[{"outcome":"no_data","list":["aaaaaaaaaaaaaaaaaa","b"]},2]}`, 90)
	f.Fuzz(func(t *testing.T, text string, most int) {
		short, cut, err := tool.Fit(json.RawMessage(text), most)
		if err == nil && cut && (len(short) > most || !json.Valid(short)) {
			t.Errorf("%q of %q", short, text)
		}
	})
}
