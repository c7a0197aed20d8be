package graphtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The tags of messages.
const (
	tagHello     = 0x01
	tagGoodbye   = 0x02
	tagReset     = 0x0F
	tagRun       = 0x10
	tagBegin     = 0x11
	tagCommit    = 0x12
	tagRollback  = 0x13
	tagDiscard   = 0x2F
	tagPull      = 0x3F
	tagTelemetry = 0x54
	tagRoute     = 0x66
	tagLogon     = 0x6A
	tagLogoff    = 0x6B

	tagSuccess = 0x70
	tagRecord  = 0x71
	tagIgnored = 0x7E
	tagFailure = 0x7F
)

// maxMessage is how long a message of a client may be.
const maxMessage = 16 << 20

var errTooLong = fmt.Errorf("a message of more than %d bytes", maxMessage)

// readMessage puts the chunks of one message together. Empty chunks before it keep a connection alive.
func readMessage(r io.Reader) ([]byte, error) {
	var message []byte
	for {
		var head [2]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, err
		}
		n := int(binary.BigEndian.Uint16(head[:]))
		if n == 0 {
			if message != nil {
				return message, nil
			}
			continue
		}
		if len(message)+n > maxMessage {
			return nil, errTooLong
		}
		at := len(message)
		message = append(message, make([]byte, n)...)
		if _, err := io.ReadFull(r, message[at:]); err != nil {
			return nil, err
		}
	}
}

const maxChunk = 0xFFFF

// chunked is a message as it goes on the wire.
func chunked(message []byte) []byte {
	out := make([]byte, 0, len(message)+4)
	for len(message) > 0 {
		n := min(len(message), maxChunk)
		out = binary.BigEndian.AppendUint16(out, uint16(n)) //nolint:gosec // at most a chunk
		out = append(out, message[:n]...)
		message = message[n:]
	}
	return append(out, 0, 0)
}

// version is one of the protocol.
type version struct{ major, minor int }

// atLeast reports whether it is 5.minor or newer.
func (v version) atLeast(minor int) bool { return v.major == 5 && v.minor >= minor }

// The versions that the server speaks unless it is told otherwise: 5.0 to 5.8, and 4.4.
var spoken = []version{{5, 8}, {5, 7}, {5, 6}, {5, 5}, {5, 4}, {5, 3}, {5, 2}, {5, 1}, {5, 0}, {4, 4}}

var (
	magic       = [4]byte{0x60, 0x60, 0xB0, 0x17}
	errNoBolt   = errors.New("no greeting of Bolt")
	errNoCommon = errors.New("no version in common")
)

// greet agrees on a version. A client proposes four, each with how many minor versions below it will do too.
func greet(c io.ReadWriter, speaks []version) (version, error) {
	var greeting [20]byte
	if _, err := io.ReadFull(c, greeting[:4]); err != nil {
		return version{}, err
	}
	if [4]byte(greeting[:4]) != magic {
		return version{}, errNoBolt
	}
	if _, err := io.ReadFull(c, greeting[4:]); err != nil {
		return version{}, err
	}
	for at := 4; at < len(greeting); at += 4 {
		back, minor, major := int(greeting[at+1]), int(greeting[at+2]), int(greeting[at+3])
		for _, v := range speaks {
			if v.major == major && v.minor <= minor && v.minor >= minor-back {
				_, err := c.Write([]byte{0, 0, byte(v.minor), byte(v.major)}) //nolint:gosec // small numbers
				return v, err
			}
		}
	}
	_, _ = c.Write([]byte{0, 0, 0, 0})
	return version{}, errNoCommon
}
