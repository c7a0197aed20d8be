package rest

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"github.com/fourkites/sources/base"
)

var errStrays = errors.New("a link of the service names this machine, or a loopback, link-local, multicast or unspecified " +
	"address, which is not followed")

// checkLink refuses a link that names such an address itself, for a proxy would resolve and reach it in our place. A service
// that is on this machine may lead on to this machine.
func (c *Client) checkLink(link *url.URL) error {
	if link == nil || !straysFrom(c.base.Hostname(), link.Hostname()) {
		return nil
	}
	e := base.NewError(base.KindProtocol, errStrays)
	e.Sent = base.NotSent
	return e
}

func straysFrom(service, link string) bool {
	here := names(service)
	if ip, err := netip.ParseAddr(service); err == nil {
		here = ip.Unmap().IsLoopback()
	}
	link = strings.ToLower(strings.TrimSuffix(link, "."))
	ip, err := netip.ParseAddr(link)
	if err == nil {
		ip = ip.Unmap().WithZone("")
		return withheld(ip) && (!here || !ip.IsLoopback())
	}
	return isNumber(link[strings.LastIndexByte(link, '.')+1:]) || names(link) && !here
}

// isNumber reports whether the last part of a host makes it an address in a spelling of its own, such as 127.1 or 0x7f000001:
// no domain ends so.
func isNumber(last string) bool {
	hex, prefixed := strings.CutPrefix(last, "0x")
	digits := "0123456789"
	if prefixed {
		last, digits = hex, digits+"abcdef"
	}
	return strings.Trim(last, digits) == ""
}
