package trino

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

// QueryStatus is what the server knows of a query, running or ended not long ago.
type QueryStatus struct {
	ID        string        `json:"id"`
	State     string        `json:"state"` // QUEUED, PLANNING, RUNNING, FINISHED, FAILED, …
	User      string        `json:"user,omitempty"`
	Source    string        `json:"source,omitempty"`
	SQL       string        `json:"sql,omitempty"`
	Created   time.Time     `json:"created,omitzero"`
	Started   time.Time     `json:"started,omitzero"`
	Ended     time.Time     `json:"ended,omitzero"`
	Queued    time.Duration `json:"queued_ns,omitempty"`
	Planning  time.Duration `json:"planning_ns,omitempty"`
	ErrorType string        `json:"error_type,omitempty"`
	ErrorCode string        `json:"error_code,omitempty"` // such as USER_CANCELED
}

var (
	opStatus = method("QueryStatus")
	opCancel = &base.Op{Name: "Cancel", System: base.SystemDB, Safety: base.Idempotent, Timeout: 30 * time.Second, AttemptTimeout: -1}
)

// queryID is the form of an id: time, number and the server's own suffix.
var queryID = regexp.MustCompile(`^[A-Za-z0-9_]{1,100}$`)

// queryState is the form of a state, such as RUNNING.
var queryState = regexp.MustCompile(`^[A-Z_]{1,40}$`)

// idOf is the id that an answer names, if it has the form of one and is no secret of the client; else the known one.
func (c *Client) idOf(told, known string) string {
	if told == known || !queryID.MatchString(told) || c.guard.Clean(told) != told {
		return known
	}
	return told
}

func stateOf(told string) string {
	if !queryState.MatchString(told) {
		return ""
	}
	return told
}

type statusRow struct {
	ID        string     `db:"query_id"`
	State     string     `db:"state"`
	User      *string    `db:"user"`
	Source    *string    `db:"source"`
	SQL       *string    `db:"query"`
	Queued    *int64     `db:"queued_time_ms"`
	Planning  *int64     `db:"planning_time_ms"`
	Created   *time.Time `db:"created"`
	Started   *time.Time `db:"started"`
	Ended     *time.Time `db:"end"`
	ErrorType *string    `db:"error_type"`
	ErrorCode *string    `db:"error_code"`
}

// QueryStatus looks a query up by its id, as Stats and errors carry it. One that the server does not know (any more), or
// that the account may not see, is base.ErrNotFound.
func (c *Client) QueryStatus(ctx context.Context, id string) (QueryStatus, error) {
	if !queryID.MatchString(id) {
		return QueryStatus{}, c.invalid(opStatus, errors.New("query_id: not the id of a query, such as 20250102_030405_00001_abcde"))
	}
	found, err := read[statusRow](ctx, c, opStatus, Query{
		SQL: `SELECT query_id, state, "user", source, query, queued_time_ms, planning_time_ms, created, started, "end", ` +
			`error_type, error_code FROM system.runtime.queries WHERE query_id = ?`,
		Args: []any{id},
	})
	if err != nil {
		return QueryStatus{}, err
	}
	if len(found) == 0 {
		e := base.NewError(base.KindNotFound, nil).WithText("the server knows no query of that id")
		e.Source, e.Op, e.Sent, e.QueryID = c.Name(), opStatus.Name, base.Answered, id
		e.SetHint(base.HintOf("it keeps ended queries for some minutes only, and shows an account its own"))
		return QueryStatus{}, e
	}
	return found[0].status(), nil
}

func (r statusRow) status() QueryStatus {
	return QueryStatus{
		ID: r.ID, State: r.State, User: of(r.User), Source: of(r.Source), SQL: of(r.SQL), Created: of(r.Created),
		Started: of(r.Started), Ended: of(r.Ended), Queued: millis(of(r.Queued)), Planning: millis(of(r.Planning)),
		ErrorType: of(r.ErrorType), ErrorCode: of(r.ErrorCode),
	}
}

// of is what a pointer points at, else the zero value.
func of[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}

// Cancel has the server end a query by its id, and reports whether the server knew it: one that ended long ago, or never
// was, is false without an error. Of one that ended a short while ago it is true. The account needs the right to end
// queries of others.
func (c *Client) Cancel(ctx context.Context, id string) (known bool, err error) {
	if !queryID.MatchString(id) {
		return false, c.invalid(opCancel, errors.New("query_id: not the id of a query, such as 20250102_030405_00001_abcde"))
	}
	return base.Do(ctx, c.guard, opCancel, func(ctx context.Context) (bool, error) {
		_, err := c.once(ctx, rest.Request{Op: opCancel, Method: http.MethodDelete, Path: "/v1/query/" + url.PathEscape(id)})
		if hasCode(err, gone) {
			return false, nil
		}
		return err == nil, withQuery(err, id)
	})
}
