package partition

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/history"
	"github.com/fourkites/sources/internal/output"
	"github.com/fourkites/sources/internal/sqlguard"
)

type fileRow struct {
	Fields map[string]any `db:",extras"`
}

// Files yields the rows of a table of files that bear on a load, day by day, up to the limit of the options.
func (e *Engine) Files(ctx context.Context, op *base.Op, name string, names history.FileColumns, o history.FilesOptions) iter.Seq2[history.LoadFile, error] {
	return func(yield func(history.LoadFile, error) bool) {
		scan, err := e.fileScan(ctx, op, name, names, o)
		if err != nil {
			yield(history.LoadFile{}, err)
			return
		}
		scan.each(ctx, e.limit(o.Limit), yield)
	}
}

func (e *Engine) fileScan(ctx context.Context, op *base.Op, name string, names history.FileColumns, o history.FilesOptions) (*scan[fileRow, history.LoadFile], error) {
	err := errors.Join(e.Guard.Tables.CheckWindow(o.Window), checkNumber("tracking_id", o.TrackingID))
	if o.TrackingID == "" {
		err = errors.Join(err, errors.New("tracking_id: missing"))
	}
	if err != nil {
		return nil, e.Guard.Invalid(op, err)
	}
	table := e.Guard.Table(name)
	known, err := e.layout(ctx, op, table)
	if err != nil {
		return nil, err
	}
	if !known.has(names.TrackingID) {
		return nil, e.Guard.Invalid(op, errors.New(table.String()+" has no column "+names.TrackingID))
	}
	partition := e.Guard.Tables.Partition
	return &scan[fileRow, history.LoadFile]{
		engine: e, op: op, window: o.Window, left: o.Window, newest: !o.OldestFirst,
		ask: func(w base.Window, _ *position, limit int) question {
			var s statement
			s.days(partition, w)
			s.and(known.text(names.TrackingID)+" = ?", o.TrackingID)
			return question{sql: "SELECT * FROM " + table.SQL() + s.where() + " ORDER BY " + sqlguard.Quote(partition) + direction(!o.OldestFirst) +
				limited(limit), args: s.args}
		},
		item: func(r fileRow) (history.LoadFile, position, error) { return fileOf(r, partition, names) },
	}, nil
}

// fileOf takes what is named out of the fields.
func fileOf(r fileRow, partition string, names history.FileColumns) (history.LoadFile, position, error) {
	f := history.LoadFile{Fields: map[string]any{}}
	for name, v := range r.Fields {
		switch {
		case v == nil:
		case strings.EqualFold(name, partition):
			f.Date = plainText(v)
		case strings.EqualFold(name, names.TrackingID):
			f.TrackingID = plainText(v)
		default:
			f.Fields[name] = Speakable(v)
		}
	}
	day, err := time.Parse(time.DateOnly, f.Date)
	if err != nil {
		return f, position{}, fmt.Errorf("%w: a row of the partition %.40q, which is no day", errMalformed, f.Date)
	}
	return f, position{Nanos: day.UnixNano()}, nil
}

// Speakable is a value that JSON can carry, see [output.Value]; bytes stay as they are, for JSON writes them in base64.
func Speakable(v any) any { return output.Value(v, func(b []byte) any { return b }) }
