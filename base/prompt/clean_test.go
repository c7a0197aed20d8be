package prompt_test

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fourkites/sources/base/prompt"
	"github.com/fourkites/sources/internal/race"
)

func TestWhatNoReaderSeesIsTakenAway(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                "",
		"a\tb\nc":                         "a\tb\nc",
		"a\r\nb\rc\r":                     "a\nb\nc\n",
		"a\x00b\x07c\x7fd":                "abcd",
		"a\u0085b\u009cc":                 "abc",
		"\x1b[31mred\x1b[0m":              "red",
		"\x1b[1;31;40mred\x1b[K":          "red",
		"\u009b31mred":                    "red",
		"\x1b]0;title\atext":              "text",
		"\x1b]8;;http://x\x1b\\link":      "link",
		"\u009d0;title\u009ctext":         "text",
		"\x1b]0;never ends":               "0;never ends",
		"\x1b(Btext\x1b7":                 "text",
		"\x1bPdata\x1b\\text":             "text",
		"\x1b":                            "",
		"\x1b[":                           "",
		"a\u202Eb\u202Cc\u2066d\u2069":    "abcd",
		"a\u200Eb\u200Fc\u061Cd":          "abcd",
		"a\u200Bb\uFEFFc\u2060d\u00ADe":   "abcde",
		"a\u180Eb\u2064c\u034Fd\u3164e":   "abcde",
		"a\U000E0041\U000E0042\U000E007F": "a",
		"a\uFE0Fb\U000E0100c":             "abc",
		"a\uFFF9b\uFFFAc\uFFFBd":          "abcd",
		"a\uFDD0b\uFFFEc\U0001FFFFd":      "abcd",
		"a\xffb\xc0":                      "a\uFFFDb\uFFFD",
		"a\uE000b\uF8FFc\U000F0000d":      "a\uE000b\uF8FFc\U000F0000d",
		"\u2764\uFE0F":                    "\u2764\uFE0F",
		"\u2764\uFE0F\uFE0F\U000E0120":    "\u2764\uFE0F",
		"1\uFE0F\u20E3":                   "1\uFE0F\u20E3",
		"1\uFE0F2":                        "12",
		"\u845B\U000E0100":                "\u845B\U000E0100",
		"\U0001F468\u200D\U0001F469\u200D\U0001F467": "\U0001F468\u200D\U0001F469\u200D\U0001F467",
		"\u2764\uFE0F\u200D\U0001F525":               "\u2764\uFE0F\u200D\U0001F525",
		"a\u200Db\u200Cc":                            "abc",
		"\u0645\u06CC\u200C\u062E\u0648":             "\u0645\u06CC\u200C\u062E\u0648",
		"\u0915\u094D\u200D\u0937":                   "\u0915\u094D\u200D\u0937",
		"\u0645\u200C\u200C\u062E":                   "\u0645\u200C\u062E",
		"\u0645\u200Ca":                              "\u0645a",
		"Gr\u00FC\u00DFe, \u4F60\u597D":              "Gr\u00FC\u00DFe, \u4F60\u597D",
	} {
		if got := prompt.Clean(text); got != want {
			t.Errorf("%+q is %+q, want %+q", text, got, want)
		}
	}
}

func TestWhatStandsForAHiddenCharacterGoesToo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a&#8203;b&#x200B;c&#x200bd":       "abc&#x200bd", // one digit more is another character
		"a&ZeroWidthSpace;b&shy;c&shyd":    "abcd",
		"a&amp;#8203;b&amp;amp;#8203;c":    "abc",
		"a&#38;#8203;b&#x26;shy;c":         "abc",
		"a&#&#56;203;b":                    "ab",
		"a&#82&#8203;03;b":                 "ab",
		"a&#82\u200B03;b":                  "ab",
		"&#27;[31mred&#27;[0m":             "red",
		"&#8&#27;[31m203;x":                "x",
		`\u001b[31mred\u001b[0m`:           "red",
		`\\u001b[31mred`:                   "red",
		`a\u200bb\\u200Bc\\\\u202ed`:       "abcd",
		`a\udb40\udc41b\udb40\u200b\udc41`: "ab",
		`a\u0026#8203;b\u005cu200bc`:       "abc",
		`a&bsol;u200bb`:                    "ab",
		"a&#13;b":                          "a\nb",
		"&caps;&#65025;":                   "\u2229",
		"\U0001F468&zwj;\U0001F469":        "\U0001F468\u200D\U0001F469",
		"&lt;b&gt; &amp;&amp; &quot;&#39;": "&lt;b&gt; &amp;&amp; &quot;&#39;",
		"&amp;lt; &#60; &#10; &nbsp;":      "&amp;lt; &#60; &#10; &nbsp;",
		`\u003cb\u003e \n \ud83d\ude00`:    `\u003cb\u003e \n \ud83d\ude00`,
		`C:\users\u12 \ud83d x?a=1&b=2&c`:  `C:\users\u12 \ud83d x?a=1&b=2&c`,
		"&amp;&amp;shy":                    "&amp;",
	} {
		if got := prompt.Clean(text); got != want {
			t.Errorf("%+q is %+q, want %+q", text, got, want)
		}
	}
}

