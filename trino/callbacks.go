package trino

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/cursor"
)

// Callback is one call of a customer's endpoint, as [Client.Callbacks] and [Client.CallbacksPage] fill it in. Its fields are
// not the table's columns: rows of a statement of one's own go into a struct of one's own.
type Callback struct {
	ID          string    `json:"id,omitempty"`
	Time        time.Time `json:"time"`
	TrackingID  string    `json:"tracking_id,omitempty"`
	LoadNumber  string    `json:"load_number,omitempty"`
	CompanyID   string    `json:"company_id,omitempty"`
	ConfigID    string    `json:"config_id,omitempty"`
	MessageType string    `json:"message_type,omitempty"`
	URL         string    `json:"url,omitempty"`
	Status      string    `json:"status,omitempty"` // of HTTP, as the table holds it
	Delivered   bool      `json:"delivered"`        // the status is 2xx
	Error       string    `json:"error,omitempty"`
	Date        string    `json:"date"` // the partition
}

// Delivery selects callbacks by their end.
type Delivery string

// The customer's endpoint answered 2xx, or anything else, nothing included.
const (
	AnyDelivery  Delivery = ""
	Delivered    Delivery = "delivered"
	NotDelivered Delivery = "not_delivered"
)

// CallbacksOptions says which callbacks are wanted. Every condition that is set must hold. Window is required.
type CallbacksOptions struct {
	Window      base.Window `json:"window"`
	TrackingID  string      `json:"tracking_id,omitempty"`
	LoadNumber  string      `json:"load_number,omitempty"`
	CompanyID   string      `json:"company_id,omitempty"`
	MessageType string      `json:"message_type,omitempty"`
	Delivery    Delivery    `json:"delivery,omitempty"`
	OldestFirst bool        `json:"oldest_first,omitempty"` // default: newest first
	Limit       int         `json:"limit,omitempty"`        // 0 = Config.MaxRows, negative = none, never above the operator's cap
}

var (
	opCallbacks     = method("Callbacks")
	opCallbacksPage = method("CallbacksPage")
)

// Callbacks yields the callbacks that match, in the order of time. A window of more than [Tables].Chunk days is cut into
// pieces that run side by side and are joined in order.
//
// The sequence ends without an error only when all that matched was yielded. When the limit cut it, its last yield is an
// *[base.IncompleteError] with the cursor that [Client.CallbacksPage] goes on from. Nothing is held while the loop body
// runs.
func (c *Client) Callbacks(ctx context.Context, o CallbacksOptions) iter.Seq2[Callback, error] {
	return func(yield func(Callback, error) bool) {
		scan, err := c.callbackScan(ctx, opCallbacks, o)
		if err != nil {
			yield(Callback{}, err)
			return
		}
		scan.each(ctx, c.limit(o.Limit), yield)
	}
}

// CallbacksPage is one page of the callbacks that match; cursor is empty for the first. A page has o.Limit callbacks, by
// default 100, at most 10,000.
func (c *Client) CallbacksPage(ctx context.Context, o CallbacksOptions, cursor string) (base.Page[Callback], error) {
	scan, err := c.callbackScan(ctx, opCallbacksPage, o)
	if err != nil {
		return base.Page[Callback]{Outcome: base.Failed}, err
	}
	return scan.page(ctx, o.Limit, cursor)
}

func (o CallbacksOptions) check(t Tables) error {
	all := []error{
		t.checkWindow(o.Window), checkNumber("tracking_id", o.TrackingID), checkText("load_number", o.LoadNumber),
		checkText("company_id", o.CompanyID), checkText("message_type", o.MessageType),
	}
	switch o.Delivery {
	case AnyDelivery, Delivered, NotDelivered:
	default:
		all = append(all, fmt.Errorf("delivery: %.40q is neither delivered nor not_delivered", o.Delivery))
	}
	return errors.Join(all...)
}

type callbackRow struct {
	Time        any     `db:"x_time"`
	ID          string  `db:"x_id"`
	TrackingID  *string `db:"x_tracking"`
	LoadNumber  *string `db:"x_load"`
	CompanyID   *string `db:"x_company"`
	ConfigID    *string `db:"x_config"`
	MessageType *string `db:"x_type"`
	URL         *string `db:"x_url"`
	Status      *string `db:"x_status"`
	Error       *string `db:"x_error"`
	Date        *string `db:"x_date"`
}

