package redshifttest

import (
	"context"

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
		c.wire.Shape(f)
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
		_ = c.wire.Send(hostile('R'))
	default:
		_ = c.wire.Send(garbage)
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
		_ = c.wire.Send(garbage)
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
	_ = r.conn.wire.Send(row[:len(row)/2])
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
	if err := r.conn.wire.Send(data); err != nil {
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
		_ = r.conn.wire.Send(garbage)
		return errCut
	}
	return nil
}
