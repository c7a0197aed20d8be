package clickhousetest

import (
	"slices"
	"time"

	"github.com/ClickHouse/ch-go/proto"
)

// answer sends one result, packet by packet.
type answer struct {
	*query
	columns []Column
	sent    int  // blocks
	struck  bool // the fault of the query is over
	rows    uint64
	bytes   uint64
	started time.Time
}

func (q *query) newAnswer(columns []Column) *answer {
	return &answer{query: q, columns: columns, started: time.Now()}
}

// header is the empty block that names the columns.
func (a *answer) header() error {
	data, err := encodeBlock(a.form, a.columns, nil)
	if err != nil {
		return err
	}
	return a.conn.wire.send(data)
}

// block sends one block of rows, or what a planned fault makes of it.
func (a *answer) block(b encodedBlock) error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	if done, err := a.failBlock(b); done {
		return err
	}
	if err := a.conn.wire.send(b.data); err != nil {
		return err
	}
	a.sent++
	a.rows += uint64(b.rows)
	a.bytes += uint64(len(b.data))
	a.conn.server.ledger.addRows(a.entry, b.rows)
	return nil
}

func (a *answer) progress(p Progress) error {
	var b proto.Buffer
	proto.ServerCodeProgress.Encode(&b)
	wire := proto.Progress{
		Rows: p.Rows, Bytes: p.Bytes, TotalRows: p.TotalRows, ElapsedNs: uint64(time.Since(a.started)),
	}
	wire.EncodeAware(&b, a.form.version)
	return a.conn.wire.send(b.Buf)
}

// end sends what follows the rows. The query is finished before the client can know that it is.
func (a *answer) end() error {
	if err := a.failEnd(); err != nil {
		return err
	}
	var b proto.Buffer
	if a.columns != nil {
		proto.Profile{Rows: a.rows, Blocks: uint64(a.sent), Bytes: a.bytes}.EncodeAware(&b, a.form.version)
		events, err := a.profileEvents()
		if err != nil {
			return err
		}
		b.PutRaw(events)
		empty, err := encodeBlock(a.form, nil, nil)
		if err != nil {
			return err
		}
		b.PutRaw(empty)
	}
	proto.ServerCodeEndOfStream.Encode(&b)
	a.conn.server.ledger.finish(a.entry, 0)
	return a.conn.wire.send(b.Buf)
}

var profileEventColumns = []Column{
	{"host_name", "String"},
	{"current_time", "DateTime"},
	{"thread_id", "UInt64"},
	{"type", "Enum8('increment' = 1, 'gauge' = 2)"},
	{"name", "String"},
	{"value", "Int64"},
}

// profileEvents is one packet of counters; these packets are never compressed.
func (a *answer) profileEvents() ([]byte, error) {
	if !proto.FeatureProfileEvents.In(a.form.version) {
		return nil, nil
	}
	now := time.Now()
	row := func(name string, value uint64) []any {
		return []any{"clickhousetest", now, uint64(0), "increment", name, int64(value)}
	}
	rows := [][]any{row("SelectQuery", 1), row("SelectedRows", a.rows), row("SelectedBytes", a.bytes)}
	form := blockForm{version: a.form.version}
	return encodePacket(proto.ServerProfileEvents, form, func(b *proto.Buffer) error {
		return putBlock(b, form.version, profileEventColumns, rows)
	})
}

// replyScripted sends a scripted reply.
func (q *query) replyScripted(s *scripted) error {
	r := s.reply
	if r.Delay > 0 {
		if err := pause(q.ctx, r.Delay); err != nil {
			return err
		}
	}
	a := q.newAnswer(r.Columns)
	if r.Columns != nil {
		if err := a.scriptedRows(s); err != nil {
			return err
		}
	}
	if r.Err != nil {
		return r.Err
	}
	return a.end()
}

func (a *answer) scriptedRows(s *scripted) error {
	blocks, err := s.encoded(a.form)
	if err != nil {
		return err
	}
	if err := a.header(); err != nil {
		return err
	}
	for _, p := range s.reply.Progress {
		if err := a.progress(p); err != nil {
			return err
		}
	}
	for n := 0; len(blocks) > 0 && (n < max(s.reply.Repeat, 1) || s.reply.Repeat < 0); n++ {
		for _, b := range blocks {
			if s.reply.Pause > 0 {
				if err := pause(a.ctx, s.reply.Pause); err != nil {
					return err
				}
			}
			if err := a.block(b); err != nil {
				return err
			}
		}
	}
	if len(s.reply.Progress) > 0 {
		return nil
	}
	return a.progress(Progress{Rows: a.rows, Bytes: a.bytes, TotalRows: a.rows})
}

// result sends rows that were computed.
func (q *query) result(columns []Column, rows [][]any, readRows uint64) error {
	if q.limits.readRows > 0 && readRows > q.limits.readRows {
		return exceptionf(codeTooManyRows, "Limit for rows to read exceeded, max rows: %d, current rows: %d",
			q.limits.readRows, readRows)
	}
	if q.limits.resultRows > 0 && len(rows) > q.limits.resultRows {
		return exceptionf(codeTooManyResultRows, "Limit for result exceeded, max rows: %d, current rows: %d",
			q.limits.resultRows, len(rows))
	}
	a := q.newAnswer(columns)
	if err := a.header(); err != nil {
		return err
	}
	for chunk := range slices.Chunk(rows, q.limits.blockRows) {
		data, err := encodeBlock(q.form, columns, chunk)
		if err != nil {
			return err
		}
		if err := a.block(encodedBlock{data, len(chunk)}); err != nil {
			return err
		}
	}
	if err := a.progress(Progress{Rows: readRows, Bytes: a.bytes, TotalRows: readRows}); err != nil {
		return err
	}
	return a.end()
}
