package clickhouse

import (
	"cmp"
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// stream is the answer of one query as it arrives: the cursor below rows.Rows. It holds its connection until the answer
// has ended.
type stream struct {
	client *Client
	op     *base.Op
	ctx    context.Context // of the attempt: it ends with the hold
	caller context.Context
	conn   *conn
	table  table
	id     string
	limit  int64     // of the rows that are handed out
	began  time.Time // of the call, its earlier attempts included
	tries  int       // attempts of the call
	notes  []string
	stop   func() bool // of the watch over ctx

	first               *rows.Batch // has arrived and was not handed out
	rows                atomic.Int64
	rowsRead, bytesRead atomic.Int64
	took                atomic.Int64 // nanoseconds; set at the end

	once   sync.Once
	mu     sync.Mutex
	hold   *base.Hold
	ended  bool
	paid   bool  // the call was settled
	err    error // typed, of the end, once that was settled
	cancel context.CancelFunc
}

func newStream(ctx context.Context, a *ask, k *conn) *stream {
	s := &stream{
		client: a.client, op: a.op, ctx: ctx, caller: a.caller, conn: k, id: newID(), limit: a.query.MaxRows,
		began: cmp.Or(a.began, time.Now()), tries: max(1, a.attempts), table: table{zone: k.hello.zone},
	}
	k.ctx, k.idle = ctx, max(0, a.client.guard.Limits().Idle.D())
	k.bounded, k.patience = a.client.patience()
	s.mu.Lock() // the context may have ended already, and then interrupt runs at once
	defer s.mu.Unlock()
	s.stop = context.AfterFunc(ctx, s.interrupt)
	return s
}

// start sends the query and waits for its first rows, or its end.
func (s *stream) start(r request) error {
	err := s.send(r)
	if err == nil {
		s.first, err = s.advance()
	}
	if err == nil || err == io.EOF { //nolint:errorlint // as advance makes it
		if err == io.EOF { //nolint:errorlint // as above
			s.finishReading()
		}
		return nil
	}
	s.end(err)
	return err
}

func (s *stream) send(r request) error {
	k := s.conn
	if len(r.params) > 0 && !proto.FeatureParameters.In(k.v) {
		return &unboundError{k.hello}
	}
	if err := encodeQuery(&k.out, k.v, k.compression, k.method, r); err != nil {
		k.out.Reset()
		return err
	}
	return k.flush(sendTimeout)
}

// sendTimeout bounds the writing of one statement.
const sendTimeout = 10 * time.Second

// finishReading gives the connection back: the server has nothing more to say.
func (s *stream) finishReading() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil && !s.ended && s.stop() {
		s.conn.ctx = nil
		s.client.pool.put(s.conn)
		s.conn = nil
	}
}

// advance reads packets until there are rows; io.EOF at the end of the answer.
func (s *stream) advance() (b *rows.Batch, err error) {
	defer func() {
		if value := recover(); value != nil { // a defect of a decoder, fed by what a server sent
			b, err = nil, malformed("a block that cannot be decoded")
		}
	}()
	defer s.conn.wait()()
	for range maxPackets {
		s.conn.in.budget = s.client.blockLimit()
		code, err := s.conn.in.uvarint()
		if err != nil {
			return nil, asProtocol(err)
		}
		n, err := s.packet(proto.ServerCode(code))
		switch {
		case err == io.EOF: //nolint:errorlint // as packet makes it
			return nil, s.eof(code)
		case err != nil:
			return nil, err
		case n > 0:
			return rows.NewBatch(s.table.columns, s.table.vectors, n), nil
		}
	}
	return nil, malformed("%d packets without a row between them", maxPackets)
}

// maxPackets is how many packets may follow each other without a row: a server that works for a day says ten times a
// second how far it is.
const maxPackets = 1 << 20

// blockSlack is how much larger than max_bytes a block may be: what is decoded for a moment is more than what is handed
// out, and an answer that is a little too large ends as truncated.
const blockSlack = 128 << 20

// blockLimit is how many decoded bytes of one block are believed.
func (c *Client) blockLimit() int {
	if c.config.MaxBytes <= 0 {
		return maxBlock
	}
	return int(min(maxBlock, c.config.MaxBytes+blockSlack))
}

// eof tells the end of the answer from the end of the connection.
func (s *stream) eof(code uint64) error {
	if proto.ServerCode(code) == proto.ServerCodeEndOfStream {
		return io.EOF
	}
	return io.ErrUnexpectedEOF
}

// packet reads one packet and returns how many rows it brought.
func (s *stream) packet(code proto.ServerCode) (int, error) {
	in, v := s.conn.in, s.conn.v
	switch code {
	case proto.ServerCodeData:
		return s.block(&s.table, true)
	case proto.ServerCodeTotals, proto.ServerCodeExtremes:
		_, err := s.block(&table{zone: s.table.zone}, true)
		return 0, err
	case proto.ServerCodeLog, proto.ServerProfileEvents:
		_, err := s.block(&table{zone: s.table.zone}, false)
		return 0, err
	case proto.ServerCodeProgress:
		return 0, s.progress(in, v)
	case proto.ServerCodeProfile:
		return 0, profile(in)
	case proto.ServerCodeTableColumns:
		if _, err := in.text(); err != nil {
			return 0, err
		}
		_, err := in.text()
		return 0, err
	case proto.ServerCodeException:
		e, err := decodeException(in)
		if err != nil {
			return 0, err
		}
		s.client.credential.cleanError(e)
		return 0, e
	case proto.ServerCodeEndOfStream:
		return 0, io.EOF
	}
	return 0, malformed("packet %d within an answer", uint64(code))
}

