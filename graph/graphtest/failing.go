package graphtest

import (
	"context"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

var (
	garbage = []byte("\xde\xad\xbe\xef this is no answer in any protocol")
	// hostile is a chunk with a record whose first value announces 2 GiB of text.
	hostile = []byte{0, 10, 0xB1, tagRecord, 0x91, 0xD2, 0x7F, 0xFF, 0xFF, 0xFF, 'a', 'b'}
	// malformed is a record whose value begins with a byte that begins none.
	malformed = []byte{0xB1, tagRecord, 0x91, 0xC4}
)

// failConnect acts out a fault of the handshake; true goes on with it.
func (c *conn) failConnect(f fault.Fault) bool {
	switch f.Kind {
	case fault.KindDelay:
		return wire.Pause(c.ctx, f.Delay) == nil
	case fault.KindSlow, fault.KindCut:
		c.wire.Shape(f)
		return true
	case fault.KindWrongPassword, fault.KindError, fault.KindStatus:
		c.refusal = errorOf(f)
		return true
	case fault.KindRefuse, fault.KindReset, fault.KindResetMidBody:
		wire.Reset(c.raw)
	case fault.KindSilent, fault.KindIgnoreCancel:
		c.silent()
	default:
		_ = c.wire.Send(garbage)
	}
	return false
}

// silent reads and answers nothing until the client goes away or the server is closed.
func (c *conn) silent() {
	buf := make([]byte, 4096)
	for {
		if _, err := c.raw.Read(buf); err != nil {
			return
		}
	}
}

// failBefore acts out the faults that strike before the answer.
func (r *result) failBefore(ctx context.Context) error {
	c := r.conn
	switch f := r.fault; f.Kind {
	case fault.KindError:
		if f.After == 0 {
			return errorOf(f)
		}
	case fault.KindStatus, fault.KindWrongPassword:
		return errorOf(f)
	case fault.KindDelay:
		return c.wait(ctx, f.Delay)
	case fault.KindSlow, fault.KindCut:
		c.wire.Shape(f)
	case fault.KindSilent: // RESET ends the statement, but the client is told nothing
		_ = c.flush()
		<-ctx.Done()
		r.finish("", true)
		<-c.ctx.Done()
		return errCut
	case fault.KindIgnoreCancel:
		_ = c.flush()
		<-c.ctx.Done()
		return errCut
	case fault.KindReset, fault.KindRefuse:
		r.finish("", false)
		wire.Reset(c.raw)
		return errCut
	case fault.KindGarbage:
		r.finish("", false)
		_ = c.wire.Send(garbage)
		return errCut
	}
	return nil
}

// failRecord acts out the faults that strike in the data. True means that the record was dealt with.
func (r *result) failRecord(ctx context.Context, values []any) (bool, error) {
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
		return true, r.leave(hostile)
	case fault.KindMalformedBlock, fault.KindCorruptCompression:
		r.struck = true
		_, err := r.conn.out.Write(chunked(malformed))
		return true, err
	case fault.KindOversized, fault.KindBomb:
		for ctx.Err() == nil {
			if err := r.record(values); err != nil {
				return true, err
			}
		}
		return true, context.Cause(ctx)
	}
	return false, nil
}

func (r *result) cutInside(values []any) error {
	r.finish("", false)
	message, err := pack(!r.conn.version.atLeast(0), tagRecord, values)
	if err != nil {
		return err
	}
	message = chunked(message)
	_ = r.conn.flush()
	_ = r.conn.wire.Send(message[:len(message)/2])
	if r.fault.Kind == fault.KindResetMidBody {
		wire.Reset(r.conn.raw)
	}
	return errCut
}

// leave sends the start of something, and leaves it to the client to hang up.
func (r *result) leave(data []byte) error {
	if err := r.conn.flush(); err != nil {
		return err
	}
	if err := r.conn.wire.Send(data); err != nil {
		return err
	}
	<-r.conn.ctx.Done()
	return errCut
}

// failEnd acts out the faults of data on an answer that has none.
func (r *result) failEnd() error {
	if r.struck || r.sent > 0 && r.fault.Kind != fault.KindError {
		return nil
	}
	switch f := r.fault; f.Kind {
	case fault.KindError:
		return errorOf(f)
	case fault.KindCutMidBody, fault.KindResetMidBody:
		return r.cutInside([]any{"cut"})
	case fault.KindHostileLength:
		return r.leave(hostile)
	case fault.KindMalformedBlock, fault.KindCorruptCompression, fault.KindOversized, fault.KindBomb:
		_ = r.conn.flush()
		_ = r.conn.wire.Send(garbage)
		return errCut
	}
	return nil
}
