package evidence_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/evidence"
)

func TestBodiesOfEveryFormAreTakenApart(t *testing.T) {
	t.Parallel()
	site := func(symbol, file string, line int) evidence.CodeRegion {
		return evidence.CodeRegion{Symbol: symbol, File: file, Lines: [2]int{line, line}}
	}
	for name, c := range map[string]struct {
		text string
		want evidence.Body
	}{
		"plain": {
			"  ERROR cannot assign load 7 ",
			evidence.Body{Format: evidence.PlainBody, Message: "ERROR cannot assign load 7", Severity: logs.SeverityError},
		},
		"plain with a class": {
			"16:42:22.382 WARN  t.s.RouteFinder#532 no route",
			evidence.Body{Format: evidence.PlainBody, Message: "16:42:22.382 WARN  t.s.RouteFinder#532 no route", Severity: logs.SeverityWarn, Site: site("t.s.RouteFinder", "", 532)},
		},
		"plain with a method": {
			"LoadsController#create:64 POST 201",
			evidence.Body{Format: evidence.PlainBody, Message: "LoadsController#create:64 POST 201", Site: site("LoadsController#create", "", 64)},
		},
		"plain with a file": {
			"level=info caller=app/route.go:12 msg=found",
			evidence.Body{Format: evidence.PlainBody, Message: "level=info caller=app/route.go:12 msg=found", Severity: logs.SeverityInfo, Site: site("", "app/route.go", 12)},
		},
		"plain with a tag": {
			"[0a1b2c3d4e5f] picked up from app/jobs/assign.rb:41:in `run'",
			evidence.Body{Format: evidence.PlainBody, Tag: "0a1b2c3d4e5f", Message: "picked up from app/jobs/assign.rb:41:in `run'", Site: site("", "app/jobs/assign.rb", 41)},
		},
		"json": {
			`{"level":"error","msg":"cannot assign","load":{"id":7,"tags":["a","b"]},"caller":"assign.go:9","ok":false,"none":null}`,
			evidence.Body{
				Format: evidence.JSONBody, Message: "cannot assign", Severity: logs.SeverityError, Site: site("", "assign.go", 9),
				Fields: []evidence.Field{{"level", "error"}, {"load.id", "7"}, {"load.tags", `["a","b"]`}, {"caller", "assign.go:9"}, {"ok", "false"}, {"none", "null"}},
			},
		},
		"json in json": {
			`{"log":"{\"message\":\"a \\u00fc \\\"b\\\"\",\"n\":1}\n","stream":"stdout"}`,
			evidence.Body{Format: evidence.JSONBody, Message: `a ü "b"`, Fields: []evidence.Field{{"stream", "stdout"}, {"n", "1"}}},
		},
		"ruby hash": {
			`[0a1b2c3d4e5f] {"message"=>"giving up", :severity=>"FATAL", "load"=>{"id"=>7}, "at"=>2026-03-04 05:06:07 UTC, "x"=>nil, "o"=>#<Job:0x01 @a=[1, 2]>}`,
			evidence.Body{
				Format: evidence.RubyHashBody, Tag: "0a1b2c3d4e5f", Message: "giving up", Severity: logs.SeverityFatal,
				Fields: []evidence.Field{{"severity", "FATAL"}, {"load.id", "7"}, {"at", "2026-03-04 05:06:07 UTC"}, {"x", "nil"}, {"o", "#<Job:0x01 @a=[1, 2]>"}},
			},
		},
		"ruby hash of a later version": {
			`{"a" => 1, b: "two"}`,
			evidence.Body{Format: evidence.RubyHashBody, Fields: []evidence.Field{{"a", "1"}, {"b", "two"}}},
		},
		"ruby pairs without braces": {
			`[0a1b2c3d4e5f] "event"=>"assign", "id"=>"7"`,
			evidence.Body{Format: evidence.RubyHashBody, Tag: "0a1b2c3d4e5f", Fields: []evidence.Field{{"event", "assign"}, {"id", "7"}}},
		},
		"text around a hash": {
			`Performing job {"id"=>7} now`,
			evidence.Body{Format: evidence.RubyHashBody, Message: "Performing job now", Fields: []evidence.Field{{"id", "7"}}},
		},
		"a hash that was cut": {
			`{"id":7,"reason":"the carr`,
			evidence.Body{Format: evidence.JSONBody, Message: `"reason":"the carr`, Fields: []evidence.Field{{"id", "7"}}},
		},
		"braces of another language": {
			`Route{id=7, name='x'} {}`,
			evidence.Body{Format: evidence.PlainBody, Message: `Route{id=7, name='x'} {}`},
		},
		"empty": {"", evidence.Body{Format: evidence.PlainBody}},
		"noise": {"\xff\xfe{\x00", evidence.Body{Format: evidence.PlainBody, Message: "\uFFFD{\x00"}},
	} {
		if diff := cmp.Diff(c.want, evidence.ParseBody(c.text)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestAHugeBodyIsTakenApartWithinBounds(t *testing.T) {
	t.Parallel()
	var pairs strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&pairs, `"key%d":"value %d",`, i, i)
	}
	for _, text := range []string{
		"{" + pairs.String() + "}", strings.Repeat(`{"a":`, 50_000), strings.Repeat("{", 1<<20), strings.Repeat(`"`, 1<<18), strings.Repeat(`'a `, 1<<16),
	} {
		b := evidence.ParseBody(text)
		if len(b.Fields) > 300 {
			t.Errorf("%d fields", len(b.Fields))
		}
		if kept := len(b.Message) + len(fmt.Sprint(b.Fields)); kept < len(text)/2 {
			t.Errorf("%d bytes of %d were kept", kept, len(text))
		}
	}
}

func FuzzParseBodyLosesNoWord(f *testing.F) {
	for _, text := range []string{
		"", "ERROR a.B#12 x", `{"msg":"a","b":{"c":[1,{"d":2}]}}`, `[0a1b2c3d4e5f] {"k"=>"v", :s=>nil, "h"=>{"x"=>1}} tail`, `{"a":{"b":1,"c`,
		`{"log":"[0a1b2c3d4e5f] {\"message\"=>\"m\"}"}`, `{"a":"b" "c"}`, `{"a":(1,2),"b":]}`, `"a"=>1, b`, `{a: 1, "message":"{\"msg\":\"\"}"}`, "{\"a\":\"\xff\"}",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b := evidence.ParseBody(text)
		if strings.Contains(text, `\`) {
			return // escapes change words
		}
		var kept strings.Builder
		kept.WriteString(b.Tag + "\n" + b.Message)
		for _, field := range b.Fields {
			kept.WriteString("\n" + field.Key + "\n" + field.Value)
		}
		words := strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for _, word := range words {
			if !strings.Contains(kept.String(), word) && !isMessageKey(word) {
				t.Fatalf("%q lost %q: %+v", text, word, b)
			}
		}
	})
}

// isMessageKey reports whether the word may be the key that Message stands for.
func isMessageKey(word string) bool {
	for _, key := range []string{"message", "msg", "log", "text", "body"} {
		if strings.EqualFold(word, key) {
			return true
		}
	}
	return false
}
