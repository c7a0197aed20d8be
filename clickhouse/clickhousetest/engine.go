package clickhousetest

import (
	"context"
	"errors"

	"github.com/fourkites/sources/internal/minisql"
)

// engine evaluates SQL over tables in memory.
type engine struct{ db *minisql.DB }

func newEngine() engine { return engine{minisql.New()} }

func (e engine) put(t Table) {
	columns := make([]minisql.Column, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = minisql.Column{Name: c.Name, Type: c.Type}
	}
	e.db.Put(minisql.Table{Name: t.Name, Columns: columns, Rows: t.Rows})
}

func (e engine) append(name string, rows [][]any) error { return e.db.Append(name, rows...) }

func (e engine) rows(name string) [][]any {
	t, _ := e.db.Table(name)
	return t.Rows
}

// computed is the result of a query.
type computed struct {
	columns  []Column
	rows     [][]any
	readRows uint64
}

func (e engine) query(ctx context.Context, sql string, params map[string]string) (computed, error) {
	r, err := e.db.Query(ctx, sql, params)
	if err != nil {
		return computed{}, err
	}
	columns := make([]Column, len(r.Columns))
	for i, c := range r.Columns {
		columns[i] = Column{c.Name, c.Type}
	}
	return computed{columns, r.Rows, r.ReadRows}, nil
}

// engineException is the exception for an error of the evaluation.
func engineException(err error) *Exception {
	if e, ok := errors.AsType[*minisql.Error](err); ok {
		return &Exception{Code: e.Code, Message: e.Message}
	}
	return exceptionf(codeStandard, "std::exception: %v", err)
}
