package evidence_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/evidence"
)

// noon is when the made-up incidents begin.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// clickhouseClient is a client of a fake server that holds the records.
func clickhouseClient(t testing.TB, records ...logs.Record) (*clickhousetest.Server, *clickhouse.Client) {
	t.Helper()
	server := clickhousetest.NewServer()
	t.Cleanup(server.Close)
	server.Insert(records...)
	client, err := clickhouse.New(t.Context(), clickhouse.Config{
		Addresses: []string{server.Addr()}, Limits: base.Limits{Retries: -1, Breaker: base.Breaker{Ratio: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return server, client
}

// record is a record of the service at noon plus that many seconds.
func record(seconds float64, service string, severity logs.Severity, body string) logs.Record {
	return logs.Record{Time: noon.Add(time.Duration(seconds * float64(time.Second))), Service: service, Severity: severity, Body: body}
}

func templates(p evidence.Patterns) []string {
	var all []string
	for _, one := range p.Patterns {
		all = append(all, fmt.Sprintf("%d %s", one.Count, one.Template))
	}
	return all
}

func TestLogPatternsTellLinesApartByWordsAndNotByValues(t *testing.T) {
	t.Parallel()
	var records []logs.Record
	for i, carrier := range []string{"swift", "knight", "prime", "ryder", "estes"} {
		id := 123456000 + i
		at := float64(i)
		records = append(records,
			record(at, "assigner", logs.SeverityInfo, fmt.Sprintf("load %d offered to carrier %s in %dms", id, carrier, i*7)),
			record(at, "assigner", logs.SeverityInfo, fmt.Sprintf(`{"level":"info","msg":"stored","id":%d,"ms":%d}`, id, i)),
			record(at, "worker", logs.SeverityUnset, fmt.Sprintf(`[0a1b2c3d4e5%d] {"message"=>"picked up", "severity"=>"WARN", "load_id"=>"%d"}`, i, id)),
		)
	}
	records = append(records,
		record(10, "worker", logs.SeverityError, "tracking enabled for load 123456001"),
		record(11, "relay", logs.SeverityError, "tracking disabled for load 123456001"))
	_, client := clickhouseClient(t, records...)
	p, err := evidence.LogPatterns(t.Context(), client, logs.Query{Window: base.Around(noon, time.Minute, time.Minute)}, evidence.PatternOptions{Examples: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"5 load <num> offered to carrier <*> in <num>", "5 picked up load_id=<num> severity=WARN", "5 stored id=<num> level=info ms=<num>",
		"1 tracking disabled for load <num>", "1 tracking enabled for load <num>",
	}
	if diff := cmp.Diff(want, templates(p)); diff != "" {
		t.Error(diff)
	}
	if p.Records != 17 || p.Distinct != 5 || p.Outcome != base.Data || p.Stats.Rows == 0 || p.Left != 0 {
		t.Errorf("%+v", p)
	}
	first := p.Patterns[0]
	first.Examples[0].ID = ""
	wanted := evidence.Pattern{
		Template: first.Template, Count: 5, Share: 5.0 / 17, Services: map[string]int64{"assigner": 5}, Severities: map[string]int64{"INFO": 5},
		Worst: logs.SeverityInfo, First: noon, Last: noon.Add(4 * time.Second),
		Examples: []logs.Record{{Time: noon, Service: "assigner", Severity: logs.SeverityInfo, SeverityText: "INFO", Body: records[0].Body}},
	}
	if diff := cmp.Diff(wanted, first, cmpopts.IgnoreUnexported(evidence.Pattern{})); diff != "" {
		t.Error(diff)
	}
	if p.Patterns[1].Severities["WARN"] != 5 {
		t.Errorf("the severity of the body: %+v", p.Patterns[1])
	}
}

func TestPatternsDoNotDependOnTheOrderOfTheLines(t *testing.T) {
	t.Parallel()
	var lines []string
	for i := range 300 {
		lines = append(lines, fmt.Sprintf("user %c%c asked for %d", 'a'+i%26, 'a'+i%7, i), fmt.Sprintf("cache %s miss", strings.Repeat("k", i%9+1)), "tick")
	}
	want, err := evidence.LinePatterns(slices.Values(lines), evidence.PatternOptions{})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2)) // the same order in each run
	for range 5 {
		random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		got, _ := evidence.LinePatterns(slices.Values(lines), evidence.PatternOptions{})
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(evidence.Pattern{})); diff != "" {
			t.Fatal(diff)
		}
	}
	if got := templates(want); !slices.Equal(got, []string{"300 cache <*> miss", "300 tick", "300 user <*> asked for <num>"}) {
		t.Error(got)
	}
}

func TestManyDifferentLinesStayBoundedAndSaySo(t *testing.T) {
	t.Parallel()
	const different = 30_000 // three times what is kept
	word := func(i int) string {
		return strings.Map(func(r rune) rune { return 'a' + r - '0' }, fmt.Sprint(i))
	}
	p, err := evidence.LinePatterns(func(yield func(string) bool) {
		for i := range different {
			if !yield(strings.Repeat("(", i%7) + word(i) + " " + word(i*31+7)) {
				return
			}
		}
		yield("FATAL the disk is full")
	}, evidence.PatternOptions{MaxPatterns: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	counted, fatal, rest := p.Left, int64(0), int64(0)
	for _, one := range p.Patterns {
		counted += one.Count
		switch one.Template {
		case "FATAL the disk is full":
			fatal++
		case "<...>":
			rest = one.Count
		}
	}
	if p.Records != different+1 || counted != p.Records || p.Distinct > 10_000 || fatal != 1 {
		t.Errorf("%d records, %d counted, %d patterns, the fatal line %d times", p.Records, counted, p.Distinct, fatal)
	}
	if rest == 0 || len(p.Stats.Notes) == 0 || !strings.Contains(strings.Join(p.Stats.Notes, " "), fmt.Sprintf("%d records", rest)) {
		t.Errorf("%d lines were counted together; notes: %q", rest, p.Stats.Notes)
	}
}

func TestOddBodiesAreCountedOnce(t *testing.T) {
	t.Parallel()
	bodies := []string{"", " ", "\x00\x01\xff\xfe", strings.Repeat("x", 1<<20), strings.Repeat("ab ", 1<<18), "日本語のログ 42", "🚚 moved", "<num> literal <*>", "<...>"}
	p, err := evidence.LinePatterns(slices.Values(bodies), evidence.PatternOptions{})
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, one := range p.Patterns {
		total += one.Count
		if len(one.Template) > 1000 {
			t.Errorf("a template of %d bytes", len(one.Template))
		}
		for _, example := range one.Examples {
			if len(example.Body) > 400 {
				t.Errorf("an example of %d bytes", len(example.Body))
			}
		}
	}
	if total != int64(len(bodies)) {
		t.Errorf("%d of %d bodies are counted", total, len(bodies))
	}
	for _, body := range bodies {
		if !slices.ContainsFunc(p.Patterns, func(one evidence.Pattern) bool { return one.Matches(body) }) {
			t.Errorf("no pattern matches %.40q", body)
		}
	}
}

func TestAPatternMatchesItsOwnLinesOnly(t *testing.T) {
	t.Parallel()
	p := evidence.Pattern{Template: "load <num> offered to <*> <...>"}
	for line, want := range map[string]bool{
		"load 7 offered to swift at once": true, "load 7 offered to swift": true, "load x offered to swift": false, "load 7 refused": false,
		"load 7 offered, to swift": false, "": false, `{"msg":"load 7 offered to swift","a":1}`: true,
	} {
		if got := p.Matches(line); got != want {
			t.Errorf("%q matches: %v", line, got)
		}
	}
}

func TestPatternsThatAreLeftOutAreCounted(t *testing.T) {
	t.Parallel()
	p, err := evidence.LinePatterns(slices.Values([]string{"a", "a", "b", "c"}), evidence.PatternOptions{MaxPatterns: 1})
	if err != nil || p.Left != 2 || p.Distinct != 3 || p.Outcome != base.Truncated || len(p.Stats.Notes) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestLogPatternsSayWhatWasNotRead(t *testing.T) {
	t.Parallel()
	server, client := clickhouseClient(t, record(0, "a", 0, "one"), record(1, "a", 0, "two"), record(2, "a", 0, "three"))
	q := logs.Query{Window: base.Around(noon, time.Minute, time.Minute), Limit: 2}
	p, err := evidence.LogPatterns(t.Context(), client, q, evidence.PatternOptions{})
	if err != nil || p.Records != 2 || p.Outcome != base.Truncated || len(p.Stats.Notes) == 0 {
		t.Errorf("%+v, %v", p, err)
	}
	server.Fail(fault.Error(241, "memory limit exceeded"), -1)
	p, err = evidence.LogPatterns(t.Context(), client, q, evidence.PatternOptions{})
	if err == nil || p.Outcome != base.Failed {
		t.Errorf("a source that fails: %+v, %v", p, err)
	}
}

// breaking is a source that fails after its records: a wire fake does so only behind a block of 65,000.
type breaking []logs.Record

func (breaking) Name() string { return "breaking" }

func (b breaking) Logs(context.Context, logs.Query) iter.Seq2[logs.Record, error] {
	return func(yield func(logs.Record, error) bool) {
		for _, r := range b {
			if !yield(r, nil) {
				return
			}
		}
		yield(logs.Record{}, base.NewError(base.KindUnavailable, nil).WithText("connection reset"))
	}
}

func TestPatternsOfWhatWasReadBeforeAFailureArePartial(t *testing.T) {
	t.Parallel()
	source := breaking(repeated(30, 0, 1, 0, "one 1"))
	p, err := evidence.LogPatterns(t.Context(), source, logs.Query{}, evidence.PatternOptions{})
	if err != nil || p.Outcome != base.Partial || p.Records != 30 || !strings.Contains(strings.Join(p.Stats.Notes, " "), "connection reset") {
		t.Errorf("%+v, %v", p, err)
	}
	d, err := evidence.PatternDiff(t.Context(), source, logs.Query{}, tenBefore, fiveDuring, evidence.PatternOptions{})
	if err != nil || d.Outcome != base.Partial || len(d.Stats.Notes) != 2 || !strings.HasPrefix(d.Stats.Notes[0], "before: ") {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestPatternQuestionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	_, client := clickhouseClient(t)
	hour := func(n int) base.Window { return base.Around(noon.Add(time.Duration(n)*time.Hour), 0, time.Hour) }
	ask := func(before, during base.Window, o evidence.PatternOptions) error {
		_, err := evidence.PatternDiff(t.Context(), client, logs.Query{}, before, during, o)
		return err
	}
	_, noSource := evidence.LogPatterns(t.Context(), nil, logs.Query{Window: hour(0)}, evidence.PatternOptions{})
	_, noWindow := evidence.LogPatterns(t.Context(), client, logs.Query{}, evidence.PatternOptions{})
	for field, err := range map[string]error{
		"source": noSource, "window": noWindow,
		"max_patterns": ask(hour(0), hour(1), evidence.PatternOptions{MaxPatterns: -1}),
		"min_variants": ask(hour(0), hour(1), evidence.PatternOptions{MinVariants: 1}),
		"overlap":      ask(hour(0), base.Around(noon, time.Minute, time.Minute), evidence.PatternOptions{}),
		"before":       ask(base.Window{}, hour(1), evidence.PatternOptions{}),
		"during":       ask(hour(0), base.Window{From: noon, To: noon}, evidence.PatternOptions{}),
	} {
		if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestPatternsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	_, client := clickhouseClient(t, record(0, "a", 0, "one"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := evidence.LogPatterns(ctx, client, logs.Query{Window: base.Around(noon, time.Minute, time.Minute)}, evidence.PatternOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func FuzzEveryLineIsCountedOnceAndMatchesItsPattern(f *testing.F) {
	for _, text := range []string{
		"a 1\na 2\nb", "user x in\nuser y in\nuser z in\nuser w in\nuser v in", "{\"a\":1}\n{\"a\":2,\"msg\":\"x\"}\n[0a1b2c3d4e5f] {\"k\"=>\"v\"}", "<*> a\n<...>\n<num>",
		"[a, b\n[a, b]\n'a' \"b", strings.Repeat("w ", 40) + "\n" + strings.Repeat("w ", 33),
	} {
		f.Add(text, uint8(0), uint8(4))
	}
	f.Fuzz(func(t *testing.T, text string, words, variants uint8) {
		lines := strings.Split(text, "\n")
		if len(lines) > 200 {
			return
		}
		o := evidence.PatternOptions{MaxPatterns: 10_000, MaxWords: int(words), MinVariants: max(2, int(variants))}
		p, err := evidence.LinePatterns(slices.Values(lines), o)
		if err != nil {
			t.Fatal(err)
		}
		total, seen := int64(0), map[string]bool{}
		for _, one := range p.Patterns {
			total += one.Count
			key := fmt.Sprint(one.Template, one.Site)
			if seen[key] {
				t.Errorf("%q stands twice", one.Template)
			}
			seen[key] = true
		}
		if total != int64(len(lines)) || p.Records != total {
			t.Errorf("%d lines, %d counted", len(lines), total)
		}
		for _, line := range lines {
			if !slices.ContainsFunc(p.Patterns, func(one evidence.Pattern) bool { return one.Matches(line) }) {
				t.Errorf("no pattern of %q matches %q", templates(p), line)
			}
		}
	})
}
