package confluencetest

import (
	"iter"
	"slices"
	"strings"
	"unicode"
)

const (
	excerptBytes  = 200
	excerptBefore = 60 // of them stand before the first match, at most
)

// entities are what the site writes for these signs.
var entities = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;")

// excerpt is the part of a page's text around the first word that matched, in the way that the parameter of that name says:
// "highlight" (also where it is empty) marks the words, "indexed" does not, and "none" is no text. With "_unescaped" behind
// it there are no entities.
func excerpt(text string, words []string, way string) string {
	way, unescaped := strings.CutSuffix(way, "_unescaped")
	_, text, _ = strings.Cut(text, "\n") // the title
	if way == "none" {
		return ""
	}
	if len(text) > excerptBytes {
		from := max(0, firstOf(text, words)-excerptBefore)
		text = strings.ToValidUTF8(text[from:min(from+excerptBytes, len(text))], "")
	}
	if way == "indexed" {
		words = nil
	}
	if unescaped {
		return marked(text, words, strings.Clone)
	}
	return marked(text, words, entities.Replace)
}

// firstOf is where the first of the words stands; 0 where none does.
func firstOf(text string, words []string) int {
	at := 0
	for before, word := range pieces(text) {
		if at += len(before); slices.Contains(words, strings.ToLower(word)) {
			return at
		}
		at += len(word)
	}
	return 0
}

// marked is a text in which these words have the site's marks around them.
func marked(text string, words []string, written func(string) string) string {
	var b strings.Builder
	for before, word := range pieces(text) {
		b.WriteString(written(before))
		if slices.Contains(words, strings.ToLower(word)) {
			word = "@@@hl@@@" + word + "@@@endhl@@@"
		}
		b.WriteString(word)
	}
	return b.String()
}

// pieces yields each word of a text with what stands before it. The last word may be empty.
func pieces(text string) iter.Seq2[string, string] {
	return func(yield func(before, word string) bool) {
		for text != "" {
			begin := indexOr(text, isWord)
			end := begin + indexOr(text[begin:], func(r rune) bool { return !isWord(r) })
			if !yield(text[:begin], text[begin:end]) {
				return
			}
			text = text[end:]
		}
	}
}

func indexOr(text string, is func(rune) bool) int {
	if n := strings.IndexFunc(text, is); n >= 0 {
		return n
	}
	return len(text)
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
