package adf_test

import (
	"encoding/json"
	"html"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fourkites/sources/internal/adf"
	"github.com/fourkites/sources/internal/contract"
)

// schema is the official one of documents.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open(contract.Recorded(t, "adf", "full.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	text, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("adf.json", text); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("adf.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t *testing.T, s *jsonschema.Schema, raw json.RawMessage) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// written is Markdown as people write it.
var written = []string{
	"", "plain", "# Title\n\nText with **bold**, *em*, ~~gone~~, `code` and [a link](https://example.com).",
	"- a\n- b\n  - c\n\n1. x\n2. y\n\n7) z", "- [ ] todo\n- [x] done", "> quote\n> more\n\n> # heading in a quote\n\n> | a |\n> |---|\n> | b |",
	"- item\n\n  > quote in an item\n\n  ```go\n  code\n  ```\n\n  # heading in an item", "| a | b |\n|---|---|\n| 1 | ![x](media:7) |",
	"```\n```", "    indented code", "---\n\n***", "![alt](https://example.com/a.png \"title\")", "> [!NOTE]\n> text\n>\n> ---", "> [!EXPAND] More\n> text",
	"**bold `code` bold**", "[![image](https://example.com/i.png)](https://example.com)", "<https://example.com> <a@example.com>", "a\\\nb  \nc\nd",
	"<div>\n<p>html</p>\n</div>", "*a **b* c**", "[@Ann](mention:1)", "1. \n2. text", "- - - a", "|a|\n|-|", "[empty]()", "a[^1]\n\n[^1]: note", "- [x] task\n  with more\n\n  paragraphs",
	"* * *", "> ", "-", "\u00a0", "a&nbsp;b &lt;c&gt;", "> > > deep",
}

func TestContractWhatIsWrittenIsAValidDocument(t *testing.T) {
	t.Parallel()
	s := schema(t)
	texts := append([]string{}, written...)
	for _, test := range forms {
		texts = append(texts, test.want)
	}
	for _, text := range texts {
		made, err := adf.FromMarkdown(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(t, s, made); err != nil {
			t.Errorf("%q: %v\n%s", text, err, made)
		}
	}
	for _, test := range forms { // so that the check proves something, and that the forms are real ones
		if err := valid(t, s, doc(test.blocks)); err != nil {
			t.Errorf("%s is no document: %v", test.name, err)
		}
	}
	if valid(t, s, doc(`{"type":"listItem"}`)) == nil {
		t.Error("a list item by itself is valid")
	}
}

// kept collects what of a document a reader needs.
func kept(v any, into *[]string) {
	switch v := v.(type) {
	case []any:
		for _, inner := range v {
			kept(inner, into)
		}
	case map[string]any:
		for name, inner := range v {
			text, isText := inner.(string)
			if isText && (name == "text" || name == "url" || name == "href" || name == "title" || name == "alt" || name == "language") {
				*into = append(*into, text)
			}
			kept(inner, into)
		}
	}
}

// bare is a text without what form adds to it.
func bare(text string) string {
	return html.UnescapeString(strings.Join(strings.Fields(strings.NewReplacer(`\`, "", "<br>", " ", "> ", " ", "&#32;", " ").Replace(text)), ""))
}

func TestContractNothingOfARecordedDocumentIsLost(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"md.json", "unsupported-content.json"} {
		raw, err := os.ReadFile(contract.Recorded(t, "adf", name))
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		text, notes, err := adf.Markdown(raw)
		if err != nil {
			t.Fatal(err)
		}
		var wanted []string
		kept(v, &wanted)
		whole := bare(text)
		missing := 0
		for _, one := range wanted {
			for line := range strings.SplitSeq(one, "\n") {
				if !strings.Contains(whole, bare(line)) {
					missing++
					t.Errorf("%s: %q is lost", name, line)
				}
			}
		}
		t.Logf("%s: %d texts, %d lost, %d bytes, notes %q", name, len(wanted), missing, len(text), notes)
		if len(wanted) == 0 {
			t.Errorf("%s: nothing to keep", name)
		}
	}
}
