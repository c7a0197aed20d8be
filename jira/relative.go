package jira

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// relative finds times that count from when the text was written.
func (r *reading) relative(t *passage, claim func(*mention)) {
	written := t.written().In(r.local(t))
	for _, m := range agoForm.FindAllStringSubmatchIndex(t.text, -1) {
		claim(ago(groups{t.text, m}, written))
	}
	for _, m := range rangeForm.FindAllStringSubmatchIndex(t.text, -1) {
		claim(r.clockRange(t, groups{t.text, m}, written))
	}
	for _, m := range backForm.FindAllStringSubmatchIndex(t.text, -1) {
		claim(r.reversed(groups{t.text, m}, written))
	}
	for _, m := range wordForm.FindAllStringSubmatchIndex(t.text, -1) {
		g := groups{t.text, m}
		claim(r.day(g, strings.ToLower(g.s(1)), written))
	}
}

var counts = map[string]int{"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "a few": 3, "couple": 2, "couple of": 2}

// ago is so long before the text: a mention as wide as its unit.
func ago(g groups, written time.Time) *mention {
	n, err := strconv.Atoi(g.s(1))
	if err != nil {
		n = counts[strings.ToLower(g.s(1))]
	}
	unit := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[strings.ToLower(g.s(2)[:1])]
	m := &mention{from: g.m[0], to: g.m[1], exact: written.Add(-time.Duration(n) * unit), zone: written.Location(), how: "before it was written", confidence: 0.75, timed: true}
	if unit >= 24*time.Hour {
		at := m.exact
		m.exact, m.timed = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location()), false
	}
	return m
}

// backForm is a time of day before its day, as in "at 9:52 UTC today".
var backForm = regexp.MustCompile(`(?i)\b` + clockOrHour + zoned + `,?\s+(?:on\s+)?(yesterday|today|this (?:morning|afternoon|evening)|last night|` + days + `)\b`)

func (r *reading) reversed(g groups, written time.Time) *mention {
	m := onDay(g, strings.ToLower(g.s(8)), written)
	m.span, m.hour = 0, 0
	r.dayClock(m, g, 1)
	if !m.timed {
		return nil
	}
	if word := strings.ToLower(g.s(8)); word == "last night" && m.hour < 12 { // after midnight
		m.day++
	}
	return m
}

// parts of a day, as people mean them.
var partsOfDay = map[string][2]int{
	"this morning": {6, 6}, "this afternoon": {12, 6}, "this evening": {18, 6}, "tonight": {18, 6}, "last night": {20, 10},
}

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// day is a day that is named from when the text was written.
func (r *reading) day(g groups, word string, written time.Time) *mention {
	m := onDay(g, word, written)
	before := m.hour
	r.dayClock(m, g, 2)
	if m.timed {
		m.span = 0
		if m.hour < 12 && before >= 12 && g.s(5) == "" && g.s(7) == "" { // this evening at 8:30
			m.hour += 12
		}
	} else {
		m.hour = before
	}
	return m
}

// onDay is a mention of a day by its word, with the part of it that the word means.
func onDay(g groups, word string, written time.Time) *mention {
	base := written
	m := &mention{from: g.m[0], to: g.m[1], how: "from when it was written", confidence: 0.75}
	switch {
	case word == "yesterday", word == "last night":
		base = base.AddDate(0, 0, -1)
	case strings.HasSuffix(word, "day") && word != "today":
		name := word[strings.LastIndexByte(word, ' ')+1:]
		back := (int(written.Weekday()) - slices.Index(weekdays, name) + 7) % 7
		if back == 0 && strings.HasPrefix(word, "last ") {
			back = 7
		}
		base = base.AddDate(0, 0, -back)
		m.confidence = 0.65
	}
	m.year, m.month, m.day = base.Year(), int(base.Month()), base.Day()
	if part, ok := partsOfDay[word]; ok {
		m.hour, m.span = part[0], time.Duration(part[1])*time.Hour
	}
	return m
}

// clockRange is a range of times of day without a day: that of the last mention before it in its part, else the day on which it
// was written.
func (r *reading) clockRange(t *passage, g groups, written time.Time) *mention {
	if g.s(2) == "" && g.s(4) == "" && g.s(7) == "" && g.s(9) == "" { // from 5 to 7 of anything
		return nil
	}
	first, last := &mention{from: g.m[0], to: g.m[1], how: "times of day", confidence: 0.7}, mention{}
	first.clock(g.n(1), g.n(2), g.n(3), or(g.s(4), g.s(9)))
	last.clock(g.n(6), g.n(7), g.n(8), or(g.s(9), ""))
	if !first.timed || !last.timed {
		return nil
	}
	first.inZone(r, or(g.s(10), g.s(5)))
	zone := first.zone
	if zone == nil {
		zone = written.Location()
	}
	day := written.In(zone)
	for _, other := range r.out.Times {
		same := other.Where.Part == t.where.Part && other.Where.Comment == t.where.Comment && other.Where.Name == t.where.Name
		if near := other.Where.Offset - g.m[1]; same && near < nearby && (near > 0 || other.Where.Offset < g.m[0]) {
			day = other.Start.In(zone)
			if !other.ZoneKnown && other.End.Sub(other.Start) > time.Hour { // a day, as its writer means it
				day = other.Start.In(r.local(t))
			}
		}
	}
	first.year, first.month, first.day = day.Year(), int(day.Month()), day.Day()
	if first.hour > last.hour && g.s(4) == "" && first.hour >= 12 { // from 11 to 1pm
		first.hour -= 12
	}
	first.span = time.Duration(last.hour-first.hour)*time.Hour + time.Duration(last.min-first.min)*time.Minute
	if first.span <= 0 {
		first.span += 24 * time.Hour
	}
	return first
}

// nearby is how far behind a range of times its day may stand, as in "from 9:00 to 10:00 on Monday".
const nearby = 16

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
