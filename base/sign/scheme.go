// Package sign signs HTTP requests with a keyed hash and verifies them: four schemes, each defined by the string it
// signs and by the place where the signature travels.
//
// What each scheme binds, so that two different requests never share a signature by accident:
//
//   - Header and HeaderLiteral bind the method, the escaped path, the time and the body. The query, the host, the
//     application and all other headers are not signed.
//   - QueryAppID binds the application and the time only: every request of one application in one second carries the
//     same signature.
//   - QueryPublicNonce binds the path, the whole query in the order sent, the application and the time. The method, the
//     host and the body are not signed.
//
// No scheme carries a nonce, and time is counted in whole seconds: the same request sent twice in one second carries
// the same signature twice. See [VerifierConfig] for what that means for replays.
//
// The field separator of the header schemes cannot occur inside a field: methods are tokens, paths are percent-encoded
// (a line break or a backslash never stands in one), times are digits, and the body comes last. Signer and verifier
// refuse a request that breaks this.
package sign

import (
	"crypto/sha1" //nolint:gosec // G505: the service defines HMAC-SHA1; an HMAC does not rest on collision resistance
	"crypto/sha256"
	"fmt"
	"hash"
)

// Names of the headers that the header schemes set. HTTP compares them without regard to case.
const (
	HeaderDevice    = "X-FourKitesDeviceId"  // the application's id
	HeaderSignature = "X-FourKitesSignature" // the tag in lower-case hex
	HeaderTimestamp = "X-FourKitesTimestamp" // Unix seconds
)

// The same names as [net/http.Header] stores them.
const (
	keyDevice    = "X-Fourkitesdeviceid"
	keySignature = "X-Fourkitessignature"
	keyTimestamp = "X-Fourkitestimestamp"
)

// Names of the query parameters that the query schemes add, always as the last ones.
const (
	ParamApp       = "app_id"
	ParamClient    = "client_id"
	ParamTimestamp = "timestamp"
	ParamSignature = "signature"
)

// Scheme names the string to sign and the place of the signature. The zero value is [Header].
type Scheme string

const (
	// Header signs METHOD, PATH, UNIX_SECONDS and BODY, joined by a line feed. Its text is "" or "header".
	Header Scheme = ""
	// HeaderLiteral joins the same four by the two characters backslash and n.
	HeaderLiteral Scheme = "header-literal"
	// QueryAppID signs APP--YYYYMMDDHHMMSS (UTC) and adds app_id, timestamp and signature to the query.
	QueryAppID Scheme = "query-app-id"
	// QueryPublicNonce signs PATH?QUERY with client_id and timestamp added, and appends signature.
	QueryPublicNonce Scheme = "query-public-nonce"
)

// String is the name as it is written in a configuration; never empty.
func (s Scheme) String() string {
	if s == Header {
		return "header"
	}
	return string(s)
}

// UnmarshalText reads the name of a scheme; "" and "header" are [Header]. Any other unknown name is an error that
// lists the known ones.
func (s *Scheme) UnmarshalText(text []byte) error {
	read := Scheme(text)
	if read == "header" {
		read = Header
	}
	if err := read.Validate(); err != nil {
		return err
	}
	*s = read
	return nil
}

// Validate reports a scheme that does not exist.
func (s Scheme) Validate() error {
	switch s {
	case Header, HeaderLiteral, QueryAppID, QueryPublicNonce:
		return nil
	}
	return fmt.Errorf("sign: the scheme is unknown; use %s, %s, %s or %s",
		Header, HeaderLiteral, QueryAppID, QueryPublicNonce)
}

func (s Scheme) separator() string {
	if s == HeaderLiteral {
		return `\n`
	}
	return "\n"
}

// appParam is the query parameter that names the application.
func (s Scheme) appParam() string {
	if s == QueryPublicNonce {
		return ParamClient
	}
	return ParamApp
}

// Algorithm is the hash under the HMAC. The zero value is [SHA1], which the service expects today.
type Algorithm string

const (
	SHA1   Algorithm = ""       // HMAC-SHA1, 20 bytes; its text is "" or "sha1"
	SHA256 Algorithm = "sha256" // HMAC-SHA256, 32 bytes
)

// String is the name as it is written in a configuration; never empty.
func (a Algorithm) String() string {
	if a == SHA1 {
		return "sha1"
	}
	return string(a)
}

// UnmarshalText reads the name of an algorithm; "" and "sha1" are [SHA1].
func (a *Algorithm) UnmarshalText(text []byte) error {
	read := Algorithm(text)
	if read == "sha1" {
		read = SHA1
	}
	if err := read.Validate(); err != nil {
		return err
	}
	*a = read
	return nil
}

// Validate reports an algorithm that does not exist.
func (a Algorithm) Validate() error {
	switch a {
	case SHA1, SHA256:
		return nil
	}
	return fmt.Errorf("sign: the algorithm is unknown; use %s or %s", SHA1, SHA256)
}

func (a Algorithm) new() func() hash.Hash {
	if a == SHA256 {
		return sha256.New
	}
	return sha1.New
}

func (a Algorithm) size() int {
	if a == SHA256 {
		return sha256.Size
	}
	return sha1.Size
}
