package adf_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/internal/adf"
)

// doc is a document of these blocks.
func doc(blocks string) json.RawMessage {
	return json.RawMessage(`{"version":1,"type":"doc","content":[` + blocks + `]}`)
}

func p(inline string) string { return `{"type":"paragraph","content":[` + inline + `]}` }

func say(text string, marks ...string) string {
	quoted, _ := json.Marshal(text)
	out := `{"type":"text","text":` + string(quoted)
	if len(marks) > 0 {
		out += `,"marks":[` + strings.Join(marks, ",") + `]`
	}
	return out + `}`
}

const (
	strong = `{"type":"strong"}`
	em     = `{"type":"em"}`
	code   = `{"type":"code"}`
)

func link(url string) string { return `{"type":"link","attrs":{"href":"` + url + `"}}` }

func item(blocks string) string { return `{"type":"listItem","content":[` + blocks + `]}` }

// forms are documents and the Markdown that they become.
var forms = []struct{ name, blocks, want string }{
	{"a heading", `{"type":"heading","attrs":{"level":2},"content":[` + say("What happened") + `]}`, "## What happened"},
	{"paragraphs", p(say("one")) + "," + p(say("two")), "one\n\ntwo"},
	{"a break", p(say("one") + `,{"type":"hardBreak"},` + say("two")), "one\\\ntwo"},
	{"code with its language", `{"type":"codeBlock","attrs":{"language":"java"},"content":[` + say("at A.b(C.java:7)\n  at D") + `]}`, "```java\nat A.b(C.java:7)\n  at D\n```"},
	{"code with a fence in it", `{"type":"codeBlock","content":[` + say("a\n```\nb") + `]}`, "````\na\n```\nb\n````"},
	{"marks", p(say("a ") + "," + say("bold", strong) + "," + say(" and ") + "," + say("both", strong, em) + "," + say(" ") + "," + say("x_y", code)), "a **bold** and ***both*** `x_y`"},
	{"spaces in marks", p(say("a ", strong) + "," + say("b")), "**a** b"},
	{"a link", p(say("the page", link("https://example.com/a_b?x=1&y=(2)"))), `[the page](https://example.com/a\_b?x=1\&y=\(2\))`},
	{"an address that is its own text", p(say("https://example.com/x", link("https://example.com/x"))), "<https://example.com/x>"},
	{"a mention", p(`{"type":"mention","attrs":{"id":"5b10:a","text":"@Ann Example"}},` + say(" look")), "[@Ann Example](mention:5b10:a) look"},
	{"a card", p(`{"type":"inlineCard","attrs":{"url":"https://example.com/PR/7"}}`), "<https://example.com/PR/7>"},
	{"an emoji, a date, a status", p(`{"type":"emoji","attrs":{"shortName":":warning:","text":"⚠"}},` + say(" ") + `,{"type":"date","attrs":{"timestamp":"1735787045000"}},` + say(" ") + `,{"type":"status","attrs":{"text":"DONE","color":"green"}}`), `⚠ 2025-01-02 [DONE]`},
	{"lists in lists", `{"type":"bulletList","content":[` + item(p(say("one"))+`,{"type":"orderedList","attrs":{"order":3},"content":[`+item(p(say("three"))+","+p(say("more")))+`]}`) + "," + item(p(say("two"))) + `]}`, "- one\n\n  3. three\n\n     more\n- two"},
	{"tasks", `{"type":"taskList","attrs":{"localId":"a"},"content":[{"type":"taskItem","attrs":{"localId":"b","state":"DONE"},"content":[` + say("check") + `]},{"type":"taskItem","attrs":{"localId":"c","state":"TODO"},"content":[` + say("mend") + `]}]}`, "- [x] check\n- [ ] mend"},
	{"a panel", `{"type":"panel","attrs":{"panelType":"warning"},"content":[` + p(say("down since 9")) + `]}`, "> [!WARNING]\n>\n> down since 9"},
	{"an expand", `{"type":"expand","attrs":{"title":"Log of pod-7"},"content":[{"type":"codeBlock","content":[` + say("x") + `]}]}`, "> [!EXPAND] Log of pod-7\n>\n> ```\n> x\n> ```"},
	{"a quote", `{"type":"blockquote","content":[` + p(say("they said")) + `]}`, "> they said"},
	{"a rule", `{"type":"rule"}`, "---"},
	{"a table", `{"type":"table","content":[{"type":"tableRow","content":[{"type":"tableHeader","content":[` + p(say("id")) + `]},{"type":"tableHeader","content":[` + p(say("state")) + `]}]},{"type":"tableRow","content":[{"type":"tableCell","content":[` + p(say("7")) + `]},{"type":"tableCell","content":[` + p(say("a|b")) + "," + p(say("c")) + `]}]}]}`, "| id | state |\n| --- | --- |\n| 7 | a\\|b<br>c |"},
	{"a table without a head", `{"type":"table","content":[{"type":"tableRow","content":[{"type":"tableCell","content":[` + p(say("7")) + `]}]}]}`, "|  |\n| --- |\n| 7 |"},
	{"a file", `{"type":"mediaSingle","content":[{"type":"media","attrs":{"type":"file","id":"af3-01","collection":"c","alt":"screen.png"}}]}`, `![screen.png](media:af3-01 "c")`},
	{"a file of elsewhere", `{"type":"mediaSingle","content":[{"type":"media","attrs":{"type":"external","url":"https://example.com/a.png"}}]}`, "![](https://example.com/a.png)"},
	{"text that looks like Markdown", p(say("*no* `no` <b> [a](b) &amp; a_b_c _no_ ~~no~~ C:\\temp\\x")), "\\*no\\* \\`no\\` \\<b> [a\\](b) \\&amp; a_b_c \\_no\\_ \\~\\~no\\~\\~ C:\\temp\\x"},
	{"starts of lines", p(say("# no")) + "," + p(say("- no")) + "," + p(say("1. no")) + "," + p(say("> no")) + "," + p(say("    no")), "\\# no\n\n\\- no\n\n1\\. no\n\n\\> no\n\n&#32;   no"},
	{"log lines stay readable", p(say("[ERROR] 2025-01-02 main_loop: id=7 (x) {a: b} 50% #3")), "[ERROR] 2025-01-02 main_loop: id=7 (x) {a: b} 50% #3"},
	{"two lists", `{"type":"bulletList","content":[` + item(p(say("a"))) + `]},{"type":"bulletList","content":[` + item(p(say("b"))) + `]}`, "- a\n\n<!-- -->\n\n- b"},
	{"raised and underlined", p(say("10") + "," + say("3", `{"type":"subsup","attrs":{"type":"sup"}}`) + "," + say("x", `{"type":"underline"}`)), "10<sup>3</sup><u>x</u>"},
}

