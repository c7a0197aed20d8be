package partition

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/history"
	"github.com/fourkites/sources/internal/cursor"
	"github.com/fourkites/sources/internal/sqlguard"
)

// Callbacks yields the callbacks that match, in the order of time, up to the limit of the options.
func (e *Engine) Callbacks(ctx context.Context, op *base.Op, o history.CallbacksOptions) iter.Seq2[history.Callback, error] {
	return func(yield func(history.Callback, error) bool) {
		scan, err := e.callbackScan(ctx, op, o)
		if err != nil {
			yield(history.Callback{}, err)
			return
		}
		scan.each(ctx, e.limit(o.Limit), yield)
	}
}

// CallbacksPage is one page of the callbacks that match; cursor is empty for the first.
func (e *Engine) CallbacksPage(ctx context.Context, op *base.Op, o history.CallbacksOptions, cursor string) (base.Page[history.Callback], error) {
	scan, err := e.callbackScan(ctx, op, o)
	if err != nil {
		return base.Page[history.Callback]{Outcome: base.Failed}, err
	}
	return scan.page(ctx, o.Limit, cursor)
}

func checkCallbacks(o history.CallbacksOptions, t history.Tables) error {
	all := []error{
		t.CheckWindow(o.Window), checkNumber("tracking_id", o.TrackingID), checkText("load_number", o.LoadNumber),
		checkText("company_id", o.CompanyID), checkText("message_type", o.MessageType),
	}
	switch o.Delivery {
	case history.AnyDelivery, history.Delivered, history.NotDelivered:
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

func (e *Engine) callbackScan(ctx context.Context, op *base.Op, o history.CallbacksOptions) (*scan[callbackRow, history.Callback], error) {
	if err := checkCallbacks(o, e.Guard.Tables); err != nil {
		return nil, e.Guard.Invalid(op, err)
	}
	table := e.Guard.Table(e.Guard.Tables.Callbacks)
	known, err := e.layout(ctx, op, table)
	if err != nil {
		return nil, err
	}
	names := e.Guard.Tables.CallbackColumns
	at, err := known.timeOf(names.Time, time.Millisecond)
	if err == nil {
		err = supported(o, names, known)
	}
	if err != nil {
		return nil, e.Guard.Invalid(op, fmt.Errorf("tables.callback_columns: %s: %w", table, err))
	}
	bound := o
	bound.Limit, bound.Window = 0, utc(o.Window)
	return &scan[callbackRow, history.Callback]{
		engine: e, op: op, window: o.Window, left: o.Window, newest: !o.OldestFirst, kind: cursorCallbacks, binding: cursor.Binding(bound),
		ask: func(w base.Window, after *position, limit int) question {
			return e.callbackQuery(table, known, at, o, w, after, limit)
		},
		item: func(r callbackRow) (history.Callback, position, error) { return r.callback(at) },
	}, nil
}

// supported reports a condition over a column that the table lacks.
func supported(o history.CallbacksOptions, names history.CallbackColumns, known columns) error {
	for _, f := range []struct {
		column string
		used   bool
	}{
		{names.ID, true},
		{names.TrackingID, o.TrackingID != ""},
		{names.LoadNumber, o.LoadNumber != ""},
		{names.CompanyID, o.CompanyID != ""},
		{names.MessageType, o.MessageType != ""},
		{names.Status, o.Delivery != history.AnyDelivery},
	} {
		if f.used && !known.has(f.column) {
			return fmt.Errorf("the table has no column %s", f.column)
		}
	}
	return nil
}

func (e *Engine) callbackQuery(table sqlguard.Table, known columns, at timeColumn, o history.CallbacksOptions, w base.Window, after *position, limit int) question {
	names := e.Guard.Tables.CallbackColumns
	id := "COALESCE(" + known.text(names.ID) + ", '')"
	var s statement
	s.within(e.Guard.Tables.Partition, at, w)
	for _, f := range []struct{ column, value string }{
		{names.TrackingID, o.TrackingID}, {names.LoadNumber, o.LoadNumber}, {names.CompanyID, o.CompanyID}, {names.MessageType, o.MessageType},
	} {
		if f.value != "" {
			s.and(known.text(f.column)+" = ?", f.value)
		}
	}
	delivered := "COALESCE(TRY_CAST(" + sqlguard.Quote(names.Status) + " AS integer), 0)"
	switch o.Delivery {
	case history.Delivered:
		s.and(delivered + " BETWEEN 200 AND 299")
	case history.NotDelivered:
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
		known.projected(e.Guard.Tables.Partition, "x_date"),
	}
	order := direction(!o.OldestFirst)
	return question{sql: "SELECT " + strings.Join(items, ", ") + " FROM " + table.SQL() + s.where() +
		" ORDER BY " + at.expression + order + ", " + id + order + limited(limit), args: s.args}
}

func limited(n int) string {
	if n <= 0 {
		return ""
	}
	return " LIMIT " + strconv.Itoa(n)
}

func (r callbackRow) callback(at timeColumn) (history.Callback, position, error) {
	t, err := at.read(r.Time)
	c := history.Callback{
		ID: r.ID, Time: t, TrackingID: of(r.TrackingID), LoadNumber: of(r.LoadNumber), CompanyID: of(r.CompanyID),
		ConfigID: of(r.ConfigID), MessageType: of(r.MessageType), URL: of(r.URL), Status: of(r.Status), Error: of(r.Error),
		Date: of(r.Date),
	}
	status, bad := strconv.Atoi(strings.TrimSpace(c.Status))
	c.Delivered = bad == nil && status >= 200 && status <= 299
	return c, position{Nanos: t.UnixNano(), ID: r.ID}, err
}
