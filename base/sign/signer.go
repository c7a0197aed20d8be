package sign

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Signer signs a request in place.
//
// Sign is given the body as it will be sent (nil for none) and must be the last to touch the method, the path and the
// query. It may be called again on the same request: the former signature is replaced and the clock read anew, so every
// attempt of a retry carries its own time. It is safe for concurrent use on different requests.
type Signer interface {
	Sign(req *http.Request, body []byte) error
}

// Config makes a signer. AppID and Secret are required.
type Config struct {
	Scheme    Scheme
	AppID     string // the public id of the application: printable ASCII without spaces
	Algorithm Algorithm
	// URLSafe writes the signature of QueryAppID in the URL-safe base64 alphabet. The other schemes fix theirs.
	URLSafe bool
	// Secret gives the current key for every signature, so a rotated key is used at once. The bytes are not kept or
	// changed. It must be safe for concurrent use.
	Secret func(ctx context.Context) ([]byte, error)
	// Now is the clock; nil is [time.Now].
	Now func() time.Time
}

// New makes a [Signer]. The error joins every problem of the Config.
func New(cfg Config) (Signer, error) {
	if err := errors.Join(cfg.Scheme.Validate(), cfg.Algorithm.Validate(), allowed(cfg.Algorithm),
		checkApp(cfg.AppID), cfg.checkSecret()); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &signer{Config: cfg, app: url.QueryEscape(cfg.AppID)}, nil
}

func (c Config) checkSecret() error {
	if c.Secret == nil {
		return errors.New("sign: Secret is missing; give the function that returns the key")
	}
	return nil
}

func checkApp(id string) error {
	if id == "" {
		return errors.New("sign: AppID is missing")
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return fmt.Errorf("sign: AppID has a space, control or non-ASCII byte at offset %d", i)
		}
	}
	return nil
}

type signer struct {
	Config
	app     string // AppID as it stands in a query
	current atomic.Pointer[key]
}

func (s *signer) Sign(req *http.Request, body []byte) error {
	if req == nil || req.URL == nil || req.URL.Opaque != "" {
		return fmt.Errorf("%w: it has no URL with a path", ErrUnsignable)
	}
	k, err := s.key(req.Context())
	if err != nil {
		return err
	}
	st := k.state()
	defer k.put(st)
	switch s.Scheme {
	case QueryAppID:
		return s.signApp(req, st)
	case QueryPublicNonce:
		return s.signQuery(req, st)
	default:
		return s.signHeader(req, body, st)
	}
}

// key asks for the secret and reuses the prepared hashes while it stays the same.
func (s *signer) key(ctx context.Context) (*key, error) {
	secret, err := s.Secret(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSecret, err)
	}
	if len(secret) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrSecret)
	}
	if k := s.current.Load(); k != nil && k.is(secret) {
		return k, nil
	}
	k := newKey(s.Algorithm, secret)
	s.current.Store(k)
	return k, nil
}

func (s *signer) signHeader(req *http.Request, body []byte, st *state) error {
	method := methodOf(req.Method)
	if !isToken(method) {
		return fmt.Errorf("%w: the method is not a token", ErrUnsignable)
	}
	path, err := wirePath(req.URL)
	if err != nil {
		return err
	}
	head, at := headerText(st.buf[:0], s.Scheme.separator(), method, path, s.Now().Unix())
	tag := st.tag(head, body)

	// One string holds both texts and one array all three values.
	text := st.buf[len(head):len(head)]
	text = append(text, tag...)
	text = hex.AppendEncode(text, text)[len(tag):]
	hexLen := len(text)
	text = append(text, head[at.from:at.to]...)
	both := string(text)
	values := [...]string{s.AppID, both[:hexLen], both[hexLen:]}
	if req.Header == nil {
		req.Header = make(http.Header, 3)
	}
	req.Header[keyDevice] = values[0:1:1]
	req.Header[keySignature] = values[1:2:2]
	req.Header[keyTimestamp] = values[2:3:3]
	return nil
}

func (s *signer) signApp(req *http.Request, st *state) error {
	query, err := unsigned(req.URL.RawQuery, ParamApp)
	if err != nil {
		return err
	}
	stamp := s.Now().UTC().Format(stampLayout)
	tag := st.tag(appText(st.buf[:0], s.AppID, stamp), nil)
	encoding := base64.StdEncoding
	if s.URLSafe {
		encoding = base64.URLEncoding
	}
	setQuery(req, s.stamped(query, ParamApp, stamp)+"&"+ParamSignature+"="+
		url.QueryEscape(encoding.EncodeToString(tag)))
	return nil
}

func (s *signer) signQuery(req *http.Request, st *state) error {
	query, err := unsigned(req.URL.RawQuery, ParamClient)
	if err != nil {
		return err
	}
	path, err := wirePath(req.URL)
	if err != nil {
		return err
	}
	query = s.stamped(query, ParamClient, s.Now().UTC().Format(stampLayout))
	tag := st.tag(queryText(st.buf[:0], path, query), nil)
	setQuery(req, query+"&"+ParamSignature+"="+base64.URLEncoding.EncodeToString(tag))
	return nil
}

// stamped is the query with the application and the time as its last parameters.
func (s *signer) stamped(query, param, stamp string) string {
	if query != "" {
		query += "&"
	}
	return query + param + "=" + s.app + "&" + ParamTimestamp + "=" + stamp
}

// setQuery gives the request a URL of its own: clones of a request share theirs.
func setQuery(req *http.Request, query string) {
	u := *req.URL
	u.RawQuery = query
	req.URL = &u
}

// unsigned is the query without the three parameters of a former signature. A query that uses one of the names for
// something else is refused: it could not be told from the signature's own.
func unsigned(query, app string) (string, error) {
	for i := range len(query) {
		if query[i] <= ' ' || query[i] == 0x7f {
			return "", fmt.Errorf("%w: the query has a byte that must be percent-encoded at offset %d", ErrUnsignable, i)
		}
	}
	rest, signature := cutLast(query)
	rest, stamp := cutLast(rest)
	rest, client := cutLast(rest)
	if name(signature) == ParamSignature && name(stamp) == ParamTimestamp && name(client) == app {
		query = rest
	}
	for part := range strings.SplitSeq(query, "&") {
		switch n := name(part); n {
		case app, ParamTimestamp, ParamSignature:
			return "", fmt.Errorf("%w: the query already has %s", ErrUnsignable, n)
		}
	}
	return query, nil
}

func cutLast(query string) (rest, last string) {
	if i := strings.LastIndexByte(query, '&'); i >= 0 {
		return query[:i], query[i+1:]
	}
	return "", query
}

// name is the decoded name of a query parameter.
func name(part string) string {
	raw, _, _ := strings.Cut(part, "=")
	if decoded, err := url.QueryUnescape(raw); err == nil {
		return decoded
	}
	return raw
}
