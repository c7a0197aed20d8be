package trino

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
)

const maxSegmentHeader = 64 << 10 // bytes

// storageHeaders are how the names begin of the headers that the storages of Amazon, Google and Microsoft want beside a
// presigned URL. Another header could be what a service asks for that hands out credentials.
var storageHeaders = []string{"x-amz-", "x-goog-", "x-ms-"}

// header is what the storage wants to see.
func (g segment) header() (http.Header, error) {
	h := http.Header{}
	if len(g.Headers) == 0 {
		return h, nil
	}
	var given map[string][]string
	if len(g.Headers) > maxSegmentHeader || json.Unmarshal(g.Headers, &given) != nil {
		return nil, malformed("a segment whose headers are no lists of texts, or of more than %d bytes", maxSegmentHeader)
	}
	for name, values := range given {
		if slices.ContainsFunc(storageHeaders, func(start string) bool { return strings.HasPrefix(strings.ToLower(name), start) }) {
			h[http.CanonicalHeaderKey(name)] = values
		}
	}
	return h, nil
}

// checkStorage holds a segment elsewhere to the hosts that the operator named.
func (c *Client) checkStorage(at *url.URL) error {
	if at == nil || len(c.config.StorageHosts) == 0 || slices.ContainsFunc(c.config.StorageHosts, func(host string) bool {
		return isHost(at.Hostname(), host)
	}) {
		return nil
	}
	e := base.NewError(base.KindPermission, nil).WithText("a segment lies at " + at.Hostname() + ", which is none of storage_hosts")
	e.Sent, e.Hint = base.Answered, "add the host to storage_hosts, or set spooling to off"
	return e
}

// isHost reports whether a host is the one that is allowed, or lies below it where that begins with *.
func isHost(host, allowed string) bool {
	host, allowed = strings.ToLower(strings.TrimSuffix(host, ".")), strings.ToLower(strings.Trim(allowed, "[]"))
	if domain, ok := strings.CutPrefix(allowed, "*"); ok {
		return strings.HasSuffix(host, domain)
	}
	return host == allowed
}

// badStorageHost says what is wrong with an allowed host; empty = nothing.
func badStorageHost(host string) string {
	domain, wild := strings.CutPrefix(host, "*.")
	switch {
	case domain == "", strings.Contains(domain, "*"), wild && strings.HasPrefix(domain, "."):
		return "write a name, an address, or *. and a domain"
	}
	return badHost(domain)
}
