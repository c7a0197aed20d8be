package incident

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
)

const (
	maxUnpacked = 512 << 20 // bytes of one file
	maxLine     = 1 << 20
	maxBadShare = 100 // one bad row in so many is the most that a file may have
	maxBadLines = 20  // that are named
)

// row is one row of a table. Its cells stand in the order of the columns that were asked for, the others follow in the
// order of the file.
type row struct {
	header []string
	cells  []string
}

// columns are the names that a file's header must have, and those that are used where they are there.
type columns struct {
	required []string
	optional []string
}

// readTable hands every good row of a gzip CSV to use. A row that cannot be cut into cells, or that use refuses, is a bad
// one.
func readTable(ctx context.Context, path string, f File, want columns, use func(row) (repeated bool, err error)) (File, error) {
	file, err := os.Open(path)
	if err != nil {
		return f, invalid(err, "%s: the file cannot be opened: %v", path, errors.Unwrap(err))
	}
	defer func() { _ = file.Close() }()
	packed := bufio.NewReaderSize(file, 64<<10)
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		return f, notGzip(path, err)
	}
	t := &table{path: path, file: f, records: newRecords(&bounded{from: unpacked, left: maxUnpacked})}
	if err := t.read(ctx, want, use); err != nil {
		return f, err
	}
	return t.file, nil
}

func notGzip(path string, err error) error {
	if errors.Is(err, io.EOF) {
		return invalid(err, "%s: the file is empty; copy it again or take it out of the folder", path)
	}
	return invalid(err, "%s: this is not gzip: %v; pack the CSV with gzip", path, err)
}

// table is one file on its way.
type table struct {
	path    string
	file    File
	records *records
	width   int   // how many columns the file has
	first   error // of the first bad row
}

func (t *table) read(ctx context.Context, want columns, use func(row) (bool, error)) error {
	header, order, err := t.header(want)
	if err != nil {
		return err
	}
	cells := make([]string, len(order))
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return base.NewError(base.KindCanceled, context.Cause(ctx)).WithText(t.path + ": reading was stopped")
		}
		record, err := t.records.next(t.width)
		if err != nil {
			if errors.Is(err, io.EOF) {
				return t.judge()
			}
			return t.broken(err)
		}
		if record.problem != nil {
			t.bad(record.line, record.problem)
			continue
		}
		for i, at := range order {
			cells[i] = ""
			if at >= 0 {
				cells[i] = record.cells[at]
			}
		}
		t.take(record.line, use, row{header, cells})
	}
}

func (t *table) take(line int, use func(row) (bool, error), r row) {
	repeated, err := use(r)
	if err != nil {
		t.bad(line, err)
		return
	}
	t.file.Rows++
	if repeated {
		t.file.Repeated++
	}
}

func (t *table) bad(line int, problem error) {
	t.file.Bad++
	if t.first == nil {
		t.first, t.file.Problem = problem, problem.Error()
	}
	if len(t.file.BadLines) < maxBadLines {
		t.file.BadLines = append(t.file.BadLines, line)
	}
}

// judge fails a file that has too many bad rows to be trusted.
func (t *table) judge() error {
	total := t.file.Bad + t.file.Rows
	if t.file.Bad*maxBadShare <= total {
		return nil
	}
	return invalid(t.first, "%s:%d: %v; %d of %d rows are bad, at most one in %d may be: repair the rows or take the file out of the folder",
		t.path, t.file.BadLines[0], t.first, t.file.Bad, total, maxBadShare)
}

// header reads the names of the columns, and where the wanted ones stand; -1 is an optional one that is absent. The
// columns that were not asked for follow.
func (t *table) header(want columns) (names []string, order []int, err error) {
	record, err := t.records.next(0)
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil, invalid(err, "%s:1: the file has no header; its first line must name %s", t.path, strings.Join(want.required, ","))
	case err != nil:
		return nil, nil, t.broken(err)
	case record.problem != nil:
		return nil, nil, invalid(record.problem, "%s:%d: the header: %v", t.path, record.line, record.problem)
	}
	t.width = len(record.cells)
	at := map[string]int{}
	for i, name := range record.cells {
		name = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))
		if _, twice := at[name]; twice {
			return nil, nil, invalid(nil, "%s:%d: the header names the column %q twice; take one out", t.path, record.line, name)
		}
		at[name] = i
		names = append(names, strings.Clone(name))
	}
	var missing []string
	for _, name := range want.required {
		if _, ok := at[name]; !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, nil, invalid(nil, "%s:%d: the header lacks the column %s; it has %s", t.path, record.line,
			strings.Join(missing, ", "), strings.Join(names, ","))
	}
	names, order = arrange(names, at, want)
	return names, order, nil
}

// arrange puts the wanted names first, absent ones included, and the others after them.
func arrange(found []string, at map[string]int, want columns) (names []string, order []int) {
	names = slices.Concat(want.required, want.optional)
	for _, name := range names {
		i, ok := at[name]
		if !ok {
			i = -1
		}
		order = append(order, i)
	}
	for i, name := range found {
		if !slices.Contains(names, name) {
			names, order = append(names, name), append(order, i)
		}
	}
	return names, order
}

// broken is the error of a file that cannot be read to its end.
func (t *table) broken(err error) error {
	after := t.records.line
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return invalid(err, "%s:%d: the gzip ends in the middle, after this line; copy the file again", t.path, after)
	case errors.Is(err, bufio.ErrTooLong):
		return invalid(err, "%s:%d: the line after this one is longer than %d bytes; is this a CSV?", t.path, after, maxLine)
	case errors.Is(err, errTooLarge):
		return invalid(err, "%s:%d: %v; cut the recording into several files", t.path, after, err)
	}
	return invalid(err, "%s:%d: the gzip is damaged after this line: %v; copy the file again", t.path, after, err)
}

var errTooLarge = fmt.Errorf("the file unpacks to more than %d bytes", maxUnpacked)

// bounded refuses what a small file may unpack to.
type bounded struct {
	from io.Reader
	left int64
}

// Read fails when more than the bound was read.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
