package trino

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/output"
)

// FilesOptions says which rows of a load are wanted. TrackingID and Window are required; the window counts by its days.
type FilesOptions struct {
	TrackingID  string      `json:"tracking_id"`
	Window      base.Window `json:"window"`
	OldestFirst bool        `json:"oldest_first,omitempty"` // by day; default: newest first
	Limit       int         `json:"limit,omitempty"`        // 0 = Config.MaxRows, negative = none, never above the operator's cap
}

// LoadFile is one row about a file that brought a load, by API or otherwise.
type LoadFile struct {
	TrackingID string         `json:"tracking_id"`
	Date       string         `json:"date"`   // the partition
	Fields     map[string]any `json:"fields"` // all other columns, as the table has them; no NULLs
}

// Location is one step of a carrier's file on its way to a location: file, worker, outcome.
type Location struct {
	TrackingID string         `json:"tracking_id"`
	Date       string         `json:"date"`   // the partition
	Fields     map[string]any `json:"fields"` // all other columns, as the table has them; no NULLs
}

var (
	opLoadFiles = method("LoadFiles")
	opLocations = method("LocationProcessing")
)

// LoadFiles yields what is known of the files that brought a load, day by day. A window of more than [Tables].Chunk days
// is cut into pieces that run side by side and are joined in order. The sequence ends without an error only when all that
// matched was yielded.
func (c *Client) LoadFiles(ctx context.Context, o FilesOptions) iter.Seq2[LoadFile, error] {
	return c.files(ctx, opLoadFiles, c.tables.LoadFiles, c.tables.FileColumns, o)
}

// LocationProcessing yields the steps of the carrier's files that bear on a load, day by day, as [Client.LoadFiles] does.
func (c *Client) LocationProcessing(ctx context.Context, o FilesOptions) iter.Seq2[Location, error] {
	return func(yield func(Location, error) bool) {
		for f, err := range c.files(ctx, opLocations, c.tables.Locations, c.tables.LocationColumns, o) {
			if !yield(Location(f), err) {
				return
			}
		}
	}
}

type fileRow struct {
	Fields map[string]any `db:",extras"`
}

func (c *Client) files(ctx context.Context, op *base.Op, name string, names FileColumns, o FilesOptions) iter.Seq2[LoadFile, error] {
	return func(yield func(LoadFile, error) bool) {
		scan, err := c.fileScan(ctx, op, name, names, o)
		if err != nil {
			yield(LoadFile{}, err)
			return
		}
		scan.each(ctx, c.limit(o.Limit), yield)
	}
}

func (c *Client) fileScan(ctx context.Context, op *base.Op, name string, names FileColumns, o FilesOptions) (*scan[fileRow, LoadFile], error) {
	err := errors.Join(c.tables.checkWindow(o.Window), checkNumber("tracking_id", o.TrackingID))
	if o.TrackingID == "" {
		err = errors.Join(err, errors.New("tracking_id: missing"))
	}
	if err != nil {
		return nil, c.invalid(op, err)
	}
	table := c.tableName(name)
	known, err := c.layout(ctx, op, table)
	if err != nil {
		return nil, err
	}
	if !known.has(names.TrackingID) {
		return nil, c.invalid(op, errors.New(table.String()+" has no column "+names.TrackingID))
	}
	partition := c.tables.Partition
	return &scan[fileRow, LoadFile]{
		client: c, op: op, window: o.Window, left: o.Window, newest: !o.OldestFirst,
		ask: func(w base.Window, _ *position, limit int) Query {
			var s statement
			s.days(partition, w)
			s.and(known.text(names.TrackingID)+" = ?", o.TrackingID)
			return Query{SQL: "SELECT * FROM " + table.sql() + s.where() + " ORDER BY " + quote(partition) + direction(!o.OldestFirst) +
				limited(limit), Args: s.args}
		},
		item: func(r fileRow) (LoadFile, position, error) { return fileOf(r, partition, names) },
	}, nil
}

// fileOf takes what is named out of the fields.
func fileOf(r fileRow, partition string, names FileColumns) (LoadFile, position, error) {
	f := LoadFile{Fields: map[string]any{}}
	for name, v := range r.Fields {
		switch {
		case v == nil:
		case equalFold(name, partition):
			f.Date = plainText(v)
		case equalFold(name, names.TrackingID):
			f.TrackingID = plainText(v)
		default:
			f.Fields[name] = speakable(v)
		}
	}
	day, err := time.Parse(time.DateOnly, f.Date)
	if err != nil {
		return f, position{}, malformed("a row of the partition %.40q, which is no day", f.Date)
	}
	return f, position{Nanos: day.UnixNano()}, nil
}

// speakable is a value that JSON can carry, see [output.Value]; bytes stay as they are, for JSON writes them in base64.
func speakable(v any) any { return output.Value(v, func(b []byte) any { return b }) }
