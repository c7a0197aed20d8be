package tlsconfig

import (
	"crypto/tls"
	"errors"
	"net"
)

// AlertHint says what to change where the peer ended a handshake with an alert.
const AlertHint = "the server refused the TLS handshake; check the versions that it speaks and the client certificate"

// Alert reports whether the peer ended the connection with an alert of TLS, as it does in a handshake that it does not
// want. crypto/tls exports a type for alerts only where they come by QUIC; else the name of the operation tells.
func Alert(err error) bool {
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error"
}