func TestWhatIsNestedWithoutEndIsDropped(t *testing.T) {
	t.Parallel()
	nested := "x"
	for range 50 {
		nested = "&#82" + nested + "03;"
	}
	for _, text := range []string{
		"&" + strings.Repeat("amp;", 2000) + "#8203;",
		strings.ReplaceAll(nested, "x", "&#8203;"),
		strings.Repeat(`\u005c`, 40) + "u200b",
		strings.Repeat("&#8", 30) + "&#27;[m" + strings.Repeat("203;", 30),
	} {
		checkClean(t, prompt.Clean(text))
	}
}

func TestCleaningALongTextStaysLinear(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"\x1b]", "\x1b[;", "&amp;", "&", `\`, `\u005c`, "&#82&#8203;03;", "\u200D", "\u009d"} {
		checkClean(t, prompt.Clean(strings.Repeat(part, race.Of(100_000, 10_000))))
	}
}

// hidden is written from the numbers of the characters, apart from the code.
var hidden = regexp.MustCompile(`[\x00-\x08\x0B-\x1F\x7F-\x{9F}\x{AD}\x{61C}\x{180E}\x{200B}\x{200E}\x{200F}\x{202A}-\x{202E}` +
	`\x{2060}-\x{2064}\x{2066}-\x{2069}\x{FDD0}-\x{FDEF}\x{FEFF}\x{FFF9}-\x{FFFB}\x{FFFE}\x{FFFF}\x{E0000}-\x{E007F}]`)

// loose are joiners and selectors that are hidden only where they stand alone.
var loose = regexp.MustCompile(`(^|[\x00-\x{A8}])([\x{200C}\x{200D}]|[\x{FE00}-\x{FE0E}]|[\x{E0100}-\x{E01EF}])`)

var jsonEscape = regexp.MustCompile(`\\+u([0-9a-fA-F]{4})`)

func unescapeJSON(text string) string {
	return jsonEscape.ReplaceAllStringFunc(text, func(s string) string {
		n, _ := strconv.ParseUint(s[len(s)-4:], 16, 32)
		if n >= 0xD800 && n < 0xE000 {
			return s
		}
		return string(rune(n))
	})
}

func checkClean(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%.200q is no UTF-8", text)
	}
	if again := prompt.Clean(text); again != text {
		t.Errorf("%.200q changes to %.200q", text, again)
	}
	asHTML, asJSON := text, text
	for range 5 {
		for _, read := range []string{asHTML, asJSON} {
			if found := hidden.FindString(read); found != "" {
				t.Errorf("%.200q holds %+q as %.200q", text, found, read)
				return
			}
		}
		asHTML, asJSON = strings.ReplaceAll(html.UnescapeString(asHTML), "\r", "\x00"), unescapeJSON(asJSON)
	}
	if found := loose.FindString(text); found != "" {
		t.Errorf("%.200q holds %+q", text, found)
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{
		"", "a\r\nb", "\x1b[31m&#27;[0m", "&amp;#8203;", `\\u200b\udb40\udc41`, "&#&#56;203;", "\U0001F468\u200D\U0001F469", "\xff",
		"&caps;&shyx", "1\uFE0F\u20E3", "&#82\x1b[m03;", "\u009d&#9;x\u009c", "&amp;#8203\\u0030;", "\u0645\u200C\u062E", "&#x10000200b;",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkClean(t, prompt.Clean(text)) })
}

func BenchmarkClean(b *testing.B) {
	text := benchmarkText()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		prompt.Clean(text)
	}
}

// benchmarkText is 1 MB of log lines of the usual kind.
func benchmarkText() string {
	const line = `2023-01-29T08:48:42.425Z 33.33.33.116 ts-travel-service-64469b5b48-25zj6 {"log":"16:48:42.424 INFO ` +
		`t.s.TravelServiceImpl#532 TraceID: 49a51828322183eb20bfe4ace3060000 [Route(id=f3d4d4ef-693b-4456-8eed-59c0d717dd08)]` +
		` user=alice from 10.1.2.3 \u003cnil\u003e alice@example.com GET /v1/loads?page=1&size=20 token=s3cr3tt0k3n\n"}` + "\n"
	return strings.Repeat(line, 1<<20/len(line))
}
