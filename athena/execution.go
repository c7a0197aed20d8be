package athena

import (
	"context"
	"errors"
	"math"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/fourkites/sources/base"
)

// Execution is what the service knows of a query, running or ended within the last 45 days.
type Execution struct {
	ID        string `json:"id"`
	State     string `json:"state"`                // QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED
	Reason    string `json:"reason,omitempty"`     // of the state
	ErrorCode string `json:"error_code,omitempty"` // of a failure, such as TABLE_NOT_FOUND

	SQL            string `json:"sql,omitempty"`
	Statement      string `json:"statement,omitempty"` // DML, DDL or UTILITY
	Workgroup      string `json:"workgroup,omitempty"`
	Catalog        string `json:"catalog,omitempty"`
	Database       string `json:"database,omitempty"`
	OutputLocation string `json:"output_location,omitempty"` // of the file of the results; empty = managed by the service

	Submitted time.Time     `json:"submitted,omitzero"`
	Ended     time.Time     `json:"ended,omitzero"`
	Queued    time.Duration `json:"queued_ns,omitempty"`
	Planning  time.Duration `json:"planning_ns,omitempty"`
	Engine    time.Duration `json:"engine_ns,omitempty"`
	Total     time.Duration `json:"total_ns,omitempty"`

	BytesScanned int64   `json:"bytes_scanned,omitempty"`
	Cost         float64 `json:"cost_usd,omitempty"` // by Config.ScanPrice
	Reused       bool    `json:"reused,omitempty"`   // the answer is that of an earlier query

	failure *ServerError // nil unless it failed or was stopped
}

// The states of a query.
const (
	stateSucceeded = "SUCCEEDED"
	stateFailed    = "FAILED"
	stateCancelled = "CANCELLED"
)

// Done reports whether the query has ended, one way or another.
func (e Execution) Done() bool {
	return e.State == stateSucceeded || e.State == stateFailed || e.State == stateCancelled
}

// Err is why the query has no results: nil while it runs and when it succeeded. errors.As finds a *[ServerError].
func (e Execution) Err() error {
	if e.failure == nil {
		return nil
	}
	return e.failure
}

var (
	opExecution = method("Execution")
	opStop      = &base.Op{Name: "StopQuery", System: base.SystemDB, Safety: base.Idempotent, Timeout: 30 * time.Second, AttemptTimeout: -1}
)

// queryID is the form of an id, a UUID.
var queryID = regexp.MustCompile(`^[A-Za-z0-9-]{1,128}$`)

func (c *Client) checkID(op *base.Op, id string) error {
	if queryID.MatchString(id) {
		return nil
	}
	return c.invalid(op, errors.New("query_id: not the id of a query, such as 01234567-89ab-cdef-0123-456789abcdef"))
}

// Execution asks for a query by its id, also one that another process started. An unknown id is base.ErrNotFound. That a
// query failed is no error of this call: see [Execution.Err].
func (c *Client) Execution(ctx context.Context, id string) (Execution, error) {
	if err := c.checkID(opExecution, id); err != nil {
		return Execution{}, err
	}
	return base.Do(ctx, c.guard, opExecution, func(ctx context.Context) (Execution, error) {
		e, err := c.execution(ctx, id)
		return e, withQuery(err, id)
	})
}

// StopQuery has the service stop a query by its id; one that has ended stays as it is. An unknown id is base.ErrNotFound.
func (c *Client) StopQuery(ctx context.Context, id string) error {
	if err := c.checkID(opStop, id); err != nil {
		return err
	}
	_, err := base.Do(ctx, c.guard, opStop, func(ctx context.Context) (struct{}, error) {
		_, err := request(ctx, c, stopping(id))
		return struct{}{}, withQuery(unknownID(err), id)
	})
	return err
}

func stopping(id string) func(context.Context, *service) (*athena.StopQueryExecutionOutput, error) {
	return func(ctx context.Context, s *service) (*athena.StopQueryExecutionOutput, error) {
		return s.queries.StopQueryExecution(ctx, &athena.StopQueryExecutionInput{QueryExecutionId: &id})
	}
}

