package clickhousetest

import (
	"context"
	"slices"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/fourkites/sources/base/fault"
)

var garbage = []byte("\xde\xad\xbe\xef\xff\xff\xff\xff this is no answer in any protocol \x00\x00\x00\x00\xff\xff")

// failConnect acts out a fault of the handshake, after the client's hello was read; true goes on with the handshake.
func (c *conn) failConnect(f fault.Fault, hello proto.ClientHello) bool {
	switch f.Kind {
	case fault.KindWrongPassword:
		_ = c.sendException(authenticationFailed(hello.User))
		return false
	case fault.KindError, fault.KindStatus:
		_ = c.sendException(exceptionOf(f))
		return false
	case fault.KindDelay:
		return pause(c.ctx, f.Delay) == nil
	case fault.KindSlow, fault.KindCut:
		c.wire.shape(c.ctx, f)
		return true
	case fault.KindSilent, fault.KindIgnoreCancel:
		c.silence()
	case fault.KindReset, fault.KindResetMidBody:
		reset(c.net)
	case fault.KindHostileLength:
		var b proto.Buffer
		proto.ServerCodeHello.Encode(&b)
		b.PutUVarInt(hostileLength)
		_ = c.wire.send(b.Buf)
	case fault.KindCutMidBody:
		_ = c.wire.send([]byte{byte(proto.ServerCodeHello), 10, 'C', 'l', 'i'})
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

// failPing acts out a fault on a ping; an error ends the connection.
func (c *conn) failPing(f fault.Fault, pong []byte) error {
	switch f.Kind {
	case fault.KindError, fault.KindStatus:
		return c.sendException(exceptionOf(f))
	case fault.KindDelay:
		if err := pause(c.ctx, f.Delay); err != nil {
			return err
		}
		return c.wire.send(pong)
	case fault.KindSlow, fault.KindCut:
		c.wire.shape(c.ctx, f)
		defer c.wire.shape(c.ctx, fault.Fault{})
		return c.wire.send(pong)
	case fault.KindSilent, fault.KindIgnoreCancel:
		c.silence()
	case fault.KindReset, fault.KindResetMidBody:
		reset(c.net)
	case fault.KindCutMidBody:
	default:
		_ = c.wire.send(garbage)
	}
	return errCut
}

// failBefore acts out the faults that strike before the answer.
func (q *query) failBefore() error {
	switch f := q.fault; f.Kind {
	case fault.KindError:
		if f.After == 0 {
			return exceptionOf(f)
		}
	case fault.KindStatus, fault.KindWrongPassword:
		return exceptionOf(f)
	case fault.KindDelay:
		return pause(q.ctx, f.Delay)
	case fault.KindSilent:
		<-q.ctx.Done()
		// The cancel is the end of it, but the client is told nothing.
		<-q.conn.ctx.Done()
		return errCut
	case fault.KindIgnoreCancel:
		<-q.conn.ctx.Done()
		return errCut
	case fault.KindReset, fault.KindRefuse:
		q.conn.server.ledger.finish(q.entry, 0)
		reset(q.conn.net)
		return errCut
	case fault.KindGarbage:
		q.conn.server.ledger.finish(q.entry, 0)
		_ = q.conn.wire.send(garbage)
		return errCut
	}
	return nil
}

// failBlock acts out the faults that strike in the data. True means that the block was dealt with.
func (a *answer) failBlock(b encodedBlock) (bool, error) {
	if a.struck {
		return false, nil
	}
	switch f := a.fault; f.Kind {
	case fault.KindError:
		if a.sent >= f.After {
			return true, exceptionOf(f)
		}
	case fault.KindCutMidBody, fault.KindResetMidBody:
		return true, a.cutInside(b.data)
	case fault.KindHostileLength:
		return true, a.sendAndWait(a.hostileBlock())
	case fault.KindMalformedBlock:
		return true, a.sendInstead(a.malformedBlock())
	case fault.KindCorruptCompression:
		if !a.form.compressed {
			return true, a.sendInstead(a.malformedBlock())
		}
		corrupt := slices.Clone(b.data)
		corrupt[len(corrupt)-1] ^= 0xff
		return true, a.sendInstead(corrupt)
	case fault.KindOversized, fault.KindBomb:
		for {
			if err := a.ctx.Err(); err != nil {
				return true, context.Cause(a.ctx)
			}
			if err := a.conn.wire.send(b.data); err != nil {
				return true, err
			}
		}
	}
	return false, nil
}

func (a *answer) cutInside(data []byte) error {
	a.conn.server.ledger.finish(a.entry, 0)
	_ = a.conn.wire.send(data[:len(data)/2])
	if a.fault.Kind == fault.KindResetMidBody {
		reset(a.conn.net)
	}
	return errCut
}

// sendInstead sends other bytes for one block; the rest of the answer is right again.
func (a *answer) sendInstead(data []byte) error {
	a.struck = true
	return a.conn.wire.send(data)
}

// sendAndWait sends the start of something, and leaves it to the client to hang up: a decoder that waits for more must
// be saved by its own deadline.
func (a *answer) sendAndWait(data []byte) error {
	if err := a.conn.wire.send(data); err != nil {
		return err
	}
	<-a.conn.ctx.Done()
	return errCut
}

// failEnd acts out the faults of data on an answer that has none.
func (a *answer) failEnd() error {
	if a.struck {
		return nil
	}
	switch f := a.fault; f.Kind {
	case fault.KindError:
		return exceptionOf(f)
	case fault.KindCutMidBody, fault.KindResetMidBody:
		return a.cutInside([]byte{byte(proto.ServerCodeProfile), 1})
	case fault.KindHostileLength, fault.KindMalformedBlock, fault.KindCorruptCompression, fault.KindOversized, fault.KindBomb:
		a.conn.server.ledger.finish(a.entry, 0)
		_ = a.conn.wire.send(garbage)
		return errCut
	}
	return nil
}

const hostileLength = 2 << 30

// hostileBlock has one row of one String that claims to be 2 GiB long.
func (a *answer) hostileBlock() []byte {
	return a.rawBlock("String", func(b *proto.Buffer) { b.PutUVarInt(hostileLength) })
}

// malformedBlock has one row of the type that the fault names and nonsense for its data: a key outside of the
// dictionary for LowCardinality, discriminators without types for Dynamic, and a run of 0xff for any other.
func (a *answer) malformedBlock() []byte {
	switch name := a.fault.Message; name {
	case "", "LowCardinality":
		return a.rawBlock("LowCardinality(String)", func(b *proto.Buffer) {
			b.PutInt64(lowCardinalityVersion)
			b.PutInt64(lowCardinalityKeys | lowCardinalityDictionary)
			b.PutInt64(1)
			b.PutString("only")
			b.PutInt64(1)
			b.PutUInt8(200)
		})
	case "Dynamic":
		return a.rawBlock("Dynamic", func(b *proto.Buffer) {
			b.PutUInt64(3)  // version of the structure: flattened
			b.PutUVarInt(1) // types
			b.PutString("String")
			b.PutUInt8(40) // a discriminator without a type
			b.PutString("belongs to nothing")
		})
	default:
		return a.rawBlock(name, func(b *proto.Buffer) {
			for range 64 {
				b.PutUInt8(0xff)
			}
		})
	}
}

// rawBlock frames hand-made data as one row of one column.
func (a *answer) rawBlock(typeName string, data func(*proto.Buffer)) []byte {
	packet, _ := encodePacket(proto.ServerCodeData, a.form, func(b *proto.Buffer) error {
		if proto.FeatureBlockInfo.In(a.form.version) {
			proto.BlockInfo{BucketNum: -1}.Encode(b)
		}
		b.PutInt(1)
		b.PutInt(1)
		name := "value"
		if len(a.columns) > 0 {
			name = a.columns[0].Name
		}
		putColumnHead(b, a.form.version, Column{name, typeName})
		data(b)
		return nil
	})
	return packet
}
