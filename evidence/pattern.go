package evidence

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
)

// PatternOptions says how finely lines are told apart and how much of the answer is handed out. The zero value is a
// good start; a negative number is refused.
type PatternOptions struct {
	MaxPatterns int `json:"max_patterns,omitempty"` // handed out, the most frequent first; 0 = 100, at most 10,000
	Examples    int `json:"examples,omitempty"`     // records that a pattern carries; 0 = 3, at most 10
	MaxBody     int `json:"max_body,omitempty"`     // bytes of a body that are looked at; 0 = 8,192, at most 1 MiB
	MaxWords    int `json:"max_words,omitempty"`    // of a line that tell it from others; 0 = 32, at most 256
	// MinVariants is how many different words must stand in one place before they count as values and become one
	// pattern; 0 = 4. With 2, two lines that differ in one word are one pattern, "enabled" and "disabled" too.
	MinVariants int `json:"min_variants,omitempty"`
}

// withDefaults checks the options and fills in what is not set.
func (o PatternOptions) withDefaults(op string) (PatternOptions, error) {
	for _, f := range []struct {
		name       string
		value      *int
		unset, top int
	}{
		{"max_patterns", &o.MaxPatterns, 100, maxShapes},
		{"examples", &o.Examples, 3, 10},
		{"max_body", &o.MaxBody, 8192, 1 << 20},
		{"max_words", &o.MaxWords, defaultWords, 256},
		{"min_variants", &o.MinVariants, 4, maxShapes},
	} {
		switch v := *f.value; {
		case v < 0 || v > f.top:
			return o, base.Invalid("evidence", op, "%s: %d is not between 0 and %d", f.name, v, f.top)
		case v == 0:
			*f.value = f.unset
		}
	}
	if o.MinVariants < 2 {
		return o, base.Invalid("evidence", op, "min_variants: 1 would make every word a value; it begins at 2, and 0 is the default of 4")
	}
	return o, nil
}

// Pattern is lines that are alike but for their values.
type Pattern struct {
	// Template is the lines' text with masks in the place of values: <num>, <hex>, <uuid>, <time>, <ip>, <email>, <url>,
	// <path>, <str> (a text in quotes), <id> (a word with digits in it), <list>, <blob> (an endless word), <*> (any word)
	// and <...> (anything up to the end). Of a structured line it is the message, then key=value in the order of the keys.
	Template   string           `json:"template"`
	Count      int64            `json:"count"`
	Share      float64          `json:"share"` // of all records, 0 to 1
	Services   map[string]int64 `json:"services,omitempty"`
	Severities map[string]int64 `json:"severities,omitempty"` // by the name of the range: ERROR, INFO, UNSET, ...
	Worst      logs.Severity    `json:"worst,omitempty"`
	Site       CodeRegion       `json:"site,omitzero"` // of the statement that logs it, where the lines name it
	First      time.Time        `json:"first,omitzero"`
	Last       time.Time        `json:"last,omitzero"`
	// Examples are the earliest of its records, without attributes and with bodies cut to 400 bytes.
	Examples []logs.Record `json:"examples,omitempty"`

	maxBody int
}

// Matches reports whether the text of a log record is a line of this pattern, as far as its text tells.
func (p *Pattern) Matches(body string) bool {
	b := ParseBody(cutBody(body, cmp.Or(p.maxBody, 8192)))
	return matches(shapeOf(p.Template, 1<<30), shapeOf(b.line(), 1<<30))
}

func matches(template, line []piece) bool {
	for i, want := range template {
		switch {
		case want.text == maskRest:
			return true
		case i+1 < len(template) && template[i+1].text == maskRest && want.text == " ":
			return true // the separator in front of what was cut may have been another
		case i >= len(line) || want.word != line[i].word:
			return false
		case want.text != line[i].text && want.text != maskAny:
			return false
		}
	}
	return len(line) == len(template)
}

// Patterns is what the lines of a question come down to. Every record is counted once: in a pattern, or in Left.
type Patterns struct {
	Patterns []Pattern    `json:"patterns"` // the most frequent first
	Records  int64        `json:"records"`  // that were read
	Distinct int          `json:"distinct"` // patterns that were found, those that were left out included
	Left     int64        `json:"left"`     // records of the patterns that were left out
	Outcome  base.Outcome `json:"outcome"`  // truncated where records or patterns were left out, partial where reading failed midway
	Stats    base.Stats   `json:"stats,omitzero"`
}

// maxMined is how many records a question about patterns reads if it does not say.
const maxMined = 1_000_000

