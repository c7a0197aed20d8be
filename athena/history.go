package athena

import (
	"context"
	"iter"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/history"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/partition"
	"github.com/fourkites/sources/internal/sqlguard"
)

// The vocabulary of history, which this source shares with others; see package [history].
type (
	// Tables names the tables and columns that hold history.
	Tables = history.Tables
	// CallbackColumns names the columns of the table of callbacks.
	CallbackColumns = history.CallbackColumns
	// FileColumns names the columns of the tables of files.
	FileColumns = history.FileColumns
	// LogColumns names the columns of the table of logs.
	LogColumns = history.LogColumns

	// Callback is one call of a customer's endpoint, as [Client.Callbacks] and [Client.CallbacksPage] fill it in.
	Callback = history.Callback
	// Delivery selects callbacks by their end.
	Delivery = history.Delivery
	// CallbacksOptions says which callbacks are wanted.
	CallbacksOptions = history.CallbacksOptions
	// FilesOptions says which rows of a load are wanted.
	FilesOptions = history.FilesOptions
	// LoadFile is one row about a file that brought a load.
	LoadFile = history.LoadFile
	// Location is one step of a carrier's file on its way to a location.
	Location = history.Location
)

// The customer's endpoint answered 2xx, or anything else, nothing included.
const (
	AnyDelivery  = history.AnyDelivery
	Delivered    = history.Delivered
	NotDelivered = history.NotDelivered
)

var (
	opCallbacks     = method("Callbacks")
	opCallbacksPage = method("CallbacksPage")
	opLoadFiles     = method("LoadFiles")
	opLocations     = method("LocationProcessing")
	opLogs          = method("Logs")
	opLogsPage      = method("LogsPage")
)

var _ logs.Source = (*Client)(nil)

// maxChunk is how many rows are gathered before they are handed out.
const maxChunk = partition.MaxChunk

// maxSide is how many pieces of one question run side by side, if there are as many permits: more would leave none to
// other questions of the same account.
const maxSide = 25

func (c *Client) side() int {
	if n := c.guard.Limits().Concurrency; n > 0 {
		return min(n, maxSide)
	}
	return maxSide
}

func (c *Client) newEngine() *partition.Engine {
	return &partition.Engine{
		Guard: c.reading, MaxRows: c.config.MaxRows, Width: c.side, TextMaps: true,
		Query: func(ctx context.Context, op *base.Op, sql string, args []any) (*rows.Rows, error) {
			return c.query(ctx, op, Query{SQL: sql, Args: args, MaxScan: c.config.MaxScan})
		},
		Describe: func(ctx context.Context, op *base.Op, table sqlguard.Table) (map[string]string, error) {
			all, err := c.describe(ctx, op, table)
			types := make(map[string]string, len(all))
			for _, column := range all {
				types[column.Name] = column.Type
			}
			return types, err
		},
	}
}

// Callbacks yields the callbacks that match, in the order of time. A window of more than Tables.Chunk days is cut into
// pieces that run side by side and are joined in order.
//
// The sequence ends without an error only when all that matched was yielded. When the limit cut it, its last yield is an
// *[base.IncompleteError] with the cursor that [Client.CallbacksPage] goes on from. Nothing is held while the loop body
// runs.
func (c *Client) Callbacks(ctx context.Context, o CallbacksOptions) iter.Seq2[Callback, error] {
	return c.engine.Callbacks(ctx, opCallbacks, o)
}

// CallbacksPage is one page of the callbacks that match; cursor is empty for the first. A page has o.Limit callbacks, by
// default 100, at most 10,000.
func (c *Client) CallbacksPage(ctx context.Context, o CallbacksOptions, cursor string) (base.Page[Callback], error) {
	return c.engine.CallbacksPage(ctx, opCallbacksPage, o, cursor)
}

// LoadFiles yields what is known of the files that brought a load, day by day. A window of more than Tables.Chunk days
// is cut into pieces that run side by side and are joined in order. The sequence ends without an error only when all that
// matched was yielded.
func (c *Client) LoadFiles(ctx context.Context, o FilesOptions) iter.Seq2[LoadFile, error] {
	return c.engine.Files(ctx, opLoadFiles, c.config.Tables.LoadFiles, c.config.Tables.FileColumns, o)
}

// LocationProcessing yields the steps of the carrier's files that bear on a load, day by day, as [Client.LoadFiles] does.
func (c *Client) LocationProcessing(ctx context.Context, o FilesOptions) iter.Seq2[Location, error] {
	return func(yield func(Location, error) bool) {
		for f, err := range c.engine.Files(ctx, opLocations, c.config.Tables.Locations, c.config.Tables.LocationColumns, o) {
			if !yield(Location(f), err) {
				return
			}
		}
	}
}

// Logs yields the records that match, in the order of time that the query names. A window of more than Tables.Chunk
// days is cut into pieces that run side by side and are joined in order. TrackingID, CorrelationID and RecordUUID are
// found in the body, as whole words, and as the value of any attribute.
//
// The sequence ends without an error only when all that matched was yielded. When the limit cut it, its last yield is an
// *[base.IncompleteError] with the cursor that [Client.LogsPage] goes on from. Nothing is held while the loop body runs.
func (c *Client) Logs(ctx context.Context, q logs.Query) iter.Seq2[logs.Record, error] {
	return c.engine.Logs(ctx, opLogs, q)
}

// LogsPage is one page of the records that match; cursor is empty for the first. A page has q.Limit records, by default
// 100, at most 10,000. The cursor is the place after the last record, by time and id, so that records of one instant are
// neither lost nor repeated; it is bound to the query, its limit excepted.
func (c *Client) LogsPage(ctx context.Context, q logs.Query, cursor string) (base.Page[logs.Record], error) {
	return c.engine.LogsPage(ctx, opLogsPage, q, cursor)
}
