package redshift

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

var (
	opRunningQueries = &base.Op{Name: "RunningQueries", System: base.SystemDB}
	opCancel         = &base.Op{Name: "Cancel", System: base.SystemDB, Safety: base.Unsafe}
)

// RunningQuery is a statement that the server works on, or that waits for it.
type RunningQuery struct {
	PID      int64     `json:"pid" db:"session_id"` // of the session, by which Cancel names it
	QueryID  string    `json:"query_id,omitempty" db:"query_id"`
	User     string    `json:"user,omitempty" db:"username"` // name, or Redshift's number of the user
	Database string    `json:"database,omitempty" db:"database_name"`
	Status   string    `json:"status,omitempty" db:"status"` // running, queued, planning, returning; as the server says
	Since    time.Time `json:"since,omitzero" db:"start_time"`
	SQL      string    `json:"sql,omitempty" db:"query_text"` // the first 4,000 characters
}

const maxRunning = 1000

// What runs is told by SYS_QUERY_HISTORY of Redshift (provisioned and serverless), else by pg_stat_activity.
const (
	runningRedshift = "SELECT session_id, query_id, user_id AS username, database_name, status, start_time, query_text FROM sys_query_history " +
		"WHERE status IN ('planning', 'queued', 'running', 'returning') ORDER BY start_time, session_id LIMIT 1000"
	runningStandard = "SELECT pid AS session_id, '' AS query_id, usename AS username, datname AS database_name, state AS status, " +
		"query_start AS start_time, query AS query_text FROM pg_stat_activity WHERE state <> 'idle' AND pid <> pg_backend_pid() " +
		"AND query IS NOT NULL ORDER BY query_start, pid LIMIT 1000"
)

var runningLayout = &layout{fields: map[string]field{
	"session_id": {name: "session_id", kind: kindInt64}, "query_id": {name: "query_id"}, "username": {name: "username"},
	"database_name": {name: "database_name"}, "status": {name: "status"}, "start_time": {name: "start_time", kind: kindTime},
	"query_text": {name: "query_text"},
}}

// RunningQueries lists what the server works on, the oldest first: an account that is no superuser sees its own
// statements only. At most 1,000 are handed out; when there may be more, an *[base.IncompleteError] comes with them.
func (c *Client) RunningQueries(ctx context.Context) ([]RunningQuery, error) {
	for _, sql := range []string{runningRedshift, runningStandard} {
		standard := sql == runningStandard
		if !standard && c.standard.Load() {
			continue
		}
		answer, err := c.query(ctx, opRunningQueries, Query{SQL: comment(opRunningQueries) + sql, MaxRows: -1, MaxBytes: -1}, runningLayout)
		if !standard && errors.Is(err, base.ErrNotFound) {
			c.standard.Store(true)
			continue
		}
		if err != nil {
			return nil, err
		}
		all, err := rows.Collect(answer, rows.ToStruct[RunningQuery])
		if err == nil {
			err = incomplete(c.Name(), opRunningQueries.Name, len(all), len(all) >= maxRunning)
		}
		if all == nil {
			all = []RunningQuery{}
		}
		return all, err
	}
	return nil, nil
}

// Cancel asks the server to stop the statement of a session, and reports whether there was something to stop. The session
// itself stays. Stopping another account's statement needs the right to it: else the error is base.ErrPermission.
func (c *Client) Cancel(ctx context.Context, pid int64) (bool, error) {
	if pid <= 0 || pid > 1<<31-1 {
		return false, c.invalid(opCancel, fmt.Errorf("pid: %d is no session; take it from the list of running queries", pid))
	}
	if works, err := c.works(ctx, pid); err != nil || !works {
		return false, err
	}
	as := &layout{fields: map[string]field{"pg_cancel_backend": {name: "pg_cancel_backend", kind: kindBool}}}
	answer, err := c.query(ctx, opCancel, Query{SQL: comment(opCancel) + "SELECT pg_cancel_backend($1)", Args: []any{pid}, MaxRows: -1, MaxBytes: -1}, as)
	if err != nil {
		return false, err
	}
	stopped := !c.standard.Load() // Redshift's function answers nothing
	for v, err := range rows.To[bool](answer) {
		if err != nil {
			return false, err
		}
		stopped = stopped || v
	}
	return stopped, nil
}

// works reports whether a session of Redshift has a statement that the account may see. PostgreSQL's function says so
// itself.
func (c *Client) works(ctx context.Context, pid int64) (bool, error) {
	if c.standard.Load() {
		return true, nil
	}
	q := Query{SQL: comment(opCancel) + worksRedshift, Args: []any{pid}, MaxRows: -1, MaxBytes: -1}
	answer, err := c.query(ctx, opCancel, q, runningLayout)
	if errors.Is(err, base.ErrNotFound) {
		c.standard.Store(true)
		return true, nil
	}
	if err != nil {
		return false, err
	}
	texts, err := rows.Collect(answer, rows.To[string])
	return len(texts) > 0, err
}