func TestDocumentsBecomeMarkdown(t *testing.T) {
	t.Parallel()
	for _, test := range forms {
		got, notes, err := adf.Markdown(doc(test.blocks))
		if err != nil || got != test.want || len(notes) > 0 {
			t.Errorf("%s: %v %v\n got %q\nwant %q", test.name, notes, err, got, test.want)
		}
	}
}

func TestMarkdownComesBackAsItWas(t *testing.T) {
	t.Parallel()
	for _, test := range forms {
		back, err := adf.FromMarkdown(test.want)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := adf.Markdown(back)
		if err != nil || got != test.want {
			t.Errorf("%s: %v\n got %q\nwant %q\nby %s", test.name, err, got, test.want, back)
		}
	}
}

func TestWhatIsNotKnownGivesItsText(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ blocks, want, note string }{
		"a block":           {`{"type":"carousel","attrs":{"title":"Pictures"},"content":[` + p(say("of pod-7")) + `]}`, "Pictures\n\nof pod-7", "carousel"},
		"within a line":     {p(say("a ") + `,{"type":"gauge","attrs":{"text":"42 %"}}`), "a 42 %", "gauge"},
		"unsupported":       {`{"type":"unsupportedBlock","attrs":{"originalValue":{"text":"kept"}}}`, "```json\n{\"originalValue\":{\"text\":\"kept\"}}\n```", "not support"},
		"a macro":           {`{"type":"extension","attrs":{"extensionKey":"jira","parameters":{"macroParams":{"jqlQuery":{"value":"project = OPS"}}}}}`, "`{macro:jira jqlQuery=project = OPS}`", ""},
		"a macro of blocks": {`{"type":"bodiedExtension","attrs":{"extensionKey":"excerpt"},"content":[` + p(say("inside")) + `]}`, "`{macro:excerpt}`\n\ninside", ""},
		"columns":           {`{"type":"layoutSection","content":[{"type":"layoutColumn","content":[` + p(say("left")) + `]},{"type":"layoutColumn","content":[` + p(say("right")) + `]}]}`, "left\n\nright", ""},
	} {
		got, notes, err := adf.Markdown(doc(test.blocks))
		if err != nil || got != test.want || test.note != "" != (len(notes) > 0) || test.note != "" && !strings.Contains(notes[0], test.note) {
			t.Errorf("%s: %q, %v, %v", name, got, notes, err)
		}
	}
}

func TestTextsOfEveryKindAreTaken(t *testing.T) {
	t.Parallel()
	inner, _ := json.Marshal(string(doc(p(say("inside")))))
	for raw, want := range map[string]string{
		"": "", "null": "", `""`: "", `"old *wiki* text"`: "old *wiki* text", string(inner): "inside", `"\ud800 lone"`: "\uFFFD lone",
		string(doc("")): "", `"{not json"`: "{not json", string(doc(p(say("a\x00b")))): "a\uFFFDb",
	} {
		if got, _, err := adf.Markdown(json.RawMessage(raw)); err != nil || got != want {
			t.Errorf("%s: %q, %v", raw, got, err)
		}
	}
	for _, raw := range []string{`{"type":`, `7`, `[]`, `{}`, `{"type":"doc","content":"no"}`, `{"type":7}`} {
		if got, _, err := adf.Markdown(json.RawMessage(raw)); err == nil || got != "" {
			t.Errorf("%s: %q", raw, got)
		}
	}
}

func TestDepthIsBounded(t *testing.T) {
	t.Parallel()
	const deep = 3000
	blocks := strings.Repeat(`{"type":"blockquote","content":[`, deep) + p(say("at the bottom")) + strings.Repeat(`]}`, deep)
	got, notes, err := adf.Markdown(doc(blocks))
	if err != nil || len(notes) != 1 || len(got) > 10_000 {
		t.Errorf("%d bytes, %v, %v", len(got), notes, err)
	}
	if _, err := adf.FromMarkdown(strings.Repeat("> ", deep) + "x"); err != nil {
		t.Error(err)
	}
	if _, err := adf.FromMarkdown(strings.Repeat("*a **b ", deep)); err != nil {
		t.Error(err)
	}
}

func TestHTMLInMarkdownIsText(t *testing.T) {
	t.Parallel()
	back, err := adf.FromMarkdown("a <b>bold</b>\n\n<script>alert(1)</script>\n\n<!-- note -->")
	if err != nil {
		t.Fatal(err)
	}
	got, _, _ := adf.Markdown(back)
	if diff := cmp.Diff("a \\<b>bold\\</b>\n\n\\<script>alert(1)\\</script>\n\n\\<!-- note -->", got); diff != "" {
		t.Error(diff)
	}
}
