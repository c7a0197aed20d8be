package sign

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// DefaultWindow is how far a signed time may be from the verifier's clock, in either direction.
const DefaultWindow = 300 * time.Second

// DefaultReplays is how many accepted requests a verifier remembers.
const DefaultReplays = 100_000

// VerifierConfig makes a [Verifier]. Keys is required.
type VerifierConfig struct {
	Scheme    Scheme
	Algorithm Algorithm
	URLSafe   bool // QueryAppID is written in the URL-safe base64 alphabet
	// Keys gives the keys of an application: one, or two while a rotation is under way. None means unknown. It must
	// be safe for concurrent use; its slices are not kept or changed.
	Keys func(ctx context.Context, appID string) ([][]byte, error)
	// Window is how old or how early a signature may be; 0 is [DefaultWindow]. A negative one is an error: a signature
	// without a window could be replayed for ever.
	Window time.Duration
	// Replays bounds the memory of accepted requests; 0 is [DefaultReplays], negative remembers none. When it is full
	// the oldest seconds are forgotten and requests signed in or before them are refused as expired, so a flood
	// shortens the window but never lets a replay through.
	Replays int
	// AllowReplay names the requests that may arrive more than once, for example [ReadOnly]. Nil: none. The schemes
	// carry no nonce, so a client that sends the same request twice in one second, as a quick retry does, cannot be
	// told from a replay. What a scheme does not sign can be changed in a captured request: the verifier then takes it
	// for another request, so a service must not act on parts that are not signed.
	AllowReplay func(*http.Request) bool
	// Now is the clock; nil is [time.Now].
	Now func() time.Time
}

