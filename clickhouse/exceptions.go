package clickhouse

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/fourkites/sources/base"
)

var (
	opExceptions     = &base.Op{Name: "Exceptions", System: base.SystemDB}
	opExceptionsPage = &base.Op{Name: "ExceptionsPage", System: base.SystemDB}
)

// Exception is one exception that a span recorded.
type Exception struct {
	Time       time.Time         `json:"time"`
	ID         string            `json:"id"`
	GroupID    string            `json:"group_id"` // the same for exceptions that are alike
	Service    string            `json:"service"`
	Type       string            `json:"type"`
	Message    string            `json:"message"`
	Stacktrace string            `json:"stacktrace,omitempty"`
	Escaped    bool              `json:"escaped,omitempty"` // it left the span
	TraceID    string            `json:"trace_id"`
	SpanID     string            `json:"span_id"`
	Resources  map[string]string `json:"resources,omitempty"`
}

// ExceptionsOptions says which exceptions are wanted. Every condition that is set must hold. Window is required.
type ExceptionsOptions struct {
	Window  base.Window `json:"window"`
	Service string      `json:"service,omitempty"`
	Type    string      `json:"type,omitempty"`
	GroupID string      `json:"group_id,omitempty"`
	TraceID string      `json:"trace_id,omitempty"`
	Limit   int         `json:"limit,omitempty"` // 0 = the client's default, negative = all
}

func (o ExceptionsOptions) check() (_ ExceptionsOptions, err error) {
	if o.TraceID != "" {
		if o.TraceID, err = checkHex("trace_id", o.TraceID, 32); err != nil {
			return o, err
		}
	}
	for field, value := range map[string]string{"service": o.Service, "type": o.Type} {
		if value != "" {
			err = errors.Join(err, checkLabel(field, value))
		}
	}
	return o, errors.Join(err, checkID("group_id", o.GroupID))
}

// Exceptions yields the exceptions that match, newest first, page by page; nothing is held while the loop body runs.
// It ends as [Client.Logs] does.
func (c *Client) Exceptions(ctx context.Context, o ExceptionsOptions) iter.Seq2[Exception, error] {
	return func(yield func(Exception, error) bool) {
		limit, seen, cursor := c.rowLimit(o.Limit), 0, ""
		for {
			if o.Limit = 1000; limit >= 0 {
				o.Limit = min(o.Limit, limit-seen)
			}
			found, more, next, err := c.exceptions(ctx, opExceptions, o, cursor)
			for _, e := range found {
				if seen++; !yield(e, nil) {
					return
				}
			}
			cursor = next
			if err == nil && more && (limit < 0 || seen < limit) {
				continue
			}
			if err = incomplete(c.Name(), opExceptions.Name, seen, more, err, func() string { return cursor }); err != nil {
				yield(Exception{}, err)
			}
			return
		}
	}
}

// ExceptionsPage is one page of the exceptions that match, as [Client.LogsPage] is of records.
func (c *Client) ExceptionsPage(ctx context.Context, o ExceptionsOptions, cursor string) (base.Page[Exception], error) {
	var stats base.Stats
	ctx = base.WithStats(ctx, &stats)
	o.Limit = c.pageLimit(o.Limit)
	found, more, next, err := c.exceptions(ctx, opExceptionsPage, o, cursor)
	if err != nil {
		return base.Page[Exception]{Outcome: base.Failed, Stats: stats}, err
	}
	return page(found, more, nil, next, &stats)
}

// exceptionRow is an exception as the server sends it.
type exceptionRow struct {
	Nanos      int64             `db:"x_time"`
	ID         string            `db:"x_id"`
	GroupID    string            `db:"x_group"`
	TraceID    string            `db:"x_trace"`
	SpanID     string            `db:"x_span"`
	Service    string            `db:"x_service"`
	Type       string            `db:"x_type"`
	Message    string            `db:"x_message"`
	Stacktrace string            `db:"x_stack"`
	Escaped    bool              `db:"x_escaped"`
	Resources  map[string]string `db:"x_resources"`
}

const exceptionProjection = "toUnixTimestamp64Nano(timestamp) AS x_time, toString(errorID) AS x_id, toString(groupID) AS x_group, " +
	"toString(traceID) AS x_trace, spanID AS x_span, toString(serviceName) AS x_service, toString(exceptionType) AS x_type, " +
	"exceptionMessage AS x_message, exceptionStacktrace AS x_stack, exceptionEscaped AS x_escaped, resourceTagsMap AS x_resources"

func (r exceptionRow) exception() Exception {
	return Exception{
		Time: time.Unix(0, r.Nanos).UTC(), ID: trimZero(r.ID), GroupID: trimZero(r.GroupID), Service: r.Service,
		Type: r.Type, Message: r.Message, Stacktrace: r.Stacktrace, Escaped: r.Escaped,
		TraceID: trimZero(r.TraceID), SpanID: trimZero(r.SpanID), Resources: r.Resources,
	}
}

func (c *Client) exceptions(
	ctx context.Context, op *base.Op, o ExceptionsOptions, cursor string,
) (found []Exception, more bool, next string, err error) {
	bound := exceptionBinding(o)
	o, err = o.check()
	if err == nil {
		err = c.checkWindow(o.Window)
	}
	var after *position
	if err == nil {
		after, err = resume(cursorExceptions, bound, cursor)
	}
	if err != nil {
		return nil, false, "", c.invalid(op, err)
	}
	got, cut, err := readList[exceptionRow](ctx, c, op, exceptionsSQL(c.tables, o, after))
	if err != nil {
		return nil, false, cursor, err
	}
	more = cut || len(got) > o.Limit
	for _, row := range got[:min(o.Limit, len(got))] {
		found = append(found, row.exception())
		after = &position{Nanos: row.Nanos, ID: row.ID}
	}
	base.AddStats(ctx, base.Stats{Asked: o.Window, Covered: o.Window})
	return found, more, cursorExceptions.EncodePosition(bound, after), nil
}

func exceptionsSQL(t Tables, o ExceptionsOptions, after *position) Query {
	s := newStatement()
	in := signalTables{time: "timestamp", bucket: absent, idName: "errorID"}
	in.bound(s, o.Window)
	if after != nil {
		in.beyond(s, *after, true)
	}
	for _, condition := range []struct{ column, value string }{
		{"serviceName", o.Service}, {"exceptionType", o.Type}, {"groupID", o.GroupID}, {"traceID", o.TraceID},
	} {
		if condition.value != "" {
			s.and("%s = %s", condition.column, s.text(condition.value))
		}
	}
	return Query{
		SQL: "SELECT " + exceptionProjection + "\nFROM " + quoteTable(t.Exceptions) + s.clause() +
			in.ordered(true, s.bind("UInt64", uint64(o.Limit+1))),
		Args: s.args,
	}
}
