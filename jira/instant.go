package jira

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	clock  = `(\d{1,2})(?::(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?)?\s*([AaPp]\.?[Mm]\.?)?`
	full   = `(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?\s*([AaPp]\.?[Mm]\.?)?`
	zoned  = `(?:\s*\(?(` + zoneWords + `)\)?)?`
	months = `(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)`
	days   = `(?i:mon|tues|wednes|thurs|fri|satur|sun)day`
)

// The forms of times. A time of day may follow a day; a second one behind a dash makes a range.
var (
	isoForm   = regexp.MustCompile(`\b(\d{4})-(\d{2})-(\d{2})(?:(?:T|\s+(?:at\s+)?)` + full + zoned + `)?`)
	usForm    = regexp.MustCompile(`\b(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})\b(?:,?\s+(?:at\s+|@\s*)?` + full + zoned + `)?`)
	dotForm   = regexp.MustCompile(`(?:^|[^\d.])((\d{1,2})\.(\d{1,2})\.(20\d{2}))(?:,?\s+(?:at\s+|um\s+|@\s*)?` + full + zoned + `)?(?:[^\d.]|\.\D|\.?$)`)
	monthForm = regexp.MustCompile(`\b(` + months + `)\.?\s+(\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+(\d{4})\b)?(?:,?\s+(?:at\s+|around\s+|@\s*)?` + clockOrHour + zoned + `)?`)
	dayForm   = regexp.MustCompile(`\b(\d{1,2})(?:st|nd|rd|th)?(?:\s+(?:of\s+)?|-)(` + months + `)\b\.?(?:(?:,?\s+|-)(\d{4})\b)?(?:,?\s+(?:at\s+|around\s+|@\s*)?` + clockOrHour + zoned + `)?`)
	epochForm = regexp.MustCompile(`(?i)\b(?:epoch|timestamp|time|ts|at|created_at|updated_at)["'\x60*]*\s*(?:is|=>)?\s*[:=(]*\s*["'\x60*]*(1[4-9]\d{8}(?:\d{3})?)\b`)
	agoForm   = regexp.MustCompile(`(?i)\b(\d{1,3}|an?|one|two|three|a few|couple(?: of)?)\s+(minute|min|hour|hr|day|week)s?\s+ago\b`)
	wordForm  = regexp.MustCompile(`(?i)\b(yesterday|today|this (?:morning|afternoon|evening)|last night|tonight|(?:since |last |on |this )` + days + `)\b(?:\s*(?:at|around|@|,)?\s*` + clockOrHour + zoned + `)?`)
	rangeForm = regexp.MustCompile(`(?i)\b(?:between|from)\s+` + clock + zoned + `\s*(?:and|to|until|till|-|–)\s*` + clock + zoned)
	dashForm  = regexp.MustCompile(`^\s*(?:-|–|to|until|till|and)\s*(?:(\d{4})-(\d{2})-(\d{2})(?:T|\s+)|(\d{1,2})/(\d{1,2})/(\d{4})\s+)?` + full + zoned)
)

// clockOrHour is a time of day that cannot be another number: with minutes, or with am or pm.
const clockOrHour = `(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?\s*([AaPp]\.?[Mm]\.?)?|(\d{1,2})\s*([AaPp]\.?[Mm]\b\.?))`

// mention is a time in the making.
type mention struct {
	from, to         int
	year, month, day int
	hour, min, sec   int
	timed            bool // a time of day was named
	zone             *time.Location
	how              string
	confidence       float64
	span             time.Duration // of a mention without a time of day; 0 = the day
	exact            time.Time     // instead of all the above
}

