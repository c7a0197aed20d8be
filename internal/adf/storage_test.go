package adf_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/internal/adf"
	"github.com/fourkites/sources/internal/contract"
)

func TestAPageInStorageFormatReadsAsMarkdown(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		"":           "",
		"plain text": "plain text",
		"<p>a <strong>b</strong>&nbsp;c</p><p>d</p>":              "a **b**\u00a0c\n\nd",
		"<h2>Head</h2><p>x<br/>y</p><hr/>":                        "## Head\n\nx\\\ny\n\n---",
		"<ul><li>a<ul><li>b</li></ul></li><li><p>c</p></li></ul>": "- a\n\n  - b\n- c",
		`<ol start="3"><li>a</li></ol>`:                           "3. a",
		"<table><tbody><tr><th>k</th><th>v</th></tr><tr><td>a|b</td><td><p>c</p><p>d</p></td></tr></tbody></table>": "| k | v |\n| --- | --- |\n| a\\|b | c<br>d |",
		"<p><a href=\"https://example.com/x\">here</a> and <code>a_b</code></p>":                                    "[here](https://example.com/x) and `a_b`",
		"<pre>a\n  b</pre>": "```\na\n  b\n```",
		`<ac:structured-macro ac:name="code"><ac:parameter ac:name="language">java</ac:parameter><ac:parameter ac:name="title">Main</ac:parameter><ac:plain-text-body><![CDATA[if (a < b && c) {
  x();
}]]></ac:plain-text-body></ac:structured-macro>`: "**Main**\n\n```java\nif (a < b && c) {\n  x();\n}\n```",
		`<ac:structured-macro ac:name="warning"><ac:rich-text-body><p>Stop</p></ac:rich-text-body></ac:structured-macro>`:                                                                                                             "> [!WARNING]\n>\n> Stop",
		`<ac:structured-macro ac:name="expand"><ac:parameter ac:name="title">More</ac:parameter><ac:rich-text-body><p>in</p></ac:rich-text-body></ac:structured-macro>`:                                                               "> [!EXPAND] More\n>\n> in",
		`<p>now <ac:structured-macro ac:name="status"><ac:parameter ac:name="title">DONE</ac:parameter></ac:structured-macro> it is</p>`:                                                                                              "now [DONE] it is",
		`<ac:structured-macro ac:name="toc"><ac:parameter ac:name="maxLevel">2</ac:parameter></ac:structured-macro>`:                                                                                                                  "`{macro:toc maxLevel=2}`",
		`<ac:structured-macro ac:name="include"><ac:parameter ac:name=""><ac:link><ri:page ri:content-title="Run book" ri:space-key="OPS"/></ac:link></ac:parameter></ac:structured-macro>`:                                           "`{macro:include =page:OPS/Run book}`",
		`<ac:structured-macro ac:name="odd"><ac:rich-text-body><p>kept</p></ac:rich-text-body></ac:structured-macro>`:                                                                                                                 "`{macro:odd}`\n\nkept",
		`<p><ac:link><ri:page ri:content-title="Run book"/><ac:plain-text-link-body><![CDATA[the book]]></ac:plain-text-link-body></ac:link></p>`:                                                                                     "[the book](page:Run%20book)",
		`<p><ac:link ac:anchor="top"/> <ac:link><ri:user ri:account-id="5b10"/></ac:link> <ac:link><ri:attachment ri:filename="a.log"/></ac:link></p>`:                                                                                "[top](#top) [@5b10](mention:5b10) [a.log](attachment:a.log)",
		`<ac:image ac:alt="graph"><ri:attachment ri:filename="g.png"/></ac:image>`:                                                                                                                                                    "![graph](attachment:g.png)",
		`<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body>did <em>it</em></ac:task-body></ac:task></ac:task-list>`:                                                             "- [x] did *it*",
		`<ac:layout><ac:layout-section ac:type="single"><ac:layout-cell><p>l</p></ac:layout-cell></ac:layout-section></ac:layout>`:                                                                                                    "l",
		`<p>due <time datetime="2024-03-04"/> <ac:emoticon ac:name="tick" ac:emoji-fallback="✅"/></p>`:                                                                                                                                "due 2024-03-04 ✅",
		`<p>a <ac:inline-comment-marker ac:ref="x">marked</ac:inline-comment-marker> b</p>`:                                                                                                                                           "a marked b",
		`<ac:adf-extension><ac:adf-node type="panel"><ac:adf-attribute key="panel-type">note</ac:adf-attribute><ac:adf-content><p>n</p></ac:adf-content></ac:adf-node><ac:adf-fallback><p>n</p></ac:adf-fallback></ac:adf-extension>`: "> [!NOTE]\n>\n> n",
		"<div><script>alert(1)</script><style>p{}</style>seen</div>":                                                                                                                                                                  "seen",
		"<p>never closed <b>bold":                   "never closed **bold**",
		"<p>stray</i> end</p>":                      "stray end",
		"<details><summary>S</summary>in</details>": "> [!EXPAND] S\n>\n> in",
	} {
		got, notes := adf.MarkdownOfStorage(page)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", page, diff)
		}
		if len(notes) > 0 {
			t.Errorf("%s: %q", page, notes)
		}
	}
}

