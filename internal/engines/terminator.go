package engines

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"testing"
	"time"
)

// TLSTerminator puts TLS in front of a backend that has none and returns where it listens and the certificate to
// trust, made at run time and valid for 127.0.0.1 and localhost; changes make it another one, such as an expired one. It
// ends with the test.
func TLSTerminator(t testing.TB, backend string, changes ...func(*x509.Certificate)) (addr string, caPEM []byte) {
	t.Helper()
	certificate, caPEM, err := selfSigned(changes)
	if err != nil {
		t.Fatal(err)
	}
	listener := tls.NewListener(listen(t), &tls.Config{
		Certificates: []tls.Certificate{certificate},
		MinVersion:   tls.VersionTLS12,
	})
	r := newRelay(listener, backend)
	r.move = func(from, to net.Conn, _ bool) {
		_, _ = io.Copy(to, from) // a broken side ends the link; the other notices by itself
		closeWrite(to)
	}
	r.serve()
	t.Cleanup(r.close)
	return listener.Addr().String(), caPEM
}

func selfSigned(changes []func(*x509.Certificate)) (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "engines test"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(24 * time.Hour),
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	for _, change := range changes {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	certificate := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// writeCertificate lays a certificate that signs itself and its key into two files, for servers that read PEM.
func writeCertificate(public, private string) error {
	certificate, caPEM, err := selfSigned(nil)
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		return err
	}
	if err := os.WriteFile(public, caPEM, 0o600); err != nil {
		return err
	}
	return os.WriteFile(private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600)
}
