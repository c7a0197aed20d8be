package evidence

import (
	"slices"
	"strings"

	"github.com/fourkites/sources/base/logs"
)

// BodyFormat is the form in which a log record's text came.
type BodyFormat string

// The forms.
const (
	PlainBody    BodyFormat = "plain"
	JSONBody     BodyFormat = "json"
	RubyHashBody BodyFormat = "ruby_hash"
)

// Body is the text of a log record taken apart. All words of the text are in Tag, Message and Fields.
type Body struct {
	Format   BodyFormat    `json:"format"`
	Tag      string        `json:"tag,omitempty"`      // 12 hex digits that stood in brackets in front: a correlation id
	Message  string        `json:"message,omitempty"`  // what the line says; empty where it holds fields only
	Fields   []Field       `json:"fields,omitempty"`   // in the order of the text
	Severity logs.Severity `json:"severity,omitempty"` // that the text itself names; unset if it names none
	Site     CodeRegion    `json:"site,omitzero"`      // of the statement that logged it, where the text names one
}

// Field is one key and value of a structured body. Keys of nested objects are joined with dots; lists stay text.
type Field struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Field is the first value of that key, in any case, and whether there is one.
func (b *Body) Field(key string) (string, bool) {
	at := slices.IndexFunc(b.Fields, func(f Field) bool { return strings.EqualFold(f.Key, key) })
	if at < 0 {
		return "", false
	}
	return b.Fields[at].Value, true
}

// The keys under which structured bodies keep what they say and how bad it is, in the order of preference.
var (
	messageKeys  = []string{"message", "msg", "log", "text", "body"}
	severityKeys = []string{"level", "severity", "severity_text", "log.level", "loglevel", "lvl"}
)

// maxNested is how many bodies within bodies are taken apart, as a collector that wraps JSON in JSON makes them.
const maxNested = 3

// ParseBody takes the text of a log record apart: plain text, a JSON object, or the text of a Ruby hash
// ("key"=>"value"), each with or without a tag in brackets in front and other text around it. It never fails: what it
// cannot take apart, such as the rest of an object that was cut, stays in Message. Invalid UTF-8 becomes U+FFFD.
func ParseBody(text string) Body {
	b := parseBody(strings.ToValidUTF8(text, "\uFFFD"), maxNested)
	b.Severity = b.severity()
	b.Site = b.site()
	return b
}

func parseBody(text string, depth int) Body {
	b := Body{Format: PlainBody}
	b.Tag, text = cutTag(strings.TrimSpace(text))
	b.Message = text
	h, from, ok := findHash(text)
	if !ok {
		return b
	}
	b.Format, b.Fields = JSONBody, h.fields
	if h.ruby {
		b.Format = RubyHashBody
	}
	b.Message = strings.TrimSpace(strings.TrimSpace(text[:from]) + " " + strings.TrimSpace(text[h.at:]))
	if b.Message == "" {
		b.unwrap(depth)
	}
	return b
}

// unwrap makes the message of the field that holds it, which may be a structured body again.
func (b *Body) unwrap(depth int) {
	for _, key := range messageKeys {
		at := slices.IndexFunc(b.Fields, func(f Field) bool { return strings.EqualFold(f.Key, key) })
		if at < 0 || strings.TrimSpace(b.Fields[at].Value) == "" {
			continue
		}
		inner := Body{Message: strings.TrimSpace(b.Fields[at].Value)}
		if depth > 0 {
			inner = parseBody(inner.Message, depth-1)
		}
		b.Fields = slices.Delete(b.Fields, at, at+1)
		b.Message = inner.Message
		b.Fields = append(b.Fields, inner.Fields...)
		if b.Tag == "" {
			b.Tag = inner.Tag
		} else if inner.Tag != "" {
			b.Fields = append(b.Fields, Field{"tag", inner.Tag})
		}
		return
	}
}

const tagLength = 12

// cutTag takes the tag off the front of a text.
func cutTag(text string) (tag, rest string) {
	const closing = tagLength + 1
	if len(text) <= closing || text[0] != '[' || text[closing] != ']' || !allBytes(text[1:closing], isHex) {
		return "", text
	}
	return text[1:closing], strings.TrimSpace(text[closing+1:])
}

// headLength is how much of a message is searched for the severity and the site that a logger puts in front.
const headLength = 512

func (b *Body) head() string { return b.Message[:min(len(b.Message), headLength)] }

// severity is the level of a field, or a word in capitals among the first of the message.
func (b *Body) severity() logs.Severity {
	for _, key := range severityKeys {
		if v, ok := b.Field(key); ok {
			if s := logs.ParseSeverity(v); s != logs.SeverityUnset {
				return s
			}
		}
	}
	words := 0
	for word := range strings.FieldsFuncSeq(b.head(), isLineBreak) {
		if words++; words > 6 {
			break
		}
		if name, value, ok := strings.Cut(word, "="); ok && slices.Contains(severityKeys, name) {
			return logs.ParseSeverity(value)
		}
		word = strings.TrimRight(word, ":")
		if s := logs.ParseSeverity(word); s != logs.SeverityUnset && word == strings.ToUpper(word) {
			return s
		}
	}
	return logs.SeverityUnset
}

// isLineBreak parts the head of a line into words.
func isLineBreak(r rune) bool { return strings.ContainsRune(" \t\r\n[](){}<>|,;\"'`", r) }