// times finds what instants and ranges a part names, in the zone that it names or in that of who wrote it.
func (r *reading) times(t *passage) {
	taken := make([]bool, len(t.text)) // by byte: a list of stretches would take the square of the text
	claim := func(m *mention) {
		if m == nil || slices.Contains(taken[m.from:m.to], true) || t.linked(m.from, m.to) {
			return
		}
		if len(r.out.Times) >= mostFindings {
			r.warn(tooMany)
			return
		}
		if r.mentioned(t, m) {
			for i := m.from; i < m.to; i++ {
				taken[i] = true
			}
		}
	}
	for _, m := range isoForm.FindAllStringSubmatchIndex(t.text, -1) {
		g := groups{t.text, m}
		claim(r.dated(g, g.n(1), g.n(2), g.n(3), 4, 8, "ISO date", 0.97))
	}
	for _, m := range usForm.FindAllStringSubmatchIndex(t.text, -1) {
		g := groups{t.text, m}
		month, day := g.n(1), g.n(2)
		how, confidence := "US date", 0.85
		if month > 12 {
			month, day, how = day, month, "date with the day first"
		} else if day <= 12 && day != month {
			confidence = 0.7
		}
		claim(r.dated(g, century(g.n(3)), month, day, 4, 8, how, confidence))
	}
	for _, m := range dotForm.FindAllStringSubmatchIndex(t.text, -1) {
		claim(r.dotted(t.text, m))
	}
	for _, m := range monthForm.FindAllStringSubmatchIndex(t.text, -1) {
		g := groups{t.text, m}
		claim(r.named(t, g, g.s(1), g.n(2), g.n(3)))
	}
	for _, m := range dayForm.FindAllStringSubmatchIndex(t.text, -1) {
		g := groups{t.text, m}
		claim(r.named(t, g, g.s(2), g.n(1), g.n(3)))
	}
	for _, m := range epochForm.FindAllStringSubmatchIndex(t.text, -1) {
		claim(epoch(groups{t.text, m}))
	}
	r.relative(t, claim)
}

// groups are the groups of a match.
type groups struct {
	text string
	m    []int
}

func (g groups) s(i int) string {
	if 2*i+1 >= len(g.m) || g.m[2*i] < 0 {
		return ""
	}
	return g.text[g.m[2*i]:g.m[2*i+1]]
}

func (g groups) n(i int) int {
	n, _ := strconv.Atoi(g.s(i))
	return n
}

func century(year int) int {
	if year < 100 {
		return 2000 + year
	}
	return year
}

// dated is a day, with the time of day that begins at a group.
func (r *reading) dated(g groups, year, month, day, clock, zone int, how string, confidence float64) *mention {
	m := &mention{from: g.m[0], to: g.m[1], year: year, month: month, day: day, how: how, confidence: confidence}
	if year < 2000 || year > 2100 || month < 1 || month > 12 || day < 1 || day > 31 {
		return nil
	}
	if g.s(clock) != "" {
		m.clock(g.n(clock), g.n(clock+1), g.n(clock+2), g.s(clock+3))
		m.behind(r, g, zone, g.s(clock+2) != "")
	}
	return m
}

// dotted is a day of the form 31.12.2025, with what may follow as its time of day.
func (r *reading) dotted(text string, m []int) *mention {
	g := groups{text, m}
	found := r.dated(g, g.n(4), g.n(3), g.n(2), 5, 9, "date with the day first", 0.85)
	if found == nil {
		return nil
	}
	found.from, found.to = m[2], m[3]
	for _, group := range []int{6, 7, 8, 9} { // behind the date: the last that is there
		if m[2*group+1] > found.to {
			found.to = m[2*group+1]
		}
	}
	return found
}

// named is a day whose month is a word. Without a year it is the last one that is not after the text.
func (r *reading) named(t *passage, g groups, month string, day, year int) *mention {
	n := slices.IndexFunc([]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}, func(m string) bool {
		return strings.HasPrefix(strings.ToLower(month), m)
	}) + 1
	confidence := 0.9
	if year == 0 {
		confidence = 0.8
		if year = t.written().Year(); time.Date(year, time.Month(n), day, 0, 0, 0, 0, time.UTC).After(t.written().AddDate(0, 0, 2)) {
			year--
		}
		if strings.EqualFold(month, "may") && g.s(4) == "" && g.s(8) == "" && month != "May" {
			return nil
		}
	}
	m := r.dated(g, year, n, day, 99, 99, "name of the month", confidence)
	if m != nil {
		r.dayClock(m, g, 4)
	}
	return m
}

// dayClock reads the groups of clockOrHour, with a zone behind them.
func (r *reading) dayClock(m *mention, g groups, at int) {
	switch {
	case g.s(at) != "":
		m.clock(g.n(at), g.n(at+1), g.n(at+2), g.s(at+3))
	case g.s(at+4) != "":
		m.clock(g.n(at+4), 0, 0, g.s(at+5))
	default:
		return
	}
	m.behind(r, g, at+6, g.s(at+2) != "")
}