// execution makes the request.
func (c *Client) execution(ctx context.Context, id string) (Execution, error) {
	out, err := request(ctx, c, func(ctx context.Context, s *service) (*athena.GetQueryExecutionOutput, error) {
		return s.queries.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: &id})
	})
	if err != nil {
		return Execution{}, unknownID(err)
	}
	if out.QueryExecution == nil || out.QueryExecution.Status == nil || aws.ToString(out.QueryExecution.QueryExecutionId) != id {
		return Execution{}, malformed("an execution without its id or its state")
	}
	return c.executionOf(out.QueryExecution), nil
}

// notFound is the phrase by which the service tells an unknown id: its code is that of every bad request.
const notFound = " was not found"

// unknownID gives an unknown id the Kind of a thing that is not there.
func unknownID(err error) error {
	e, ok := errors.AsType[*ServerError](err)
	if !ok || e.Code != "InvalidRequestException" || !endsWith(e.Message, notFound) {
		return err
	}
	typed := base.NewError(base.KindNotFound, err).WithText(e.Error())
	typed.Sent, typed.Code = base.Answered, e.Code
	typed.SetHint(base.HintOf("the service knows no query of that id in this region; it keeps them for 45 days"))
	return typed
}

func endsWith(text, end string) bool {
	return len(text) >= len(end) && text[len(text)-len(end):] == end
}

func (c *Client) executionOf(q *types.QueryExecution) Execution {
	e := Execution{
		ID: aws.ToString(q.QueryExecutionId), State: string(q.Status.State), Reason: c.guard.Clean(aws.ToString(q.Status.StateChangeReason)),
		SQL: aws.ToString(q.Query), Statement: string(q.StatementType), Workgroup: aws.ToString(q.WorkGroup),
		Submitted: aws.ToTime(q.Status.SubmissionDateTime), Ended: aws.ToTime(q.Status.CompletionDateTime),
	}
	if in := q.QueryExecutionContext; in != nil {
		e.Catalog, e.Database = aws.ToString(in.Catalog), aws.ToString(in.Database)
	}
	managed := q.ManagedQueryResultsConfiguration != nil && q.ManagedQueryResultsConfiguration.Enabled
	if q.ResultConfiguration != nil && !managed {
		e.OutputLocation = aws.ToString(q.ResultConfiguration.OutputLocation)
	}
	if s := q.Statistics; s != nil {
		e.Queued, e.Planning = millis(s.QueryQueueTimeInMillis), millis(s.QueryPlanningTimeInMillis)
		e.Engine, e.Total = millis(s.EngineExecutionTimeInMillis), millis(s.TotalExecutionTimeInMillis)
		e.BytesScanned = max(0, aws.ToInt64(s.DataScannedInBytes))
		e.Reused = s.ResultReuseInformation != nil && s.ResultReuseInformation.ReusedPreviousResult
	}
	e.Cost = c.cost(e)
	e.failure = failureOf(e, q.Status.AthenaError)
	if e.failure != nil {
		e.ErrorCode = e.failure.Code
	}
	return e
}

func millis(n *int64) time.Duration { return time.Duration(max(0, aws.ToInt64(n))) * time.Millisecond }

// failureOf is why a query ended without results.
func failureOf(e Execution, told *types.AthenaError) *ServerError {
	if e.State != stateFailed && e.State != stateCancelled {
		return nil
	}
	f := &ServerError{Code: e.State, Message: e.Reason, Type: -1}
	if name := named.FindStringSubmatch(e.Reason); name != nil && e.State == stateFailed {
		f.Code, f.Message = name[1], e.Reason[len(name[0]):]
	}
	if told != nil {
		f.Category, f.Retryable = int(aws.ToInt32(told.ErrorCategory)), told.Retryable
		if told.ErrorType != nil {
			f.Type = int(*told.ErrorType)
		}
	}
	return f
}

const (
	leastCharged = 10_000_000 // bytes that a query which reads is charged for at least
	perPrice     = 1e12       // bytes
)

// cost is what the service charges for a query, in US dollars.
func (c *Client) cost(e Execution) float64 {
	if c.config.ScanPrice < 0 || e.BytesScanned == 0 || e.Reused {
		return 0
	}
	return math.Max(float64(e.BytesScanned), leastCharged) / perPrice * c.config.ScanPrice
}
