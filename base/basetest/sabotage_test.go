package basetest_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/basetest"
)

// waiting is longer than rows of a short patience wait.
const waiting = 3 * time.Second

// sabotage makes a bad client of a good one.
type sabotage struct {
	settings func(*basetest.Settings)
	subject  func(testing.TB, *basetest.Subject)
	harness  func(*basetest.Harness)
}

func (s sabotage) of(h basetest.Harness) basetest.Harness {
	good := h.New
	h.New = func(t testing.TB, settings basetest.Settings) basetest.Subject {
		if s.settings != nil {
			s.settings(&settings)
		}
		subject := good(t, settings)
		if s.subject != nil {
			s.subject(t, &subject)
		}
		return subject
	}
	if s.harness != nil {
		s.harness(&h)
	}
	return h
}

// saying has the client say something with its secret when it is made.
func saying(say func(o base.Options, key string)) sabotage {
	return sabotage{harness: func(h *basetest.Harness) {
		good, key := h.New, h.Secrets[0]
		h.New = func(t testing.TB, s basetest.Settings) basetest.Subject {
			options, err := base.NewOptions(s.Options, "Dialer", "TLS")
			if err != nil {
				t.Fatal(err)
			}
			say(options, key)
			return good(t, s)
		}
	}}
}

// reading replaces how a client reads.
func reading(how func(read func(context.Context) (int, error), s *basetest.Subject, ctx context.Context) (int, error)) sabotage {
	return sabotage{subject: func(_ testing.TB, s *basetest.Subject) {
		read := s.Read
		s.Read = func(ctx context.Context) (int, error) { return how(read, s, ctx) }
	}}
}

// failing replaces the error of a read.
func failing(how func(error) error) sabotage {
	return reading(func(read func(context.Context) (int, error), _ *basetest.Subject, ctx context.Context) (int, error) {
		n, err := read(ctx)
		if err != nil {
			err = how(err)
		}
		return n, err
	})
}

