package incident

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxJoined is over how many lines one record may go.
const maxJoined = 64

// record is the cells of one row, or what is wrong with it.
type record struct {
	line    int // on which it begins
	cells   []string
	problem error
}

// records cuts a CSV into its rows. Unlike encoding/csv it goes on with the next line after a row that is broken: an open
// quote swallows nothing.
type records struct {
	lines  *bufio.Scanner
	ahead  []string // lines read and not used yet
	line   int      // number of the last line used
	closed error
}

func newRecords(r io.Reader) *records {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	return &records{lines: s}
}

// peek is the line so many lines ahead.
func (r *records) peek(n int) (string, error) {
	for len(r.ahead) <= n {
		if r.closed != nil {
			return "", r.closed
		}
		if !r.lines.Scan() {
			r.closed = r.lines.Err()
			if r.closed == nil {
				r.closed = io.EOF
			}
			return "", r.closed
		}
		r.ahead = append(r.ahead, r.lines.Text())
	}
	return r.ahead[n], nil
}

func (r *records) use(n int) {
	r.ahead = append(r.ahead[:0], r.ahead[n:]...)
	r.line += n
}

// next is the next row that is not blank. It has the given number of cells, where that is not zero, or a problem.
func (r *records) next(cells int) (record, error) {
	for {
		line, err := r.peek(0)
		if err != nil {
			return record{}, err
		}
		if line != "" {
			return r.cut(line, cells)
		}
		r.use(1)
	}
}

// cut makes a row of the line, and of those after it if a quote is open at its end and they close it.
func (r *records) cut(line string, want int) (record, error) {
	begin := r.line + 1
	found, err := split(line)
	for n := 1; errors.Is(err, errOpenQuote) && n < maxJoined; n++ {
		following, readErr := r.peek(n)
		if readErr != nil {
			if !errors.Is(readErr, io.EOF) {
				return record{}, readErr
			}
			break
		}
		line += "\n" + following
		joined, joinedErr := split(line)
		if joinedErr == nil && (want == 0 || len(joined) == want) {
			r.use(n + 1)
			return record{line: begin, cells: joined}, nil
		}
		if !errors.Is(joinedErr, errOpenQuote) {
			break
		}
	}
	r.use(1)
	if err == nil && want > 0 && len(found) != want {
		err = fmt.Errorf("%d columns, the header has %d", len(found), want)
	}
	return record{line: begin, cells: found, problem: err}, nil
}

var (
	errOpenQuote = errors.New("a quote is never closed")
	errBareQuote = errors.New("a quote stands in the middle of a cell")
)

// split cuts one record of a CSV into cells, as RFC 4180 has it.
func split(text string) ([]string, error) {
	cells := make([]string, 0, 24)
	for {
		if !strings.HasPrefix(text, `"`) {
			cell, rest, more := strings.Cut(text, ",")
			if strings.Contains(cell, `"`) {
				return nil, errBareQuote
			}
			cells = append(cells, cell)
			if !more {
				return cells, nil
			}
			text = rest
			continue
		}
		cell, rest, err := quoted(text[1:])
		if err != nil {
			return nil, err
		}
		cells = append(cells, cell)
		if rest == "" {
			return cells, nil
		}
		if rest[0] != ',' {
			return nil, errBareQuote
		}
		text = rest[1:]
	}
}

// quoted is the cell whose opening quote was taken off, and what follows its closing quote.
func quoted(text string) (cell, rest string, err error) {
	for from := 0; ; {
		at := strings.IndexByte(text[from:], '"')
		if at < 0 {
			return "", "", errOpenQuote
		}
		at += from
		if !strings.HasPrefix(text[at+1:], `"`) {
			return strings.ReplaceAll(text[:at], `""`, `"`), text[at+1:], nil
		}
		from = at + 2
	}
}
