package rest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/fourkites/sources/base"
)

func tlsFor(config Config, options base.Options) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if options.TLS != nil {
		c = options.TLS.Clone()
		c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	}
	if c.InsecureSkipVerify {
		return nil, errors.New("option WithTLS: InsecureSkipVerify is refused; trust the server's CA instead")
	}
	var err error
	if config.CAFile != "" {
		if c.RootCAs, err = authorities(config.CAFile); err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
	}
	if (config.CertFile == "") != (config.KeyFile == "") {
		return nil, errors.New("cert_file and key_file: one is set without the other")
	}
	if config.CertFile != "" {
		p := &pair{cert: config.CertFile, key: config.KeyFile}
		if err := p.load(); err != nil {
			return nil, fmt.Errorf("cert_file %s and key_file %s: %w", p.cert, p.key, err)
		}
		c.GetClientCertificate = p.present
	}
	return c, nil
}

func authorities(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no PEM certificate", file)
	}
	return pool, nil
}

// pair is a client certificate that may be replaced on disk while the program runs.
type pair struct {
	cert, key string
	good      atomic.Pointer[tls.Certificate] // as last read
}

func (p *pair) load() error {
	read, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err == nil {
		p.good.Store(&read)
	}
	return err
}

// present reads the files anew for each handshake. While they are being replaced they may not fit each other: then the
// last good ones serve.
func (p *pair) present(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	_ = p.load()
	return p.good.Load(), nil
}
