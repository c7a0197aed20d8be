package base_test

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
)

type memory map[string][]byte

func (m memory) Get(_ context.Context, key string) ([]byte, bool) { v, ok := m[key]; return v, ok }
func (m memory) Set(_ context.Context, key string, value []byte)  { m[key] = value }

func TestAnOptionThatASourceCannotUseIsRefusedByName(t *testing.T) {
	t.Parallel()
	all := []base.Option{
		base.WithLogger(slog.Default()), base.WithTracerProvider(tracenoop.NewTracerProvider()),
		base.WithMeterProvider(metricnoop.NewMeterProvider()), base.WithSecrets(secret.Resolver{}),
		base.WithTransport(http.DefaultTransport), base.WithDialer((&net.Dialer{}).DialContext), base.WithTLS(&tls.Config{}),
		base.WithLimiter(limiter(nil)), base.WithCache(memory{}), nil,
	}
	o, err := base.NewOptions(all, "Secrets", "Transport", "Dialer", "TLS", "Cache")
	if err != nil || o.Logger == nil || o.TracerProvider == nil || o.MeterProvider == nil || o.Secrets == nil ||
		o.Transport == nil || o.Dialer == nil || o.TLS == nil || o.Limiter == nil || o.Cache == nil {
		t.Errorf("%+v, %v", o, err)
	}
	_, err = base.NewOptions(all, "Secrets", "Dialer", "TLS")
	if err == nil || !strings.Contains(err.Error(), "WithTransport") || !strings.Contains(err.Error(), "WithCache") ||
		strings.Contains(err.Error(), "WithDialer") {
		t.Errorf("%v", err)
	}
}

func TestTLSIsClonedAndAlwaysVerified(t *testing.T) {
	t.Parallel()
	given := &tls.Config{ServerName: "before"}
	o, err := base.NewOptions([]base.Option{base.WithTLS(given)}, "TLS")
	given.ServerName = "after"
	if err != nil || o.TLS.ServerName != "before" {
		t.Errorf("%v, %v", o.TLS, err)
	}
	if _, err := base.NewOptions([]base.Option{base.WithTLS(&tls.Config{InsecureSkipVerify: true})}, "TLS"); err == nil || !strings.Contains(err.Error(), "WithTLS") {
		t.Errorf("%v", err)
	}
	if _, err := base.NewOptions([]base.Option{base.WithTLS(nil)}, "TLS"); err != nil {
		t.Error(err)
	}
}