func (s *stream) block(t *table, compressible bool) (int, error) {
	in := s.conn.in
	if proto.FeatureTempTables.In(s.conn.v) {
		if _, err := in.text(); err != nil {
			return 0, err
		}
	}
	if !compressible || s.conn.packed == nil {
		return t.block(in, s.conn.v)
	}
	packed := s.conn.packed
	packed.budget = s.client.blockLimit()
	s.conn.frames.limit = packed.budget
	n, err := t.block(packed, s.conn.v)
	switch {
	case err == nil && packed.r != packed.w:
		err = malformed("bytes behind the end of a block")
	case packed.failed != nil && in.failed == nil:
		err = malformed("compressed data: %v", packed.failed)
	case packed.failed != nil:
		err = in.failed
	}
	return n, err
}

// Columns are known once the first block has arrived.
func (s *stream) Columns() []rows.Column { return s.table.columns }

// Next is the next batch; io.EOF at the end of the answer, else a typed error.
func (s *stream) Next() (*rows.Batch, error) {
	s.mu.Lock()
	ended, reading := s.ended, s.conn != nil
	s.mu.Unlock()
	if ended { // perhaps by another goroutine that has not settled it yet
		return nil, s.endOr(nil, io.EOF)
	}
	if b := s.first; b != nil {
		s.first = nil
		s.rows.Add(int64(b.Len()))
		return b, nil
	}
	if !reading {
		s.end(nil)
		return nil, io.EOF
	}
	b, err := s.advance()
	switch {
	case err == io.EOF: //nolint:errorlint // as advance makes it
		s.finishReading()
		return nil, s.endOr(nil, io.EOF)
	case err != nil:
		return nil, s.endOr(&queryError{id: s.id, err: err}, err)
	}
	s.rows.Add(int64(b.Len()))
	return b, nil
}

// endOr ends the answer and returns its typed error, else the other one.
func (s *stream) endOr(err, otherwise error) error {
	s.end(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	return otherwise
}

// Close ends the answer; what the server has not sent is cancelled. It may be called again, and beside Next.
func (s *stream) Close() error {
	s.end(nil)
	return nil
}

// interrupt runs when the context of the answer ends, whether somebody reads or not.
func (s *stream) interrupt() { s.end(&queryError{id: s.id, err: context.Cause(s.ctx)}) }

// Loop tells the guard that a loop body of the reader runs: a query in it can wait for this answer's own permit.
func (s *stream) Loop() (leave func()) { return s.hold.Loop() }

// attach hands over what the answer keeps after the call. The answer may have ended meanwhile.
func (s *stream) attach(hold *base.Hold, cancel context.CancelFunc) {
	s.mu.Lock()
	s.hold, s.cancel = hold, cancel
	ended, err := s.ended, s.err
	s.mu.Unlock()
	if ended {
		s.settle(err)
	}
}

// end stops the server if it still works on the answer, gives the connection back or closes it, and settles the call.
// Only the first end counts; a second one waits for it.
func (s *stream) end(err error) {
	s.once.Do(func() {
		s.took.Store(int64(time.Since(s.began)))
		s.mu.Lock()
		s.stop()
		k := s.conn
		s.ended, s.err = true, err
		s.mu.Unlock()
		if k != nil {
			s.release(k, err)
		}
		s.settle(err)
	})
}

func (s *stream) release(k *conn, err error) {
	if e, ok := serverError(err); ok && k.goesOnAfter(e.Code) {
		k.ctx = nil
		s.client.pool.put(k)
		return
	}
	_ = k.link.SetReadDeadline(past)
	if !k.cancel() {
		s.client.kill(s.id)
	}
	s.client.pool.drop(k)
}

// goesOnAfter reports whether the server waits for the next query after an exception. It hangs up after those that it
// throws in the middle of reading a query, and an old server takes what it has not read of one query for the next.
func (c *conn) goesOnAfter(code int) bool {
	return proto.FeatureSettingsSerializedAsStrings.In(c.v) && code != codeReadOnly && code != 452 && code != 115
}

// settle ends the hold and reports what the answer cost.
func (s *stream) settle(err error) {
	s.mu.Lock()
	hold, cancel := s.hold, s.cancel
	due := hold != nil && !s.paid // without a hold the call itself fails, or has not returned yet
	s.paid = s.paid || due
	s.mu.Unlock()
	if !due {
		return
	}
	if s.op != opSchema { // a look at the tables is no part of an answer
		base.AddStats(s.caller, s.cost())
	}
	if typed := hold.End(err); typed != nil {
		s.mu.Lock()
		s.err = typed
		s.mu.Unlock()
	}
	cancel()
}

// cost is what only the source knows of an answer.
func (s *stream) cost() base.Stats {
	n := s.rows.Load()
	if s.limit > 0 {
		n = min(n, s.limit)
	}
	return base.Stats{QueryID: s.id, Rows: n, RowsRead: s.rowsRead.Load(), BytesRead: s.bytesRead.Load(), Notes: s.notes}
}

// Stats is what answering has cost so far.
func (s *stream) Stats() base.Stats {
	stats := s.cost()
	stats.Source, stats.Op, stats.Calls, stats.Attempts = s.client.Name(), s.op.Name, 1, s.tries
	if stats.Elapsed = time.Duration(s.took.Load()); stats.Elapsed == 0 {
		stats.Elapsed = time.Since(s.began)
	}
	return stats
}