func (c *Client) callbackScan(ctx context.Context, op *base.Op, o CallbacksOptions) (*scan[callbackRow, Callback], error) {
	if err := o.check(c.tables); err != nil {
		return nil, c.invalid(op, err)
	}
	table := c.tableName(c.tables.Callbacks)
	known, err := c.layout(ctx, op, table)
	if err != nil {
		return nil, err
	}
	names := c.tables.CallbackColumns
	at, err := known.timeOf(names.Time, time.Millisecond)
	if err == nil {
		err = o.supported(names, known)
	}
	if err != nil {
		return nil, c.invalid(op, fmt.Errorf("tables.callback_columns: %s: %w", table, err))
	}
	bound := o
	bound.Limit, bound.Window = 0, utc(o.Window)
	return &scan[callbackRow, Callback]{
		client: c, op: op, window: o.Window, left: o.Window, newest: !o.OldestFirst, kind: cursorCallbacks, binding: cursor.Binding(bound),
		ask: func(w base.Window, after *position, limit int) Query {
			return c.callbackQuery(table, known, at, o, w, after, limit)
		},
		item: func(r callbackRow) (Callback, position, error) { return r.callback(at) },
	}, nil
}

// supported reports a condition over a column that the table lacks.
func (o CallbacksOptions) supported(names CallbackColumns, known columns) error {
	for _, f := range []struct {
		column string
		used   bool
	}{
		{names.ID, true},
		{names.TrackingID, o.TrackingID != ""},
		{names.LoadNumber, o.LoadNumber != ""},
		{names.CompanyID, o.CompanyID != ""},
		{names.MessageType, o.MessageType != ""},
		{names.Status, o.Delivery != AnyDelivery},
	} {
		if f.used && !known.has(f.column) {
			return fmt.Errorf("the table has no column %s", f.column)
		}
	}
	return nil
}

func (c *Client) callbackQuery(table tableName, known columns, at timeColumn, o CallbacksOptions, w base.Window, after *position, limit int) Query {
	names := c.tables.CallbackColumns
	id := "COALESCE(" + known.text(names.ID) + ", '')"
	var s statement
	s.within(c.tables.Partition, at, w)
	for _, f := range []struct{ column, value string }{
		{names.TrackingID, o.TrackingID}, {names.LoadNumber, o.LoadNumber}, {names.CompanyID, o.CompanyID}, {names.MessageType, o.MessageType},
	} {
		if f.value != "" {
			s.and(known.text(f.column)+" = ?", f.value)
		}
	}
	delivered := "COALESCE(TRY_CAST(" + quote(names.Status) + " AS integer), 0)"
	switch o.Delivery {
	case Delivered:
		s.and(delivered + " BETWEEN 200 AND 299")
	case NotDelivered:
		s.and(delivered + " NOT BETWEEN 200 AND 299")
	}
	if after != nil {
		s.beyond(at, id, *after, !o.OldestFirst)
	}
	items := []string{
		at.expression + " AS x_time", id + " AS x_id", known.projected(names.TrackingID, "x_tracking"),
		known.projected(names.LoadNumber, "x_load"), known.projected(names.CompanyID, "x_company"),
		known.projected(names.ConfigID, "x_config"), known.projected(names.MessageType, "x_type"),
		known.projected(names.URL, "x_url"), known.projected(names.Status, "x_status"), known.projected(names.Error, "x_error"),
		known.projected(c.tables.Partition, "x_date"),
	}
	order := direction(!o.OldestFirst)
	return Query{SQL: "SELECT " + strings.Join(items, ", ") + " FROM " + table.sql() + s.where() +
		" ORDER BY " + at.expression + order + ", " + id + order + limited(limit), Args: s.args}
}

func limited(n int) string {
	if n <= 0 {
		return ""
	}
	return " LIMIT " + strconv.Itoa(n)
}

func (r callbackRow) callback(at timeColumn) (Callback, position, error) {
	t, err := at.read(r.Time)
	c := Callback{
		ID: r.ID, Time: t, TrackingID: of(r.TrackingID), LoadNumber: of(r.LoadNumber), CompanyID: of(r.CompanyID),
		ConfigID: of(r.ConfigID), MessageType: of(r.MessageType), URL: of(r.URL), Status: of(r.Status), Error: of(r.Error),
		Date: of(r.Date),
	}
	status, bad := strconv.Atoi(strings.TrimSpace(c.Status))
	c.Delivered = bad == nil && status >= 200 && status <= 299
	return c, position{Nanos: t.UnixNano(), ID: r.ID}, err
}