var (
	// optimist takes half an answer, or none, for a whole one.
	optimist = reading(func(read func(context.Context) (int, error), s *basetest.Subject, ctx context.Context) (int, error) {
		_, _ = read(ctx)
		return s.Items, nil
	})
	// stubborn repeats on its own what failed.
	stubborn = reading(func(read func(context.Context) (int, error), _ *basetest.Subject, ctx context.Context) (n int, err error) {
		for range 5 {
			if n, err = read(ctx); err == nil {
				break
			}
		}
		return n, err
	})
	// sleepy comes back late with bad news.
	sleepy = reading(func(read func(context.Context) (int, error), _ *basetest.Subject, ctx context.Context) (int, error) {
		n, err := read(ctx)
		if err != nil {
			<-time.After(waiting)
		}
		return n, err
	})
	// frozen asks once and gives the same answer for ever.
	frozen = sabotage{subject: func(_ testing.TB, s *basetest.Subject) {
		read := s.Read
		var had atomic.Bool
		s.Read = func(ctx context.Context) (int, error) {
			if had.Load() {
				return s.Items, nil
			}
			n, err := read(ctx)
			had.Store(err == nil)
			return n, err
		}
	}}
	// follower goes where a redirect leads.
	follower = reading(func(read func(context.Context) (int, error), _ *basetest.Subject, ctx context.Context) (int, error) {
		n, err := read(ctx)
		if to := regexp.MustCompile(`http://[0-9.:]+`).FindString(errorText(err)); to != "" {
			knock(ctx, to)
		}
		return n, err
	})
	// insistent sends a refused credential over and over.
	insistent = reading(func(read func(context.Context) (int, error), s *basetest.Subject, ctx context.Context) (int, error) {
		n, err := read(ctx)
		for range 3 {
			knock(ctx, "http://"+s.Fake.Address)
		}
		return n, err
	})
	untyped  = failing(func(err error) error { return errors.New(err.Error()) })
	nameless = failing(func(err error) error { return base.NewError(base.KindOf(err), nil) })
	wrong    = failing(func(error) error { return base.NewError(base.KindConflict, nil) })

	hasty       = sabotage{settings: func(s *basetest.Settings) { s.Limits.Retries = -1 }}
	spendthrift = sabotage{settings: func(s *basetest.Settings) { s.Limits.RetryRatio = -1 }}
	crowd       = sabotage{settings: func(s *basetest.Settings) { s.Limits.Concurrency = -1 }}

	// deaf does not hear that its caller has gone.
	deaf = sabotage{
		settings: func(s *basetest.Settings) {
			s.Limits.Timeout, s.Limits.Attempt = base.Duration(3*time.Second), base.Duration(3*time.Second)
		},
		subject: func(_ testing.TB, s *basetest.Subject) {
			read, each := s.Read, s.Each
			s.Read = func(ctx context.Context) (int, error) { return read(context.WithoutCancel(ctx)) }
			s.Each = func(ctx context.Context) iter.Seq2[int, error] { return each(context.WithoutCancel(ctx)) }
		},
	}
	// content is pleased with every ping, and never closes.
	content = sabotage{subject: func(_ testing.TB, s *basetest.Subject) { s.Client = contented{s.Client} }}
	// careless accepts every configuration.
	careless = sabotage{harness: func(h *basetest.Harness) { h.Configure = func(base.Limits) error { return nil } }}
	// stale keeps sending the credential that was replaced.
	stale = sabotage{subject: func(_ testing.TB, s *basetest.Subject) {
		rotate := s.Fake.Rotate
		s.Fake.Rotate = func() { rotate(); s.Fake.Refuse() }
	}}
	// twice writes again what may have been written.
	twice = sabotage{subject: func(_ testing.TB, s *basetest.Subject) {
		write := s.Write
		s.Write = func(ctx context.Context) error {
			err := write(ctx)
			if err != nil {
				_ = write(ctx)
			}
			return err
		}
	}}
	// talkative puts its secret into its errors, chatty into its log.
	talkative = sabotage{harness: func(h *basetest.Harness) {
		good, key := h.New, h.Secrets[0]
		h.New = func(t testing.TB, s basetest.Settings) basetest.Subject {
			subject := good(t, s)
			read := subject.Read
			subject.Read = func(ctx context.Context) (int, error) {
				n, err := read(ctx)
				if err != nil {
					err = base.NewError(base.KindOf(err), nil).WithText("with " + key)
				}
				return n, err
			}
			return subject
		}
	}}
	chatty = saying(func(o base.Options, key string) { o.Logger.Info("made", "password", key) })
	// murmuring logs its secret in base64 behind a user, halving the half of it; measuring counts by it, tracing names it
	// in an event; buried hides it in the error below its error.
	murmuring = saying(func(o base.Options, key string) {
		o.Logger.Debug("asked", "header", "Basic "+base64.StdEncoding.EncodeToString([]byte("u:"+key)))
	})
	halving   = saying(func(o base.Options, key string) { o.Logger.Debug("cut", "text", key[:len(key)/2+1]+"…") })
	measuring = saying(func(o base.Options, key string) {
		h, _ := o.MeterProvider.Meter("").Float64Histogram("h") // the one of the suite
		h.Record(context.Background(), 1, metric.WithAttributes(attribute.String("key", url.QueryEscape(key))))
	})
	tracing = saying(func(o base.Options, key string) {
		_, span := o.TracerProvider.Tracer("").Start(context.Background(), "call")
		span.AddEvent("asked", trace.WithAttributes(attribute.String("body", fmt.Sprintf("%x", key))))
	})
	buried = sabotage{harness: func(h *basetest.Harness) {
		key := h.Secrets[0]
		*h = failing(func(err error) error {
			return base.NewError(base.KindOf(err), errors.New("with "+key)).WithText("it failed")
		}).of(*h)
	}}
	// leaky leaves a connection open, forgetful a goroutine running, as long as the process lives.
	leaky = sabotage{subject: func(_ testing.TB, s *basetest.Subject) {
		read := s.Read
		s.Read = func(ctx context.Context) (int, error) {
			c, err := new(net.Dialer).DialContext(ctx, "tcp", s.Fake.Address)
			if err == nil {
				left(c)
			}
			return read(ctx)
		}
	}}
	forgetful = sabotage{subject: func(_ testing.TB, s *basetest.Subject) {
		read, each := s.Read, s.Each
		hang := func() { go func() { select {} }() }
		s.Read = func(ctx context.Context) (int, error) { hang(); return read(ctx) }
		s.Each = func(ctx context.Context) iter.Seq2[int, error] { hang(); return each(ctx) }
	}}
)

type contented struct{ base.Client }

func (contented) Ping(context.Context) error { return nil }
func (contented) Close() error               { return nil }

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// left keeps a connection from being closed by the garbage collector.
func left(c net.Conn) {
	lost.Lock()
	defer lost.Unlock()
	lost.conns = append(lost.conns, c)
}

var lost struct {
	sync.Mutex
	conns []net.Conn
}

// knock sends a request that nobody asked for.
func knock(ctx context.Context, url string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
	if err != nil {
		return
	}
	req.Close = true
	if resp, err := new(http.Transport).RoundTrip(req); err == nil {
		_ = resp.Body.Close()
	}
}
