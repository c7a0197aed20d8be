package rest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"testing"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

func TestATransportIsRefusedBesideWhatItWouldIgnore(t *testing.T) {
	t.Parallel()
	given := base.WithTransport(roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("not asked") }))
	dialer := base.WithDialer(func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("not asked") })
	trust := base.WithTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	for name, tc := range map[string]struct {
		modify func(*rest.Config)
		more   []base.Option
		says   []string
	}{
		"WithTLS":    {nil, []base.Option{trust}, []string{"WithTransport", "WithTLS"}},
		"WithDialer": {nil, []base.Option{dialer}, []string{"WithTransport", "WithDialer"}},
		"ca_file":    {func(c *rest.Config) { c.CAFile = "ca.pem" }, nil, []string{"WithTransport", "ca_file"}},
		"cert_file":  {func(c *rest.Config) { c.CertFile, c.KeyFile = "c.pem", "k.pem" }, nil, []string{"WithTransport", "cert_file"}},
		"proxy":      {func(c *rest.Config) { c.Proxy = "http://proxy.example.com:3128" }, nil, []string{"WithTransport", "proxy"}},
		"all":        {func(c *rest.Config) { c.CAFile = "ca.pem" }, []base.Option{trust, dialer}, []string{"WithTLS", "WithDialer", "ca_file"}},
	} {
		_, err := newClient("https://host.example.com", tc.modify, append(tc.more, given)...)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		says(t, err, tc.says...)
	}
}

func TestSettingsOfTLSAreRefusedWherePlainHTTPIsSpoken(t *testing.T) {
	t.Parallel()
	file := newAuthority(t).file()
	trust := base.WithTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	_, err := newClient("http://host.example.com", func(c *rest.Config) { c.CAFile = file }, trust)
	says(t, err, "https", "ca_file", "WithTLS")
	_, err = newClient("http://host.example.com", func(c *rest.Config) { c.CertFile, c.KeyFile = "c.pem", "k.pem" })
	says(t, err, "https", "cert_file")
	c, err := newClient("http://host.example.com", func(c *rest.Config) { c.CAFile, c.Proxy = file, "https://proxy.example.com" })
	if err != nil || c.Close() != nil {
		t.Errorf("the authority of a proxy that speaks TLS: %v", err)
	}
}

// counting counts the instruments that were made.
type counting struct {
	noop.MeterProvider
	made int
}

// Meter counts too.
func (c *counting) Meter(string, ...metric.MeterOption) metric.Meter {
	c.made++
	return noop.Meter{}
}

func TestAConstructorThatFailsLeavesNoInstrument(t *testing.T) {
	t.Parallel()
	meters := &counting{}
	if _, err := newClient("https://host.example.com", func(c *rest.Config) { c.CAFile = "absent.pem" }, base.WithMeterProvider(meters)); err == nil || meters.made != 0 {
		t.Errorf("%d meters, %v", meters.made, err)
	}
}
