package redshift

import (
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What is checked here is that an answer is what was asked for and whole: the driver takes more for one.

// checkFields refuses values in a form that was not asked for.
func checkFields(fields []pgconn.FieldDescription) error {
	for i, f := range fields {
		if f.Format != pgx.TextFormatCode {
			return malformed("column %d of the answer is in format %d, and text was asked for", i+1, f.Format)
		}
	}
	return nil
}

// checkEnd refuses an answer without columns, which no statement that reads has, and one whose server counted other rows
// than those that came. Redshift's servers do not all count.
func checkEnd(answer pgx.Rows, rows int64) error {
	if answer.FieldDescriptions() == nil {
		return malformed("the answer has no columns")
	}
	if count, ok := strings.CutPrefix(answer.CommandTag().String(), "SELECT "); ok {
		if n, err := strconv.ParseInt(count, 10, 64); err != nil || n != rows {
			return malformed("the server counted %.20s rows, and %d came", count, rows)
		}
	}
	return nil
}
