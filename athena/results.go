package athena

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/fourkites/sources/base"
)

// source fills the table with the next rows; io.EOF at the end.
type source interface {
	fill(ctx context.Context, t *table) error
	close()
}

// maxPage is how many rows the service gives at once, the names of the columns among them.
const maxPage = 1000

// page is one page of an answer.
type page struct {
	info []types.ColumnInfo
	rows []types.Row
	next string
}

// page asks for a page of a query's answer, in one guarded call.
func (c *Client) page(ctx context.Context, op *base.Op, id, token string, most int) (page, error) {
	return base.Do(ctx, c.guard, op, func(ctx context.Context) (page, error) {
		out, err := request(ctx, c, func(ctx context.Context, s *service) (*athena.GetQueryResultsOutput, error) {
			return s.queries.GetQueryResults(ctx, &athena.GetQueryResultsInput{
				QueryExecutionId: &id, NextToken: optional(token), MaxResults: aws.Int32(int32(most)),
			})
		})
		if err == nil && (out.ResultSet == nil || out.ResultSet.ResultSetMetadata == nil) {
			err = malformed("a page of results that does not say what its columns are")
		}
		if err == nil && token != "" && aws.ToString(out.NextToken) == token {
			err = malformed("a page of results that is followed by itself")
		}
		if err != nil {
			return page{}, withQuery(unknownID(err), id)
		}
		return page{out.ResultSet.ResultSetMetadata.ColumnInfo, out.ResultSet.Rows, aws.ToString(out.NextToken)}, nil
	})
}

// withoutHeader leaves out the row of names with which the answer of a statement that selects begins.
func (p page) withoutHeader(t *table) (page, error) {
	if len(p.rows) == 0 || len(p.rows[0].Data) != len(t.columns) {
		return p, malformed("an answer that does not begin with the names of its columns")
	}
	for i, d := range p.rows[0].Data {
		if aws.ToString(d.VarCharValue) != t.columns[i].Name {
			return p, malformed("an answer that does not begin with the names of its columns")
		}
	}
	p.rows = p.rows[1:]
	return p, nil
}

// pages is an answer by the API, page by page.
type pages struct {
	client *Client
	op     *base.Op
	id     string
	page   page // the present one
	bare   int  // pages without a row that came one after the other
}

// maxBare bounds pages that bring nothing but the token of the next one, each another.
const maxBare = 100

func (p *pages) close() {}

func (p *pages) fill(ctx context.Context, t *table) error {
	t.reset()
	for len(p.page.rows) == 0 {
		if p.page.next == "" {
			return io.EOF
		}
		if p.bare++; p.bare > maxBare {
			return withQuery(malformed("%d pages of results without a row", maxBare), p.id)
		}
		var err error
		if p.page, err = p.client.page(ctx, p.op, p.id, p.page.next, maxPage); err != nil {
			return err
		}
	}
	for _, r := range p.page.rows {
		if err := addRow(t, r); err != nil {
			return withQuery(err, p.id)
		}
	}
	p.page.rows, p.bare = nil, 0
	return nil
}

// addRow puts a row of a page into the table.
func addRow(t *table, r types.Row) error {
	if len(r.Data) > len(t.cells) {
		return malformed("a row of %d values in an answer of %d columns", len(r.Data), len(t.cells))
	}
	for i := range t.cells {
		var text []byte
		if i < len(r.Data) && r.Data[i].VarCharValue != nil { // values at the end may be left out: NULL
			text = octetsOf(*r.Data[i].VarCharValue)
		}
		if err := t.add(i, text); err != nil {
			return err
		}
	}
	t.n++
	return nil
}

// file is an answer from its file in S3.
type file struct {
	object  *object
	id      string
	buffer  []byte // what was fetched and not yet taken apart
	records records
	header  bool // the names of the columns were read
	least   int  // rows that the file must have: the first page showed them
	seen    int
	ended   bool
}

const maxRecord = 64 << 20 // bytes

func (f *file) close() { f.object.close() }

func (f *file) fill(ctx context.Context, t *table) error {
	t.reset()
	for !t.full() {
		end, ok, err := f.records.next(f.buffer)
		if err != nil {
			return withQuery(err, f.id)
		}
		if !ok {
			if t.n > 0 && f.atEdge() {
				break // hand out what there is before waiting
			}
			if err := f.more(ctx); errors.Is(err, io.EOF) {
				return f.end(t)
			} else if err != nil {
				return err
			}
			continue
		}
		record := f.buffer[:end]
		f.buffer = f.buffer[end:]
		if err := f.take(record, t); err != nil {
			return withQuery(err, f.id)
		}
	}
	return nil
}

// atEdge reports whether the next part would have to be waited for.
func (f *file) atEdge() bool { return !f.ended && len(f.object.parts) == 0 }

// more appends the next part to what is left of the one before, which is less than a record.
func (f *file) more(ctx context.Context) error {
	if f.ended {
		return io.EOF
	}
	b, err := f.object.next(ctx)
	if errors.Is(err, io.EOF) {
		f.ended = true
		return io.EOF
	}
	if err != nil {
		return err
	}
	if len(f.buffer)+len(b) > maxRecord+partSize {
		return withQuery(&fileError{fmt.Sprintf("holds a row of more than %d bytes", maxRecord), tooMuch}, f.id)
	}
	if len(f.buffer) == 0 {
		f.buffer = b
		return nil
	}
	f.buffer = append(bytes.Clone(f.buffer), b...)
	return nil
}

// end is the end of the file, which must be the end of a row.
func (f *file) end(t *table) error {
	switch {
	case len(f.buffer) > 0:
		return withQuery(&fileError{fmt.Sprintf("ends within a row, %d bytes after the one before", len(f.buffer)), cutShort}, f.id)
	case !f.header:
		return withQuery(&fileError{"has not even the names of the columns", cutShort}, f.id)
	case f.seen < f.least:
		return withQuery(&fileError{fmt.Sprintf("has %d rows, and the first page showed %d", f.seen, f.least), cutShort}, f.id)
	case t.n > 0:
		return nil
	}
	return io.EOF
}

func (f *file) take(record []byte, t *table) error {
	if f.header {
		f.seen++
		return f.records.add(record, t)
	}
	f.header = true
	if len(f.records.fields) != len(t.columns) {
		return malformed("a file of %d columns, and the answer has %d", len(f.records.fields), len(t.columns))
	}
	for i, place := range f.records.fields {
		if name := f.records.value(record, place); string(name) != t.columns[i].Name {
			return malformed("a file whose column %d is named %s, and not %s", i+1, told(name), told([]byte(t.columns[i].Name)))
		}
	}
	return nil
}

// fileOf is the object with the results of a query, if they lie in one that can be read: nil for statements that do not
// select, whose results are plain text, and for results that the service manages.
func (c *Client) fileOf(op *base.Op, e Execution, selects bool) *object {
	bucket, key, ok := location(e.OutputLocation)
	if !ok || !selects || c.config.Results == resultsPages || !strings.HasSuffix(key, ".csv") {
		return nil
	}
	return &object{client: c, op: op, id: e.ID, bucket: bucket, key: key}
}
