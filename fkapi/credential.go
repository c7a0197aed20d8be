package fkapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/sign"
	"github.com/fourkites/sources/internal/login"
)

// credential puts the present secret on every attempt and asks for the next one when it is refused.
type credential struct {
	*login.Secret
	signer sign.Signer // nil: Basic
	user   string
	clock  clock
}

func newCredential(ctx context.Context, c Config, resolver secret.Resolver) (*credential, error) {
	field, value := "secret", c.Secret
	if c.basic() {
		field, value = "password", c.Password
	}
	kept, err := login.New(ctx, value, resolver)
	if err != nil {
		return nil, named(field, err)
	}
	k := &credential{Secret: kept, user: c.User, clock: clock{follow: c.FollowServerClock}}
	k.learn(ctx, c.Secret, c.Password)
	if c.basic() {
		return k, nil
	}
	k.signer, err = sign.New(sign.Config{
		Scheme: c.Scheme, AppID: c.AppID, Algorithm: c.Algorithm, Secret: k.key, Now: k.clock.now,
	})
	if err != nil {
		return nil, errors.Join(err, k.Close()) // nothing was asked of it
	}
	return k, nil
}

// learn remembers the literals of the Config, used or not: a service that repeats one must not get it into a text.
// A source that would have to ask somebody does not answer under a context that has ended.
func (k *credential) learn(ctx context.Context, values ...secret.Value) {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	for _, v := range values {
		if _, reference := v.Reference(); reference || v.IsZero() {
			continue
		}
		source, err := v.Source(ctx, nil)
		if err != nil {
			continue
		}
		if snap, err := source.Get(ctx); err == nil {
			k.Remember(snap.Reveal())
		}
	}
}

// trace is what one call remembers of its last attempt.
type trace struct {
	version string // of the secret that it carried
}

type traceKey struct{}

func withTrace(ctx context.Context) context.Context {
	return context.WithValue(ctx, traceKey{}, &trace{})
}

func traceOf(ctx context.Context) *trace {
	if t, ok := ctx.Value(traceKey{}).(*trace); ok {
		return t
	}
	return &trace{}
}

// sign is called for every attempt.
func (k *credential) sign(req *http.Request, body []byte) error {
	if k.signer != nil {
		return k.signer.Sign(req, body)
	}
	password, err := k.show(req.Context())
	if err != nil {
		return err
	}
	req.SetBasicAuth(cmp.Or(password.User, k.user), password.Reveal())
	return nil
}

func (k *credential) key(ctx context.Context) ([]byte, error) {
	snap, err := k.show(ctx)
	if err != nil {
		return nil, err
	}
	return snap.Bytes(), nil
}

func (k *credential) show(ctx context.Context) (secret.Snapshot, error) {
	snap, err := k.Get(ctx)
	if err != nil {
		return secret.Snapshot{}, err
	}
	traceOf(ctx).version = snap.Version
	k.Remember(snap.Reveal())
	return snap, nil
}

var errClockOff = errors.New("the clock is off, so the secret was not to blame")

// refresh is asked for once per call after a 401. Without an error the call is tried once more. A secret that was
// refused is not sent again, unless the clock was the likely reason.
func (k *credential) refresh(ctx context.Context) error {
	if k.signer != nil && k.clock.blamed() {
		if k.clock.adopt() {
			return nil
		}
		return errClockOff
	}
	k.Refuse(traceOf(ctx).version)
	return k.Refresh(ctx)
}

// maxSkew is the difference from the server's clock above which it is named as the likely reason of a refusal.
const maxSkew = time.Minute

// blameFor is how long a measured difference explains refusals.
const blameFor = 10 * time.Second

// clock is ours, moved to the server's where that is allowed.
type clock struct {
	follow   bool
	offset   atomic.Int64 // nanoseconds added to our clock
	measured atomic.Int64 // how far the clock that signs was ahead of the server's, at the last refusal
	at       atomic.Int64 // when that was, in Unix nanoseconds; zero = never
	adopted  atomic.Int64 // when the clock was moved: refusals of what was signed before still come in
}

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// measure compares the clock that signs with the Date of a refusal; ok says that it is far off.
func (c *clock) measure(header http.Header) (skew time.Duration, ok bool) {
	skew, ok = sign.Skew(&http.Response{Header: header}, c.now())
	if !ok || skew.Abs() <= maxSkew {
		c.at.Store(0)
		return skew, false
	}
	c.measured.Store(int64(skew))
	c.at.Store(time.Now().UnixNano())
	return skew, true
}

func (c *clock) blamed() bool {
	at := max(c.at.Load(), c.adopted.Load())
	return at != 0 && time.Since(time.Unix(0, at)) < blameFor
}

// adopt moves the clock that signs to the server's, once per measurement.
func (c *clock) adopt() bool {
	if !c.follow {
		return false
	}
	if skew := c.measured.Swap(0); skew != 0 {
		c.offset.Add(-skew)
		c.adopted.Store(time.Now().UnixNano())
	}
	return true
}

// hint explains a refusal by the clock.
func (c *clock) hint(skew time.Duration) string {
	direction := "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	return fmt.Sprintf("our clock is %s %s the server's, so the signature's time is refused; set the clock of this machine",
		skew.Abs(), direction)
}

// refused explains an Unauthenticated answer.
func (k *credential) refused(header http.Header, e *base.Error) {
	if k.signer == nil {
		e.SetHint(base.HintOf("the credentials were refused; check user and password"))
		return
	}
	e.SetHint(base.HintOf("the signature was refused; check app_id, secret and scheme"))
	if skew, far := k.clock.measure(header); far {
		e.Hint = k.clock.hint(skew)
	}
}
