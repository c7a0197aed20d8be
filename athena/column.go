package athena

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/cells"
	"github.com/fourkites/sources/internal/instant"
)

// table is the columns of an answer and the rows that were read last. Both ways of results fill it with the same texts.
type table struct {
	columns []rows.Column
	cells   []cells.Cells
	vectors []rows.Vector
	n       int
	size    int // bytes of the texts
	zones   instant.Zones
}

const (
	maxColumns   = 10_000
	batchRows    = 4096
	batchSize    = 4 << 20 // bytes of texts
	microseconds = 1_000_000
)

func newTable(info []types.ColumnInfo) (*table, error) {
	if len(info) == 0 || len(info) > maxColumns {
		return nil, malformed("an answer of %d columns", len(info))
	}
	t := &table{
		columns: make([]rows.Column, len(info)), cells: make([]cells.Cells, len(info)), vectors: make([]rows.Vector, len(info)),
	}
	for i, c := range info {
		name := aws.ToString(c.Name)
		if c.Label != nil && *c.Label != "" {
			name = *c.Label
		}
		t.columns[i] = rows.Column{Name: name, Type: typeOf(c), Nullable: true}
		t.cells[i] = t.newCells(strings.ToLower(aws.ToString(c.Type)), int(c.Precision))
	}
	return t, nil
}

// typeOf is the type as SQL writes it, as far as the service tells: of what is within an array, a map or a row it does not.
func typeOf(c types.ColumnInfo) string {
	name := aws.ToString(c.Type)
	if strings.EqualFold(name, "decimal") && c.Precision > 0 {
		return name + "(" + strconv.Itoa(int(c.Precision)) + ", " + strconv.Itoa(int(c.Scale)) + ")"
	}
	return name
}

// newCells makes the column of a type. A type that is not among these is given as the text that the service wrote: decimals
// exactly, arrays, maps and rows in a form that cannot be taken apart.
func (t *table) newCells(typ string, precision int) cells.Cells {
	switch typ {
	case "boolean":
		return cells.NewValues(truth)
	case "tinyint":
		return cells.Integers[int8](8)
	case "smallint":
		return cells.Integers[int16](16)
	case "integer", "int":
		return cells.Integers[int32](32)
	case "bigint":
		return cells.Integers[int64](64)
	case "float", "real":
		return cells.Float32s()
	case "double":
		return cells.Float64s()
	case "varbinary":
		return cells.NewValues(octets)
	case "date":
		return cells.NewTimes(1, 0, day)
	case "timestamp":
		if precision > 6 {
			return cells.NewValues(exact)
		}
		return cells.NewTimes(microseconds, 0, newClock().ticks)
	case "timestamp with time zone":
		return cells.NewValues(t.zoned)
	}
	return &cells.Texts{}
}

func truth(text []byte) (bool, error) {
	switch string(text) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, errors.New("is neither true nor false")
}

// octets reads pairs of hexadecimal digits with spaces between them.
func octets(text []byte) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(string(text), " ", ""))
	if err != nil {
		return nil, errors.New("is not hexadecimal text")
	}
	return b, nil
}

const secondsPerDay = 24 * 60 * 60

func day(text []byte) (int64, error) {
	days, ok := instant.Date(cells.View(text))
	if !ok {
		return 0, errors.New("is not a date")
	}
	return days * secondsPerDay, nil
}

// clock reads timestamps, most of which come with three digits of a second.
type clock struct{ millis, micros *instant.Calendar }

func newClock() clock { return clock{instant.NewCalendar(3), instant.NewCalendar(6)} }

func (c clock) ticks(text []byte) (int64, error) {
	calendar, factor := c.micros, int64(1)
	if len(text) == len("2006-01-02 15:04:05.000") {
		calendar, factor = c.millis, 1000
	}
	n, ok := calendar.Parse(cells.View(text))
	if !ok {
		return 0, errors.New("is not a timestamp")
	}
	return n * factor, nil
}

func exact(text []byte) (time.Time, error) {
	seconds, nanos, ok := instant.Timestamp(cells.View(text))
	if !ok {
		return time.Time{}, errors.New("is not a timestamp")
	}
	return time.Unix(seconds, nanos).UTC(), nil
}

func (t *table) zoned(text []byte) (time.Time, error) {
	at, err := t.zones.Parse(cells.View(text))
	if _, unknown := errors.AsType[*instant.ZoneError](err); unknown {
		return at, errors.New("is in a zone that this machine does not know; select the column AT TIME ZONE 'UTC'")
	}
	return at, err
}

func (t *table) reset() {
	t.n, t.size = 0, 0
	for _, c := range t.cells {
		c.Reset()
	}
}

// full reports whether the batch is large enough.
func (t *table) full() bool { return t.n >= batchRows || t.size >= batchSize }

// add takes the value of one column; nil is NULL.
func (t *table) add(column int, text []byte) error {
	if text == nil {
		t.cells[column].Null(true)
		return nil
	}
	t.size += len(text)
	if err := t.cells[column].Add(text); err != nil {
		return &cellError{t.columns[column], told(text), err}
	}
	return nil
}

func (t *table) batch() *rows.Batch {
	for i, c := range t.cells {
		t.vectors[i] = c.Vector()
	}
	return rows.NewBatch(t.columns, t.vectors, t.n)
}

// cellError names the column of a value that cannot be read.
type cellError struct {
	column rows.Column
	text   string
	err    error
}

func (e *cellError) Error() string {
	return "column " + told([]byte(e.column.Name)) + " (" + e.column.Type + "): " + e.text + " " + e.err.Error()
}

// maxTold is the longest text of the service that an error repeats: a part of a secret would not be known as one.
const maxTold = 200

func told(text []byte) string {
	if len(text) > maxTold {
		return "a text of " + strconv.Itoa(len(text)) + " bytes"
	}
	return strconv.Quote(string(text))
}

// octetsOf is a text as bytes, without a copy, for what does not write to it.
func octetsOf(text string) []byte {
	if text == "" {
		return []byte{}
	}
	return unsafe.Slice(unsafe.StringData(text), len(text))
}
