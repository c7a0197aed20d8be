package redshifttest

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/fourkites/sources/base/fault"
)

var garbage = []byte("\xde\xad\xbe\xef\xff\xff\xff\xff this is no answer in any protocol \x00\x00\x00\x00\xff\xff")

// failConnect acts out a fault of the handshake; true goes on with it.
func (c *conn) failConnect(f fault.Fault) bool {
	switch f.Kind {
	case fault.KindDelay:
		return pause(c.ctx, f.Delay) == nil
	case fault.KindSlow, fault.KindCut:
		c.wire.shape(f)
		return true
	case fault.KindRefuse, fault.KindReset, fault.KindResetMidBody:
		reset(c.raw)
		return false
	}
	if _, err := c.backend.ReceiveStartupMessage(); err != nil {
		return false
	}
	switch f.Kind {
	case fault.KindWrongPassword, fault.KindError, fault.KindStatus:
		e := *errorOf(f)
		e.Severity = "FATAL"
		c.backend.Send(e.message())
		_ = c.backend.Flush()
	case fault.KindSilent, fault.KindIgnoreCancel:
		c.silence()
	case fault.KindHostileLength:
		_ = c.wire.send(hostile('R'))
	default:
		_ = c.wire.send(garbage)
	}
	return false
}

// silence reads and answers nothing until the client goes away or the server is closed.
func (c *conn) silence() {
	buf := make([]byte, 4096)
	for {
		if _, err := c.raw.Read(buf); err != nil {
			return
		}
	}
}

// failBefore acts out the faults that strike before the answer.
func (r *run) failBefore() error {
	c := r.conn
	switch f := r.fault; f.Kind {
	case fault.KindError:
		if f.After == 0 {
			return errorOf(f)
		}
	case fault.KindStatus, fault.KindWrongPassword:
		return errorOf(f)
	case fault.KindDelay:
		if err := pause(r.ctx, f.Delay); err != nil {
			return r.why(err)
		}
	case fault.KindSilent: // a request to cancel ends the statement, but the client is told nothing
		<-r.ctx.Done()
		c.server.ledger.finish(r.entry, "")
		<-c.ctx.Done()
		return errCut
	case fault.KindIgnoreCancel:
		<-c.ctx.Done()
		return errCut
	case fault.KindReset, fault.KindRefuse:
		c.server.ledger.finish(r.entry, "")
		reset(c.raw)
		return errCut
	case fault.KindGarbage:
		c.server.ledger.finish(r.entry, "")
		_ = c.wire.send(garbage)
		return errCut
	}
	return nil
}

// failRow acts out the faults that strike in the data. True means that the row was dealt with.
func (r *run) failRow(values [][]byte) (bool, error) {
	if r.struck {
		return false, nil
	}
	switch f := r.fault; f.Kind {
	case fault.KindError:
		if r.sent >= f.After {
			return true, errorOf(f)
		}
	case fault.KindCutMidBody, fault.KindResetMidBody:
		return true, r.cutInside(values)
	case fault.KindHostileLength:
		return true, r.sendAndWait(hostile('D'))
	case fault.KindMalformedBlock, fault.KindCorruptCompression:
		r.struck = true
		return true, r.data(append(values, []byte("one too many")))
	case fault.KindOversized, fault.KindBomb:
		for r.ctx.Err() == nil {
			if err := r.data(values); err != nil {
				return true, err
			}
		}
		return true, r.why(context.Cause(r.ctx))
	}
	return false, nil
}

func (r *run) cutInside(values [][]byte) error {
	r.conn.server.ledger.finish(r.entry, "")
	row, err := (&pgproto3.DataRow{Values: values}).Encode(nil)
	if err != nil {
		return err
	}
	_ = r.conn.backend.Flush()
	_ = r.conn.wire.send(row[:len(row)/2])
	if r.fault.Kind == fault.KindResetMidBody {
		reset(r.conn.raw)
	}
	return errCut
}

// sendAndWait sends the start of something, and leaves it to the client to hang up.
func (r *run) sendAndWait(data []byte) error {
	if err := r.conn.backend.Flush(); err != nil {
		return err
	}
	if err := r.conn.wire.send(data); err != nil {
		return err
	}
	<-r.conn.ctx.Done()
	return errCut
}

// failEnd acts out the faults of data on an answer that has none.
func (r *run) failEnd() error {
	if r.struck || r.sent > 0 && r.fault.Kind != fault.KindError {
		return nil
	}
	switch f := r.fault; f.Kind {
	case fault.KindError:
		return errorOf(f)
	case fault.KindCutMidBody, fault.KindResetMidBody:
		return r.cutInside([][]byte{[]byte("cut")})
	case fault.KindHostileLength, fault.KindMalformedBlock, fault.KindCorruptCompression, fault.KindOversized, fault.KindBomb:
		r.conn.server.ledger.finish(r.entry, "")
		_ = r.conn.wire.send(garbage)
		return errCut
	}
	return nil
}

// wire writes to the connection, slowly or up to a point where a fault says so.
type wire struct {
	conn net.Conn
	ctx  context.Context

	mu    sync.Mutex
	fault fault.Fault
	left  int64
}

var errShaped = errors.New("redshifttest: cut after so many bytes")

func (w *wire) shape(f fault.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault, w.left = f, f.Bytes
}

// Write is the backend's way out.
func (w *wire) Write(data []byte) (int, error) {
	w.mu.Lock()
	f, left := w.fault, w.left
	w.mu.Unlock()
	switch f.Kind {
	case fault.KindCut:
		if int64(len(data)) >= left {
			_, _ = w.conn.Write(data[:left])
			_ = w.conn.Close()
			return int(left), errShaped
		}
		w.mu.Lock()
		w.left -= int64(len(data))
		w.mu.Unlock()
	case fault.KindSlow:
		return w.slowly(data, int(max(1, f.Bytes)), f.Delay)
	}
	return w.conn.Write(data)
}

func (w *wire) slowly(data []byte, piece int, tick time.Duration) (int, error) {
	for at := 0; at < len(data); at += piece {
		if _, err := w.conn.Write(data[at:min(at+piece, len(data))]); err != nil {
			return at, err
		}
		if err := pause(w.ctx, tick); err != nil {
			return at, err
		}
	}
	return len(data), nil
}

func (w *wire) send(data []byte) error {
	_, err := w.Write(data)
	return err
}
