package base

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"regexp"
	"strings"
	"syscall"
)

// ClassifyNetwork types an error of the network, of TLS or of a context, which all sources share. What it does not
// know is Internal. The result is fresh: the caller may fill it in.
func ClassifyNetwork(err error) *Error {
	e := NewError(KindInternal, err)
	if classifyFiles(e, err) || classifyName(e, err) || classifyTLS(e, err) {
		return e
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		e.Kind, e.Sent = KindUnavailable, NotSent
		e.SetHint(HintOf("nothing accepts connections there; check host and port"))
		if op.Timeout() {
			e.SetHint(HintOf("the host did not answer the connection in time; check host, port and firewall"))
		}
		return e
	}
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		e.Kind = KindCanceled
	case errors.Is(err, context.DeadlineExceeded), isNet && timeout.Timeout():
		e.Kind = KindAttemptTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), isNet:
		e.Kind = KindUnavailable
	}
	return e
}

// classifyFiles comes first: opening a connection fails so too, and it is not the host's fault.
func classifyFiles(e *Error, err error) bool {
	if !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE) {
		return false
	}
	e.Kind, e.Sent = KindUnavailable, NotSent
	e.SetHint(HintOf("the process has too many files open; raise its limit or lower limits.concurrency"))
	return true
}

// Codes of errors that no source gave: the way to it is wrong.
const (
	codeName = "dns"
	codeTLS  = "tls"
)

func classifyName(e *Error, err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	if !ok {
		return false
	}
	e.Sent, e.Code = NotSent, codeName
	if dns.IsNotFound {
		e.Kind = KindInvalid
		e.SetHint(HintOf("the host name does not resolve; check the host in the configuration"))
		return true
	}
	e.Kind = KindUnavailable
	e.SetHint(HintOf("the name server did not answer"))
	return true
}

func classifyTLS(e *Error, err error) bool {
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	_, verify := errors.AsType[*tls.CertificateVerificationError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case unknown || name || invalid || verify:
		e.Kind = KindInvalid
		e.SetHint(HintOf("the certificate of the server is not trusted for this host; set the CA file, or the right host"))
	case alert:
		e.Kind = KindInvalid
		e.SetHint(HintOf("the server refused the TLS handshake; check protocol version and client certificate"))
	case plain:
		e.Kind = KindProtocol
		e.SetHint(HintOf("the server does not speak TLS on this port"))
	default:
		return false
	}
	e.Sent, e.Code = NotSent, codeTLS
	return true
}

// textOf is the message of an error without what messages of the standard library are known to leak.
func textOf(err error) string {
	if err == nil {
		return ""
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Op + " " + u.URL + ": " + textOf(u.Err)
	}
	return err.Error()
}

// A URL in JSON may have its slashes escaped. User and password end at the last @ of their part.
var (
	urlUser  = regexp.MustCompile(`(:(?:\\?/){2})[^/\\?#\s"']*@`)
	urlQuery = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*)?:(?:\\?/){2}[^\s?#"']*[?#][^\s"']*`)
	ownQuery = regexp.MustCompile(`((?:^|[\s"'(=])/[^\s?#"']*\?)[^\s"']*`) // of a path without a host
)

// Redact removes user names, passwords, query strings and fragments from every URL in a text. Of a reference to a store of
// secrets, such as awssm://prod/db?stage=AWSCURRENT#password, it keeps the version and the key.
func Redact(text string) string {
	if !strings.Contains(text, "/") {
		return text
	}
	text = urlQuery.ReplaceAllStringFunc(urlUser.ReplaceAllString(text, "$1"), withoutQuery)
	return ownQuery.ReplaceAllString(text, "${1}[redacted]")
}
