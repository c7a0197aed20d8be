package rest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"os"
	"testing"

	"github.com/fourkites/sources/base"
)

func TestAddressesThatNoServiceHasAreWithheld(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"127.0.0.1": true, "::1": true, "::ffff:127.0.0.1": true, "169.254.169.254": true, "::ffff:169.254.169.254": true, "fe80::1%eth0": true,
		"0.0.0.0": true, "::": true, "224.0.0.1": true, "ff02::1": true, "fd00:ec2::254": true, "64:ff9b::7f00:1": true, "64:ff9b::a9fe:a9fe": true,
		"10.0.0.1": false, "192.168.0.1": false, "172.16.0.1": false, "100.64.0.1": false, "203.0.113.9": false, "2001:db8::1": false, "fd00::1": false,
		"64:ff9b::cb00:7109": false,
	} {
		address := netip.AddrPortFrom(netip.MustParseAddr(text), 443).String()
		err := refuseWithheld(context.Background(), "tcp", address, nil)
		if (err != nil) != want || (want && base.KindOf(err) != base.KindInvalid) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestOnlyANameIsCheckedWhereItLeads(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"127.0.0.1": true, "::1": true, "169.254.169.254": true, "localhost": true, "LOCALHOST.": true, "api.localhost": true,
		"host.example.com": false, "2130706433": false, "0": false, "127.1": false, "localhost.example.com": false,
	} {
		if names(host) != want {
			t.Errorf("%s", host)
		}
	}
}

func TestANameThatLeadsToThisMachineIsRefusedWhenDialled(t *testing.T) {
	t.Parallel()
	self, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if ips, err := net.DefaultResolver.LookupIPAddr(t.Context(), self); err != nil || len(ips) == 0 || !ips[0].IP.IsLoopback() {
		self = "ip6-localhost" // this machine has a name that leads elsewhere
	}
	for _, host := range []string{self, "2130706433", "0x7f000001", "127.1"} {
		root := &url.URL{Scheme: "http", Host: host + ":1"}
		c, err := dialer(root, defaultDialTimeout)(t.Context(), "tcp", root.Host)
		if err == nil {
			_ = c.Close()
		}
		// The resolver of this machine may not know the name. What must not happen is a connection, refused or not.
		if _, unknown := errors.AsType[*net.DNSError](err); !unknown && !errors.Is(err, errWithheld) {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestALinkToThisMachineIsFollowedOnlyFromThisMachine(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	ctx := context.WithValue(t.Context(), foreignKey{}, "127.0.0.1")
	for base, refused := range map[string]bool{
		"source.example.com": true, "192.0.2.1": true, "169.254.1.1": true, "127.0.0.1": false, "localhost": false, "[::1]": false,
	} {
		c, err := dialer(&url.URL{Scheme: "https", Host: base + ":443"}, defaultDialTimeout)(ctx, "tcp", l.Addr().String())
		if err == nil {
			_ = c.Close()
		}
		if errors.Is(err, errForeign) != refused || (err == nil) == refused {
			t.Errorf("from %s: %v", base, err)
		}
	}
	proxied, err := dialer(&url.URL{Scheme: "https", Host: "source.example.com:443"}, defaultDialTimeout)(
		context.WithValue(t.Context(), foreignKey{}, "storage.example.com"), "tcp", l.Addr().String())
	if err != nil {
		t.Fatalf("a proxy on this machine, on the way to a link: %v", err)
	}
	_ = proxied.Close()
}
