package tlsconfig_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/internal/tlsconfig"
)

// write makes a certificate with that number, which is its own authority, and its key.
func write(t *testing.T, serial int64, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "EC PRIVATE KEY", Bytes: der}} {
		if file == "" {
			continue
		}
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// shown is the number of the certificate that the next handshake shows.
func shown(t *testing.T, c *tls.Config) int64 {
	t.Helper()
	pair, err := c.GetClientCertificate(&tls.CertificateRequestInfo{})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return cert.SerialNumber.Int64()
}

func TestAClientCertificateIsReadForEachHandshakeAndTheLastGoodOneServes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(t, 1, certFile, keyFile)
	c, err := tlsconfig.Files{CertFile: certFile, KeyFile: keyFile}.Config(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := shown(t, c); got != 1 {
		t.Error(got)
	}
	write(t, 2, certFile, "") // its key is not there yet
	if got := shown(t, c); got != 1 {
		t.Errorf("%d is shown while the files do not fit each other", got)
	}
	write(t, 3, certFile, keyFile)
	if got := shown(t, c); got != 3 {
		t.Errorf("%d is shown after the files were replaced", got)
	}
}

func TestFilesComeBeforeTheOptionWhichIsNotChanged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(t, 1, certFile, keyFile)
	given := &tls.Config{ServerName: "given", MinVersion: tls.VersionTLS10, Certificates: []tls.Certificate{{}}}
	c, err := tlsconfig.Files{CAFile: certFile, CertFile: certFile, KeyFile: keyFile, ServerName: "file"}.Config(given)
	if err != nil {
		t.Fatal(err)
	}
	if c.ServerName != "file" || c.MinVersion != tls.VersionTLS12 || c.RootCAs == nil || len(c.Certificates) != 0 {
		t.Errorf("%+v", c)
	}
	if given.ServerName != "given" || given.RootCAs != nil || len(given.Certificates) != 1 || given.GetClientCertificate != nil {
		t.Error("the option was changed")
	}
	if c, err := (tlsconfig.Files{}).Config(given); err != nil || c.ServerName != "given" {
		t.Error(c, err)
	}
}

func TestFilesThatCannotServeAreNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.pem")
	if err := os.WriteFile(broken, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, files := range map[string]tlsconfig.Files{
		"ca_file: open ":                    {CAFile: filepath.Join(dir, "absent.pem")},
		"ca_file: " + broken:                {CAFile: broken},
		"cert_file, key_file: " + broken:    {CertFile: broken, KeyFile: broken},
		"cert_file, key_file: one is set":   {CertFile: broken},
		"cert_file, key_file: one is set w": {KeyFile: broken},
	} {
		if _, err := files.Config(nil); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v", files, err)
		}
	}
	if _, err := (tlsconfig.Files{}).Config(&tls.Config{InsecureSkipVerify: true}); err == nil { //nolint:gosec // what is refused
		t.Error("certificates would not be verified")
	}
}

func TestAnAlertOfThePeerIsKnown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(t, 1, certFile, keyFile)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	go func() { // ends with the pipe
		c := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
		_ = c.HandshakeContext(context.WithoutCancel(t.Context()))
		_ = far.Close()
	}()
	c, err := tlsconfig.Files{CAFile: certFile, ServerName: "127.0.0.1"}.Config(nil)
	if err != nil {
		t.Fatal(err)
	}
	err = tls.Client(near, c).HandshakeContext(t.Context())
	if !tlsconfig.Alert(fmt.Errorf("wrapped: %w", err)) {
		t.Errorf("%v is no alert", err)
	}
	for _, other := range []error{nil, io.EOF, &net.OpError{Op: "read", Err: errors.New("reset")}} {
		if tlsconfig.Alert(other) {
			t.Errorf("%v is an alert", other)
		}
	}
	if !tlsconfig.Alert(tls.AlertError(70)) {
		t.Error("an alert by QUIC is none")
	}
}
