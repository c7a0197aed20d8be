// Package tlsconfig makes the TLS configuration of a client from the files that its Config names, the same for every
// source: version 1.2 or newer, certificates always verified, a client certificate read anew for each handshake.
package tlsconfig

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
)

// Files are what a Config says of TLS. Empty is the system's roots, no client certificate, and the host that is dialled.
type Files struct {
	CAFile, CertFile, KeyFile string // PEM
	ServerName                string
}

// Config is the configuration with what the files say put over what the option WithTLS gave, which is not changed and may
// be nil. Its errors name the field and the file.
func (f Files) Config(given *tls.Config) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if given != nil {
		if given.InsecureSkipVerify {
			return nil, errors.New("option WithTLS: InsecureSkipVerify is set, and certificates are always verified; give RootCAs instead")
		}
		c = given.Clone()
		c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	}
	if f.ServerName != "" {
		c.ServerName = f.ServerName
	}
	if f.CAFile != "" {
		roots, err := authorities(f.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		c.RootCAs = roots
	}
	if (f.CertFile == "") != (f.KeyFile == "") {
		return nil, errors.New("cert_file, key_file: one is set without the other")
	}
	if f.CertFile != "" {
		p := &pair{cert: f.CertFile, key: f.KeyFile}
		if err := errors.Join(isName(f.CertFile), isName(f.KeyFile)); err != nil {
			return nil, fmt.Errorf("cert_file, key_file: %w", err)
		}
		if err := p.load(); err != nil {
			return nil, fmt.Errorf("cert_file, key_file: %s and %s: %w", p.cert, p.key, err)
		}
		c.Certificates, c.GetClientCertificate = nil, p.present
	}
	return c, nil
}

// isName refuses the content of a file, which an error about a file would show.
func isName(file string) error {
	if strings.ContainsAny(file, "\r\n") || strings.Contains(file, "-----BEGIN") {
		return errors.New("it holds what belongs into a file; write the name of the file")
	}
	return nil
}

func authorities(file string) (*x509.CertPool, error) {
	if err := isName(file); err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", file)
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
