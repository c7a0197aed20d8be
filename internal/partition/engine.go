// Package partition asks tables of history, which are partitioned by day, in Trino's SQL: every statement bounds its days, long
// windows are cut into pieces that run side by side within the permits and are joined in order, and lists go on from cursors.
package partition

import (
	"context"
	"errors"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/sqlguard"
)

// Engine is the client that puts the questions. It is safe for concurrent use; the zero value but for its fields is ready.
type Engine struct {
	Guard   *sqlguard.Guard // which names the client and the tables
	MaxRows int64           // the operator's cap
	Width   func() int      // pieces of one question that may run side by side
	// Query runs a statement of which nothing is left out. Values are text, int64, float64, bool, time.Time and Timestamp.
	Query func(ctx context.Context, op *base.Op, sql string, args []any) (*rows.Rows, error)
	// Describe is the types of a table's columns, as Trino names them, by name.
	Describe func(ctx context.Context, op *base.Op, table sqlguard.Table) (map[string]string, error)

	// TextMaps says that maps come as text which cannot be taken apart, so that they are asked for as JSON.
	TextMaps bool

	probe tableProbe
}

// errMalformed is a row that is not what the statement asked for.
var errMalformed = errors.New("the answer is not what was asked for")

// Malformed reports whether the error, which Guard.Typed gets, is that of such a row.
func Malformed(err error) bool { return errors.Is(err, errMalformed) }

// Capped is the smaller of what a caller and the operator allow, negative for no cap.
func Capped(asked, operator int64) int64 {
	if asked == 0 || operator > 0 && (asked < 0 || asked > operator) {
		return operator
	}
	return asked
}

// limit is how many items are handed out when the caller asks for so many.
func (e *Engine) limit(asked int) int { return int(Capped(int64(asked), e.MaxRows)) }