func TestNothingOfAPageIsLostThatCannotBeRead(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("<div>", 5000) + "bottom" + strings.Repeat("</div>", 5000)
	for page, want := range map[string][2]string{
		"<p>before</p><![ odd <p>after":                   {"after", "cannot be read as XML"},
		"<p>before</p>< <p>after</p>":                     {"after", "cannot be read as XML"},
		"<ac:new-thing>kept</ac:new-thing>":               {"kept", "ac:new-thing"},
		deep:                                              {"bottom", "deeper than"},
		"<p>\xff bad bytes</p>":                           {"\uFFFD bad bytes", ""},
		"<p>&unknown; &lt;tag&gt; &amp;</p>":              {"\\&unknown;", ""},
		strings.Repeat("<b/>", 200_010) + "<p>behind</p>": {"behind", "cannot be read"},
	} {
		got, notes := adf.MarkdownOfStorage(page)
		if !strings.Contains(got, want[0]) || !strings.Contains(strings.Join(notes, " "), want[1]) {
			t.Errorf("%.60s: %.200q, %q", page, got, notes)
		}
	}
}

// shownIn are the texts of a page that its reader sees: words of texts, and code as it stands. It reads the XML by itself.
func shownIn(t *testing.T, page string) (texts []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader("<page>" + page + "</page>"))
	d.Strict, d.Entity = false, xml.HTMLEntity
	var open []string
	content := false // of an extension, instead of what older readers show
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			for _, a := range token.Attr {
				if name == "parameter" && a.Name.Local == "name" && unseen(a.Value) {
					name = "task-id"
				}
			}
			open = append(open, name)
			content = content || name == "adf-node"
		case xml.EndElement:
			if open = open[:len(open)-1]; token.Name.Local == "adf-extension" {
				content = false
			}
		case xml.CharData:
			if slices.Contains(open, "task-id") || slices.Contains(open, "task-uuid") || slices.Contains(open, "task-status") || content && slices.Contains(open, "adf-fallback") {
				continue
			}
			if slices.Contains(open, "plain-text-body") {
				texts = append(texts, string(token))
				continue
			}
			texts = append(texts, strings.Fields(string(token))...)
		}
	}
}

// unseen are parameters that say how something looks.
func unseen(parameter string) bool {
	switch parameter {
	case "panelIconId", "panelIcon", "panelIconText", "bgColor", "colour", "linenumbers", "theme", "breakoutMode", "breakoutWidth", "borderStyle", "iconColor":
		return true
	}
	return false
}

func TestContractNoWordOfARecordedPageIsLost(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob(filepath.Join(contract.Recorded(t, "confluence", "md2conf", "target"), "*.xml"))
	if err != nil || len(pages) < 20 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	seen := 0
	for _, path := range pages {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, notes := adf.MarkdownOfStorage(string(page))
		if len(notes) > 0 {
			t.Logf("%s: %q", filepath.Base(path), notes)
		}
		plain := strings.NewReplacer("\\", "").Replace(got)
		for _, text := range shownIn(t, string(page)) {
			if seen++; !strings.Contains(plain, strings.ReplaceAll(text, "\\", "")) {
				t.Errorf("%s: %q is not in\n%s", filepath.Base(path), text, got)
				break
			}
		}
	}
	t.Logf("%d texts of %d pages", seen, len(pages))
}