// ReadOnly reports whether the method of the request promises to change nothing: GET, HEAD, OPTIONS, TRACE. It serves
// as [VerifierConfig.AllowReplay].
func ReadOnly(req *http.Request) bool {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// Verifier checks signed requests at the receiving side. It is safe for concurrent use and starts no goroutine.
type Verifier struct {
	cfg     VerifierConfig
	replays *replays
	keys    sync.Map // string of the secret -> *key; at most maxKeys
	count   int
	mu      sync.Mutex // guards count and the writes to keys
}

// maxKeys bounds the prepared hashes; above it they are made anew.
const maxKeys = 1024

// NewVerifier makes a [Verifier]. The error joins every problem of the Config.
func NewVerifier(cfg VerifierConfig) (*Verifier, error) {
	problems := []error{cfg.Scheme.Validate(), cfg.Algorithm.Validate(), allowed(cfg.Algorithm)}
	if cfg.Keys == nil {
		problems = append(problems, errors.New("sign: Keys is missing; give the function that returns an application's keys"))
	}
	if cfg.Window < 0 {
		problems = append(problems, fmt.Errorf("sign: Window is negative: %s", cfg.Window))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if cfg.Window == 0 {
		cfg.Window = DefaultWindow
	}
	if cfg.Replays == 0 {
		cfg.Replays = DefaultReplays
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Verifier{cfg: cfg, replays: newReplays(cfg.Replays)}, nil
}

// claim is what a request says about its own signature, before anything is believed.
type claim struct {
	app   string
	at    time.Time
	tag   []byte
	query string                  // as sent, without the signature
	head  func(buf []byte) []byte // the string to sign, without the body
	body  []byte
}

// Verify reports whether the request was signed by a known application, now, and for the first time. The body is what
// was received; the path and the query are read from RequestURI, the bytes on the wire. The error matches [ErrMissing],
// [ErrUnknownApp], [ErrSignature], [ErrExpired] (a [*SkewError]) or [ErrReplayed], checked in that order: who cannot
// sign learns nothing about the clock. An error of Keys is returned wrapped.
func (v *Verifier) Verify(req *http.Request, body []byte) error {
	c, err := v.claim(req, body)
	if err != nil {
		return err
	}
	if err := v.match(req.Context(), c); err != nil {
		return err
	}
	now := v.cfg.Now()
	if skew := c.at.Sub(now.Truncate(time.Second)); skew.Abs() > v.cfg.Window {
		return &SkewError{Skew: skew, Window: v.cfg.Window}
	}
	if v.cfg.Replays < 0 || (v.cfg.AllowReplay != nil && v.cfg.AllowReplay(req)) {
		return nil
	}
	oldest := now.Add(-v.cfg.Window).Unix()
	return v.replays.accept(printOf(req, c, body), c.at.Unix(), oldest)
}

// match compares the tag with that of each key; every key is tried, so the time taken does not say which one matched.
func (v *Verifier) match(ctx context.Context, c claim) error {
	secrets, err := v.cfg.Keys(ctx, c.app)
	switch {
	case err != nil:
		return fmt.Errorf("sign: keys of the application: %w", err)
	case len(secrets) == 0:
		return ErrUnknownApp
	case len(secrets) > 2:
		return fmt.Errorf("%w: %d keys for one application; at most two", ErrSecret, len(secrets))
	}
	matched := false
	for _, secret := range secrets {
		if len(secret) == 0 {
			return fmt.Errorf("%w: a key of the application is empty", ErrSecret)
		}
		if v.matches(c, secret) {
			matched = true
		}
	}
	if !matched {
		return ErrSignature
	}
	return nil
}

func (v *Verifier) matches(c claim, secret []byte) bool {
	k := v.key(secret)
	st := k.state()
	defer k.put(st)
	return hmac.Equal(st.tag(c.head(st.buf[:0]), c.body), c.tag)
}

func (v *Verifier) key(secret []byte) *key {
	if k, ok := v.keys.Load(string(secret)); ok {
		return k.(*key)
	}
	k := newKey(v.cfg.Algorithm, secret)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.count < maxKeys {
		v.count++
		v.keys.Store(string(secret), k)
	}
	return k
}

func (v *Verifier) claim(req *http.Request, body []byte) (claim, error) {
	if req == nil || (req.URL == nil && req.RequestURI == "") {
		return claim{}, ErrMissing
	}
	path, query := target(req)
	if !isPath(path) {
		return claim{}, fmt.Errorf("%w: the path has a byte that must be percent-encoded", ErrSignature)
	}
	switch v.cfg.Scheme {
	case QueryAppID, QueryPublicNonce:
		return v.queryClaim(path, query)
	default:
		return v.headerClaim(req, path, query, body)
	}
}

// target is the path and the query as they came over the wire.
func target(req *http.Request) (path, query string) {
	uri := req.RequestURI
	if !strings.HasPrefix(uri, "/") {
		uri = req.URL.RequestURI()
	}
	path, query, _ = strings.Cut(uri, "?")
	return path, query
}

func (v *Verifier) headerClaim(req *http.Request, path, query string, body []byte) (claim, error) {
	var values [3]string
	for i, name := range [...]string{keyDevice, keySignature, keyTimestamp} {
		switch got := req.Header[name]; {
		case len(got) == 0 || got[0] == "":
			return claim{}, ErrMissing
		case len(got) > 1:
			return claim{}, fmt.Errorf("%w: a header of the signature is repeated", ErrSignature)
		default:
			values[i] = got[0]
		}
	}
	method := methodOf(req.Method)
	seconds, err := strconv.ParseUint(values[2], 10, 40)
	if err != nil || strconv.FormatUint(seconds, 10) != values[2] || !isToken(method) {
		return claim{}, fmt.Errorf("%w: the timestamp is not in Unix seconds", ErrSignature)
	}
	tag, err := v.sized(hex.DecodeString(values[1]))
	if err != nil {
		return claim{}, err
	}
	return claim{app: values[0], at: time.Unix(int64(seconds), 0), tag: tag, body: body, query: query, head: func(buf []byte) []byte {
		head, _ := headerText(buf, v.cfg.Scheme.separator(), method, path, int64(seconds))
		return head
	}}, nil
}

func (v *Verifier) queryClaim(path, query string) (claim, error) {
	signed, _ := cutLast(query)
	found, err := signatureParams(query, v.cfg.Scheme.appParam())
	if err != nil {
		return claim{}, err
	}
	if v.cfg.Scheme == QueryPublicNonce && !found.last {
		return claim{}, fmt.Errorf("%w: client_id, timestamp and signature are not the last parameters", ErrSignature)
	}
	at, err := time.Parse(stampLayout, found.stamp)
	if err != nil || at.Format(stampLayout) != found.stamp {
		return claim{}, fmt.Errorf("%w: the timestamp is not of the form YYYYMMDDHHMMSS", ErrSignature)
	}
	encoding := base64.StdEncoding
	if v.cfg.URLSafe || v.cfg.Scheme == QueryPublicNonce {
		encoding = base64.URLEncoding
	}
	tag, err := v.sized(encoding.Strict().DecodeString(found.tag))
	if err != nil {
		return claim{}, err
	}
	return claim{app: found.app, at: at, tag: tag, query: found.rest, head: func(buf []byte) []byte {
		if v.cfg.Scheme == QueryPublicNonce {
			return queryText(buf, path, signed)
		}
		return appText(buf, found.app, found.stamp)
	}}, nil
}

// sized refuses a tag that is not whole, before any comparison.
func (v *Verifier) sized(tag []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, fmt.Errorf("%w: it is not encoded as the scheme demands", ErrSignature)
	}
	if len(tag) != v.cfg.Algorithm.size() {
		return nil, fmt.Errorf("%w: it has %d bytes, not %d", ErrSignature, len(tag), v.cfg.Algorithm.size())
	}
	return tag, nil
}

type params struct {
	app, stamp, tag string
	rest            string // the query without the signature
	last            bool   // they are the last three, in this order
}

// signatureParams finds the three parameters of a signature, each exactly once.
func signatureParams(query, app string) (params, error) {
	names := [...]string{app, ParamTimestamp, ParamSignature}
	var values [3]string
	var at [3]int
	n := 0
	var rest []string
	for part := range strings.SplitSeq(query, "&") {
		n++
		if name(part) != ParamSignature {
			rest = append(rest, part)
		}
		for i := range names {
			if name(part) != names[i] {
				continue
			}
			if at[i] != 0 {
				return params{}, fmt.Errorf("%w: the parameter %s is repeated", ErrSignature, names[i])
			}
			_, raw, _ := strings.Cut(part, "=")
			value, err := url.QueryUnescape(raw)
			if err != nil {
				return params{}, fmt.Errorf("%w: the parameter %s is not percent-encoded", ErrSignature, names[i])
			}
			at[i], values[i] = n, value
		}
	}
	if values[0] == "" || values[1] == "" || values[2] == "" {
		return params{}, ErrMissing
	}
	return params{
		app: values[0], stamp: values[1], tag: values[2], rest: strings.Join(rest, "&"),
		last: at == [3]int{n - 2, n - 1, n},
	}, nil
}
