package adf_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fourkites/sources/internal/adf"
)

func FuzzMarkdown(f *testing.F) {
	for _, test := range forms {
		f.Add([]byte(doc(test.blocks)))
	}
	f.Add([]byte(`"text"`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		text, _, err := adf.Markdown(raw)
		if err == nil && !utf8.ValidString(text) || len(text) > 200*(len(raw)+100) {
			t.Errorf("%d bytes became %d", len(raw), len(text))
		}
	})
}

func FuzzFromMarkdown(f *testing.F) {
	for _, text := range written {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		made, err := adf.FromMarkdown(text)
		if err != nil || !json.Valid(made) {
			t.Fatal(err)
		}
		if _, _, err := adf.Markdown(made); err != nil {
			t.Fatal(err)
		}
	})
}

// A text of a document means itself in Markdown, whatever it is.
func FuzzTextMeansItself(f *testing.F) {
	for _, text := range append([]string{"a*b_c`d`", "# x", "1. x", "a\\", "&amp;", "<b>", "[a](b)", "![", "~~", "| a |", "\ta", "=", "+ a", "\u2028", "a]"}, written...) {
		f.Add(text, "more")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		quoted := func(text string) string {
			text = strings.ToValidUTF8(strings.Join(strings.Fields(strings.Map(printable, text)), " "), "\uFFFD")
			return say(text)
		}
		before := doc(p(quoted(one)) + "," + p(quoted(two)))
		text, _, err := adf.Markdown(before)
		if err != nil {
			t.Fatal(err)
		}
		after, err := adf.FromMarkdown(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := words(t, after), words(t, before); got != want {
			t.Errorf("%q became %q by way of %q", want, got, text)
		}
	})
}

// printable leaves control characters out, which Markdown does not carry.
func printable(r rune) rune {
	if r < ' ' || r >= 0x7F && r < 0xA0 {
		return ' '
	}
	return r
}

// words are the texts of a document's paragraphs, one in a line. Anything else than paragraphs shows.
func words(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var d struct {
		Content []struct {
			Type    string
			Content []struct {
				Type, Text string
				Marks      []any
			}
		}
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, block := range d.Content {
		if len(block.Content) == 0 || len(block.Content) == 1 && block.Content[0].Text == "" {
			continue
		}
		if block.Type != "paragraph" {
			b.WriteString("(" + block.Type + ")")
		}
		for _, inline := range block.Content {
			if inline.Type != "text" || len(inline.Marks) > 0 {
				b.WriteString("(" + inline.Type + ")")
			}
			b.WriteString(inline.Text)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func FuzzMarkdownOfStorage(f *testing.F) {
	for _, page := range []string{
		"<p>a</p>", "<ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[x]]></ac:plain-text-body></ac:structured-macro>",
		"<table><tr><td>a</td></tr></table>", "<ul><li>a<ul><li>b", "<p>&nbsp;&copy;&#1;", "<a><b><c></a>", "<ac:link><ri:page/></ac:link>", "<![CDATA[", "<ac:image><ri:url/>",
	} {
		f.Add(page)
	}
	f.Fuzz(func(t *testing.T, page string) {
		text, _ := adf.MarkdownOfStorage(page)
		if !utf8.ValidString(text) || len(text) > 200*(len(page)+100) {
			t.Errorf("%d bytes became %d", len(page), len(text))
		}
	})
}
