// Package archive is what the tools and the remote clients of the sources of history share: their questions in the terms of
// a client and back, and the check of limits.
package archive

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/history"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/internal/logquery"
	"github.com/fourkites/sources/internal/output"
	"github.com/fourkites/sources/internal/partition"
)

// LogsQuery is the question in the terms of a client. Only a severity can be wrong; the error names the field.
func LogsQuery(in history.LogsInput) (logs.Query, error) { return logquery.Form(in).Query() }

// LogsInput is the question for a tool.
func LogsInput(q logs.Query, cursor string) history.LogsInput {
	q.Limit = output.PageSize(q.Limit)
	return history.LogsInput(logquery.FormOf(q, cursor))
}

// CallbacksOptions is the question in the terms of a client.
func CallbacksOptions(in history.CallbacksInput) history.CallbacksOptions {
	return history.CallbacksOptions{
		Window: in.Window, TrackingID: in.TrackingID, LoadNumber: in.LoadNumber, CompanyID: in.CompanyID,
		MessageType: in.MessageType, Delivery: in.Delivery, OldestFirst: in.OldestFirst, Limit: in.Limit,
	}
}

// CallbacksInput is the question for a tool.
func CallbacksInput(o history.CallbacksOptions, cursor string) history.CallbacksInput {
	return history.CallbacksInput{
		Window: o.Window, TrackingID: o.TrackingID, LoadNumber: o.LoadNumber, CompanyID: o.CompanyID, MessageType: o.MessageType,
		Delivery: o.Delivery, OldestFirst: o.OldestFirst, Limit: output.PageSize(o.Limit), Cursor: cursor,
	}
}

// FilesOptions is the question in the terms of a client.
func FilesOptions(in history.FilesInput) history.FilesOptions {
	return history.FilesOptions{TrackingID: in.TrackingID, Window: in.Window, OldestFirst: in.OldestFirst, Limit: output.PageSize(in.Limit)}
}

// FilesInput is the question for a tool, which gives its list at once.
func FilesInput(o history.FilesOptions) history.FilesInput {
	in := history.FilesInput(o)
	if in.Limit <= 0 || in.Limit > partition.MaxChunk {
		in.Limit = partition.MaxChunk
	}
	return in
}

// Files is the question of query_load_files of a source.
func Files(source string, in history.RangeInput) (history.FilesInput, error) {
	w, err := partition.DateRange(in.DateRange, time.Now())
	if err != nil {
		return history.FilesInput{}, invalid(source, "query_load_files", err)
	}
	return history.FilesInput{TrackingID: in.TrackingID, Window: w}, nil
}

// Callbacks is the question of query_callbacks of a source.
func Callbacks(source string, in history.RangeInput) (history.CallbacksInput, error) {
	w, err := partition.DateRange(in.DateRange, time.Now())
	if err == nil && in.TrackingID == "" {
		err = errors.New("tracking_id: is empty")
	}
	if err != nil {
		return history.CallbacksInput{}, invalid(source, "query_callbacks", err)
	}
	return history.CallbacksInput{TrackingID: in.TrackingID, Window: w}, nil
}

// Logs is the question of query_logs of a source.
func Logs(source string, in history.LogsAliasInput) (history.LogsInput, error) {
	w, err := partition.DateRange(in.DateRange, time.Now())
	if err != nil {
		return history.LogsInput{}, invalid(source, "query_logs", err)
	}
	out := history.LogsInput{Window: w, MinSeverity: in.Severity}
	if in.Service != "" {
		out.Services = []string{in.Service}
	}
	return out, nil
}

func invalid(source, name string, err error) error {
	return base.Invalid(source, name, "%s", err.Error())
}

// CheckLimit refuses a limit that a tool would have to change: its caller would take the page for all that it asked for.
func CheckLimit(limit int) error {
	if limit < 0 || limit > output.MaxItems {
		return fmt.Errorf("limit: %d is not between 1 and %d; leave it out for %d", limit, output.MaxItems, output.DefaultItems)
	}
	return nil
}

// Listed makes a page of a method that yields files; refuse types what is wrong with the limit.
func Listed[T any](refuse func(error) error, list func(context.Context, history.FilesOptions) iter.Seq2[T, error]) func(context.Context, history.FilesInput) (base.Page[T], error) {
	paged := output.PagedMore(func(ctx context.Context, in history.FilesInput) ([]T, error) {
		return base.Collect(list(ctx, FilesOptions(in)))
	})
	return func(ctx context.Context, in history.FilesInput) (base.Page[T], error) {
		if err := CheckLimit(in.Limit); err != nil {
			return base.Page[T]{}, refuse(err)
		}
		return paged(ctx, in)
	}
}

// Given yields a list that a tool of a source gives at once.
func Given[T any](source string, call func() (base.Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		page, err := call()
		found, err := output.Items(source, page, err)
		for _, item := range found {
			if !yield(item, nil) {
				return
			}
		}
		if err != nil {
			var zero T
			yield(zero, err)
		}
	}
}
