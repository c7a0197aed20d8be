package fault

import "strconv"

// Kind is the sort of failure.
type Kind uint8

// The kinds. The comment says what the client sees; a fake that cannot act a kind out treats it as its closest relative
// and says so.
const (
	KindNone               Kind = iota
	KindRefuse                  // the connection is reset as soon as it is accepted
	KindSilent                  // the request is read and never answered
	KindReset                   // the request is read, then the connection is reset
	KindCut                     // the answer ends after so many bytes, the connection is closed
	KindCutMidBody              // the answer ends in the middle of its first data
	KindResetMidBody            // the same, with a reset instead of a close
	KindDelay                   // the answer comes late and is right
	KindSlow                    // the answer comes in small pieces
	KindGarbage                 // bytes that are no answer in any protocol
	KindHostileLength           // a length field of 2 GiB, and no data behind it
	KindOversized               // an answer without end
	KindCorruptCompression      // compressed data whose checksum or content is wrong
	KindBomb                    // a small compressed body that decodes to a huge one
	KindMalformedBlock          // a well-framed answer whose content cannot be decoded
	KindStatus                  // an HTTP answer with this status and these headers
	KindError                   // an error in the source's own form, with this code
	KindWrongPassword           // the credentials are refused
	KindIgnoreCancel            // the answer does not come, and the request to cancel is not obeyed
)

var kindNames = [...]string{
	KindNone: "none", KindRefuse: "refuse", KindSilent: "silent", KindReset: "reset", KindCut: "cut",
	KindCutMidBody: "cut mid-body", KindResetMidBody: "reset mid-body", KindDelay: "delay", KindSlow: "slow",
	KindGarbage: "garbage", KindHostileLength: "hostile length", KindOversized: "oversized",
	KindCorruptCompression: "corrupt compression", KindBomb: "bomb", KindMalformedBlock: "malformed block",
	KindStatus: "status", KindError: "error", KindWrongPassword: "wrong password", KindIgnoreCancel: "ignore cancel",
}

// String is the kind in words.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

// Stage is the moment at which a fault strikes.
type Stage uint8

// The stages.
const (
	OnRequest Stage = iota // when a request (a query, a ping, an HTTP request) has been read
	OnConnect              // when a connection has been accepted, before it is greeted or authenticated
)

// String is the stage in words.
func (s Stage) String() string {
	if s == OnConnect {
		return "on connect"
	}
	return "on request"
}