// LogPatterns reads the records that match and gives the patterns that their lines come down to. The memory that it
// takes is bounded whatever comes: some 10,000 different shapes of lines are told apart, and beyond that the harmless
// and rare ones are counted together under the pattern <...>, which Stats.Notes says. Up to there the answer does not
// depend on the order of the records.
//
// A Limit of zero means a million records, not the client's default; the operator's cap holds for that too, such as
// MaxRows of clickhouse.Config, which is 10,000 where it is not set. A source that fails before the first record is an
// error; one that fails later, or has more than the limit, gives an answer whose Outcome and Stats.Notes say so.
func LogPatterns(ctx context.Context, source logs.Source, q logs.Query, o PatternOptions) (Patterns, error) {
	const op = "LogPatterns"
	o, err := o.withDefaults(op)
	if err != nil {
		return Patterns{}, err
	}
	if source == nil {
		return Patterns{}, base.Invalid("evidence", op, "source: missing; pass a client that has logs")
	}
	m := newMiner(o)
	stats, err := m.read(ctx, source, q)
	if err != nil && m.records == 0 {
		return Patterns{Outcome: base.Failed, Stats: stats}, err
	}
	p := m.patterns()
	p.Stats.Add(stats)
	if err != nil {
		p.Outcome = base.OutcomeOf(int(min(m.records, 1)), err)
		p.Stats.Notes = append(p.Stats.Notes, missingOf(err))
	}
	return p, nil
}

// LinePatterns is LogPatterns for lines that are at hand. They have no time and no service.
func LinePatterns(lines iter.Seq[string], o PatternOptions) (Patterns, error) {
	o, err := o.withDefaults("LinePatterns")
	if err != nil {
		return Patterns{}, err
	}
	m := newMiner(o)
	for line := range lines {
		m.add(logs.Record{Body: line})
	}
	return m.patterns(), nil
}

// read adds all records of a question.
func (m *miner) read(ctx context.Context, source logs.Source, q logs.Query) (base.Stats, error) {
	if q.Limit == 0 {
		q.Limit = maxMined
	}
	var stats base.Stats
	for r, err := range source.Logs(base.WithStats(ctx, &stats), q) {
		if err != nil {
			return stats, err
		}
		m.add(r)
	}
	return stats, nil
}

// patterns are what the lines came down to.
func (m *miner) patterns() Patterns { return m.handOut(m.ranked()) }

// ranked are the groups of lines that are alike, the most frequent first.
func (m *miner) ranked() []*lineGroup {
	groups := m.merged()
	slices.SortStableFunc(groups, func(a, b *lineGroup) int { return cmp.Compare(b.count, a.count) })
	return groups
}

func (m *miner) handOut(groups []*lineGroup) Patterns {
	p := Patterns{Patterns: []Pattern{}, Records: m.records, Distinct: len(groups), Outcome: base.Data}
	if m.records == 0 {
		p.Outcome = base.NoData
	}
	for i, g := range groups {
		if i >= m.options.MaxPatterns {
			p.Left += g.count
			continue
		}
		p.Patterns = append(p.Patterns, g.pattern(m))
	}
	if left := len(groups) - len(p.Patterns); left > 0 {
		p.Outcome = base.Truncated
		p.Stats.Notes = append(p.Stats.Notes,
			fmt.Sprintf("%d rarer patterns with %d records are left out; raise max_patterns or narrow the question", left, p.Left))
	}
	p.Stats.Notes = append(p.Stats.Notes, m.notes()...)
	return p
}

// notes say what was given up to stay within the bounds.
func (m *miner) notes() []string {
	if m.folded == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d records of lines too different to keep apart are counted under %s; narrow the question to see them",
		m.folded, maskRest)}
}

func (g *lineGroup) pattern(m *miner) Pattern {
	return Pattern{
		Template: textOf(g.pieces), Count: g.count, Share: float64(g.count) / float64(max(m.records, 1)),
		Services: named(g.services), Severities: maps.Clone(g.severities), Worst: g.worst, Site: g.site,
		First: g.first, Last: g.last, Examples: slices.Clone(g.examples), maxBody: m.options.MaxBody,
	}
}

// named leaves out the records that name no service.
func named(services map[string]int64) map[string]int64 {
	services = maps.Clone(services)
	delete(services, "")
	return services
}

func regionLines(r CodeRegion) string {
	return strconv.Itoa(r.Lines[0]) + "-" + strconv.Itoa(r.Lines[1])
}

func formatNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
