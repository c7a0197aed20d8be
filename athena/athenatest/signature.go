package athenatest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// key is what belongs to an access key.
type key struct {
	secret, token string
	expired       bool
}

// SetKey adds an access key, or changes one; an empty secret takes it away, so that it is unknown. The token is that of a
// session; empty = the key needs none.
func (s *Server) SetKey(access, secret, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys[access] = (key{secret: secret, token: token}); secret == "" {
		delete(s.keys, access)
	}
}

// ExpireKey has the server say that the session of an access key is over, until [Server.SetKey] sets it again.
func (s *Server) ExpireKey(access string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys[access]
	k.expired = true
	s.keys[access] = k
}

var unrecognized = Exception{Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid."}

// refuses says why a request to Athena is not let in: a planned exception first, then its signature.
func (s *Server) refuses(r *http.Request, body []byte, action string) *Exception {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.refused(action); e != nil {
		return e
	}
	problem, text := s.signature(r, body, "athena", 5*time.Minute)
	e := Exception{Message: text}
	switch problem {
	case sound:
		return nil
	case unsigned:
		e.Code = "MissingAuthenticationTokenException"
	case unknownKey:
		e = unrecognized
	case expired:
		e = ExpiredToken()
	default:
		e.Code = "InvalidSignatureException"
	}
	return &e
}

// refusesObject is the code of S3's error about the signature; empty if it is sound. The caller holds the lock.
func (s *Server) refusesObject(r *http.Request) string {
	problem, _ := s.signature(r, nil, "s3", 15*time.Minute)
	return map[flaw]string{
		unsigned: "AccessDenied", unknownKey: "InvalidAccessKeyId", expired: "ExpiredToken", skewed: "RequestTimeTooSkewed",
		forged: "SignatureDoesNotMatch",
	}[problem]
}

// flaw is what is wrong with a signature.
type flaw uint8

const (
	sound flaw = iota
	unsigned
	unknownKey
	expired
	skewed
	forged
)

const timeForm = "20060102T150405Z"

// signature checks Signature Version 4 by signing the request anew. The caller holds the lock.
func (s *Server) signature(r *http.Request, body []byte, service string, tolerance time.Duration) (flaw, string) {
	given := r.Header.Get("Authorization")
	parts := fields(given)
	scope := strings.Split(parts["Credential"], "/")
	if len(scope) != 5 {
		return unsigned, "Missing Authentication Token"
	}
	k, known := s.keys[scope[0]]
	at, err := time.Parse(timeForm, r.Header.Get("X-Amz-Date"))
	now := s.now().UTC()
	switch {
	case !known, k.token != r.Header.Get("X-Amz-Security-Token"):
		return unknownKey, ""
	case k.expired:
		return expired, ""
	case err != nil, scope[1] != at.Format("20060102"), scope[2] != Region, scope[3] != service, scope[4] != "aws4_request":
		return forged, "Credential should be scoped to a valid region, to correct service, and to the date of the request."
	case now.Sub(at) > tolerance:
		return skewed, "Signature expired: " + at.Format(timeForm) + " is now earlier than " + now.Add(-tolerance).Format(timeForm) + " (" + now.Format(timeForm) + " - 5 min.)"
	case at.Sub(now) > tolerance:
		return skewed, "Signature not yet current: " + at.Format(timeForm) + " is still later than " + now.Add(tolerance).Format(timeForm) + " (" + now.Format(timeForm) + " + 5 min.)"
	}
	again, err := resigned(r, body, aws.Credentials{AccessKeyID: scope[0], SecretAccessKey: k.secret, SessionToken: k.token}, parts["SignedHeaders"], service, at)
	if err != nil || fields(again)["Signature"] != parts["Signature"] {
		return forged, "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method."
	}
	return sound, ""
}

// fields are the parts of a header Authorization by their names.
func fields(header string) map[string]string {
	all := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimPrefix(header, "AWS4-HMAC-SHA256 "), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		all[name] = value
	}
	return all
}

// resigned is the header Authorization that this key would give the request.
func resigned(r *http.Request, body []byte, by aws.Credentials, signed, service string, at time.Time) (string, error) {
	u := *r.URL
	u.Scheme, u.Host = "http", r.Host
	again, err := http.NewRequestWithContext(r.Context(), r.Method, u.String(), nil)
	if err != nil {
		return "", err
	}
	for name := range strings.SplitSeq(signed, ";") {
		switch name {
		case "host":
			again.Host = r.Host
		case "content-length":
			again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), r.ContentLength
		default:
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if told := r.Header.Get("X-Amz-Content-Sha256"); service == "s3" {
		hash = told
	}
	err = v4.NewSigner().SignHTTP(r.Context(), by, again, hash, service, Region, at, func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = service == "s3"
	})
	return again.Header.Get("Authorization"), err
}