// behind reads what stands behind a time as its zone, but "10:00-11:30", which is a range, unless an instant is written in full,
// or the second time is before the first.
func (m *mention) behind(r *reading, g groups, zone int, seconds bool) {
	text := g.s(zone)
	full := seconds || m.from+dayWidth < len(g.text) && g.text[m.from+dayWidth] == 'T'
	if strings.HasPrefix(text, "-") && strings.Contains(text, ":") && !full && g.text[g.m[2*zone]-1] != ' ' {
		if hour, _ := strconv.Atoi(text[1:3]); hour > m.hour {
			m.to = g.m[2*zone]
			return
		}
	}
	m.inZone(r, text)
}

// dayWidth is where the T of an instant stands that is written in full.
const dayWidth = len(time.DateOnly)

func (m *mention) clock(hour, min, sec int, half string) {
	half = strings.ToLower(strings.ReplaceAll(half, ".", ""))
	switch {
	case half == "pm" && hour < 12:
		hour += 12
	case half == "am" && hour == 12:
		hour = 0
	}
	m.timed = hour < 24 && min < 60 && sec < 61
	m.hour, m.min, m.sec = hour, min, sec
}

func (m *mention) inZone(r *reading, text string) {
	zone, doubt := zoneOf(text)
	if m.zone = zone; doubt != "" {
		r.warn(doubt)
		m.confidence -= 0.2
	}
}

func epoch(g groups) *mention {
	n, err := strconv.ParseInt(g.s(1), 10, 64)
	if err != nil {
		return nil
	}
	at := time.Unix(n, 0)
	if len(g.s(1)) == 13 {
		at = time.UnixMilli(n)
	}
	return &mention{from: g.m[2], to: g.m[3], exact: at, zone: time.UTC, how: "Unix time", confidence: 0.85, timed: true}
}

// written is when the text was written; the zero time is 2000, so that arithmetic stays in range.
func (t *passage) written() time.Time {
	if t.part.at.IsZero() {
		return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return t.part.at
}

// mentioned adds a mention as an instant or a range, and reports whether it is one.
func (r *reading) mentioned(t *passage, m *mention) bool {
	zone, known := m.zone, m.zone != nil
	if zone == nil {
		zone = r.local(t)
	}
	start := m.exact
	if start.IsZero() {
		start = time.Date(m.year, time.Month(m.month), m.day, m.hour, m.min, m.sec, 0, zone)
		if start.Day() != m.day {
			return false // no such day
		}
		if m.timed && start.Hour() != m.hour {
			r.warn("no such time in its zone, where the clock is put forward: " + t.text[m.from:m.to])
		}
	}
	end := start
	switch {
	case !m.timed && m.span > 0:
		end = start.Add(m.span)
	case !m.timed:
		end = start.AddDate(0, 0, 1)
	default:
		start, end = r.until(t, m, start, &known)
	}
	if slices.ContainsFunc(r.out.Times, func(o TimeMention) bool { return o.Start.Equal(start) && o.End.Equal(end) }) {
		return true // the same time is one mention, where it stood first
	}
	r.out.Times = append(r.out.Times, TimeMention{
		Start: start.UTC(), End: end.UTC(), Raw: t.text[m.from:m.to], Where: t.at(m.from), How: m.how, ZoneKnown: known, Confidence: m.confidence,
	})
	return true
}

// until are both ends of a range whose second time stands behind the first.
func (r *reading) until(t *passage, m *mention, start time.Time, known *bool) (from, to time.Time) {
	if m.span > 0 {
		return start, start.Add(m.span)
	}
	d := dashForm.FindStringSubmatchIndex(t.text[m.to:])
	if d == nil || !m.exact.IsZero() {
		return start, start
	}
	g := groups{t.text[m.to:], d}
	second := mention{year: start.Year(), month: int(start.Month()), day: start.Day()}
	switch { // a date of its own
	case g.s(1) != "":
		second.year, second.month, second.day = g.n(1), g.n(2), g.n(3)
	case g.s(4) != "":
		second.year, second.month, second.day = g.n(6), g.n(4), g.n(5)
	}
	second.clock(g.n(7), g.n(8), g.n(9), g.s(10))
	if second.inZone(r, g.s(11)); second.zone == nil {
		second.zone = start.Location()
	} else if !*known { // the zone behind a range is that of both its ends
		start, *known = time.Date(m.year, time.Month(m.month), m.day, m.hour, m.min, m.sec, 0, second.zone), true
	}
	end := time.Date(second.year, time.Month(second.month), second.day, second.hour, second.min, second.sec, 0, second.zone)
	if !second.timed || !end.After(start) || end.Sub(start) > longAgo {
		return start, start
	}
	m.to += d[1]
	return start, end
}
