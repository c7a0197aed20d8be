package tlsconfig

import (
	"net"
	"strings"
)

// OnThisMachine reports whether a host is localhost or a loopback address, in brackets or not: what goes there without TLS
// goes over no network.
func OnThisMachine(host string) bool {
	return net.ParseIP(strings.Trim(host, "[]")).IsLoopback() || strings.EqualFold(host, "localhost")
}
