package jira

import (
	"regexp"
	"strings"
)

// pair is a value with the name that stands apart from it: of a field, or of the row or column of a table. Rules read it as
// one line, "name: value".
func (t *passage) pair(name string, from, to int) *passage {
	name = strings.Trim(strings.Join(strings.Fields(folded(name)), " "), "*_`: ")
	lead := name + ": "
	p := newPassage(part{where: t.where, text: lead + t.raw[from:to], at: t.part.at, zone: t.zone})
	p.of, p.lead, p.shift = t, len(lead), from
	return p
}

// labelled reads a value with a name by every rule that knows names.
func (r *reading) labelled(t *passage) {
	r.identifiers(t)
	r.names(t)
	r.traces(t)
	r.web(t)
	r.failures(t)
}

// field reads a custom field whose name says what its value is.
func (r *reading) field(t *passage) {
	if name := t.where.Name; len(name) <= longestName {
		r.labelled(t.pair(name, 0, len(t.raw)))
	}
}

// longestName is the longest name that says what a value is.
const longestName = 40

// columnName is what the name of a column has to hold for its cells to be read by it.
var columnName = regexp.MustCompile(`(?i)\b(?:fk|tracking|trackingids?|loads?|loadnumbers?|shipments?|pro|m?bol|mbl|hbl|b/l|bl|lading|po|purchase|booking|bkg|containers?|vessel|shipper|customer|carrier|broker|3pl|scac|trace|correlation|corr|request|record|host|hostname|server|status|http|code|error|message|reason)(?:\b|_)`)

// cell is where a cell of a table stands.
type cell struct{ from, to int }

// tables reads tables of Markdown: by their columns, or by their rows where the first cell of each is a name.
func (r *reading) tables(t *passage) {
	if !strings.Contains(t.raw, "|") {
		return
	}
	var rows [][]cell
	at := 0
	for line := range strings.Lines(t.raw) {
		if cells := cellsOf(line, at); len(cells) > 1 {
			rows = append(rows, cells)
		} else {
			r.table(t, rows)
			rows = nil
		}
		at += len(line)
	}
	r.table(t, rows)
}

// cellsOf are the cells of a row, without their spaces and marks.
func cellsOf(line string, at int) []cell {
	start := strings.TrimLeft(line, "> \t")
	if !strings.HasPrefix(start, "|") {
		return nil
	}
	var all []cell
	from := len(line) - len(start) + 1
	for i := from; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '|':
			all = append(all, trimmed(line, from, i, at))
			from = i + 1
		}
	}
	return all
}

func trimmed(line string, from, to, at int) cell {
	text := line[from:to]
	from += len(text) - len(strings.TrimLeft(text, " \t*`"))
	to = from + len(strings.TrimRight(line[from:to], " \t*`"))
	return cell{at + from, at + to}
}

func (r *reading) table(t *passage, rows [][]cell) {
	if len(rows) == 0 {
		return
	}
	text := func(c cell) string { return t.raw[c.from:c.to] }
	names := func(c cell) bool { return c.to-c.from <= longestName && columnName.MatchString(folded(text(c))) }
	ruled := len(rows) > 1 && strings.Trim(text(rows[1][0]), "-: ") == ""
	byRow := 0
	for _, row := range rows {
		if len(row) == 2 && names(row[0]) && !names(row[1]) {
			byRow++
		}
	}
	if byRow > 1 || byRow == 1 && len(rows) < 3 {
		for _, row := range rows {
			if len(row) == 2 && names(row[0]) {
				r.labelled(t.pair(text(row[0]), row[1].from, row[1].to))
			}
		}
		return
	}
	if !ruled {
		return
	}
	for i, head := range rows[0] {
		if !names(head) {
			continue
		}
		for _, row := range rows[2:] {
			if i < len(row) && row[i].to > row[i].from {
				r.labelled(t.pair(text(head), row[i].from, row[i].to))
			}
		}
	}
}
