package canarysweep_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/breaker"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/tool"
)

// leaky is a client that says its secret in one place.
type leaky struct {
	place, text string
	options     base.Options
}

func (l *leaky) Name() string { return "leaky" }
func (l *leaky) Close() error { return nil }

func (l *leaky) Ping(ctx context.Context) error {
	_, err := l.call(ctx, struct{}{})
	return err
}

func (l *leaky) Health() base.Health {
	h := base.Health{Breaker: breaker.Closed.String()}
	if l.place == "health" {
		h.Source = l.text
	}
	return h
}

type said struct {
	Text string `json:"text"`
}

func (l *leaky) Tools() []tool.Tool {
	return []tool.Tool{tool.Declare[struct{}, said]("leaky_say", "Says something.").Bind(l.call)}
}

// call leaks, on the way to an answer or an error.
func (l *leaky) call(ctx context.Context, _ struct{}) (said, error) {
	ctx, span := l.options.TracerProvider.Tracer("leaky").Start(ctx, map[bool]string{true: l.text, false: "call"}[l.place == "span name"])
	defer span.End()
	switch l.place {
	case "log message":
		l.options.Logger.DebugContext(ctx, l.text)
	case "log attribute":
		l.options.Logger.WarnContext(ctx, "failed", "cause", l.text)
	case "span attribute":
		span.SetAttributes(attribute.String("header", l.text))
	case "span event":
		span.RecordError(errors.New(l.text))
	case "span status":
		span.SetStatus(codes.Error, l.text)
	case "metric":
		counter, err := l.options.MeterProvider.Meter("leaky").Int64Counter("calls")
		if err != nil {
			return said{}, err
		}
		counter.Add(ctx, 1, metric.WithAttributes(attribute.String("by", l.text)))
	case "stats":
		base.AddStats(ctx, base.Stats{QueryID: l.text})
	case "error":
		return said{}, base.NewError(base.KindUnavailable, nil).WithText(l.text)
	case "cause":
		return said{}, base.NewError(base.KindUnavailable, fmt.Errorf("asked: %w", errors.New(l.text))).WithText("it failed")
	case "answer":
		return said{Text: l.text}, nil
	}
	return said{}, nil
}

var places = []string{
	"log message", "log attribute", "span name", "span attribute", "span event", "span status", "metric", "stats", "error", "cause", "answer", "health",
}

func spellings(s string) map[string]string {
	inJSON, _ := json.Marshal(s) // a text has a JSON form
	twice, _ := json.Marshal(string(inJSON))
	return map[string]string{
		"raw": s, "query": url.QueryEscape(s), "path": url.PathEscape(s), "JSON": string(inJSON), "JSON twice": string(twice), "quoted": strconv.Quote(s),
		"HTML": html.EscapeString(s), "hex": hex.EncodeToString([]byte(s)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(s))),
		"base64": base64.StdEncoding.EncodeToString([]byte(s)), "base64 at 1": base64.StdEncoding.EncodeToString([]byte("x" + s)),
		"base64 at 2": base64.RawURLEncoding.EncodeToString([]byte("u:" + s + "x")), "half": s[:len(s)/2], "bytes": fmt.Sprintf("%d", []byte(s)),
	}
}

// Each place and each spelling is the only one that leaks in its turn.
func TestTheSweepFindsASecretThatIsLeakedOnPurpose(t *testing.T) {
	t.Parallel()
	for _, place := range places {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			w := newWorld("leak in " + place)
			secret := w.set.Password("leaky.Config.Password")
			for spelling, text := range spellings(secret) {
				w := newWorld("leak in " + place) // the same secret
				w.set.Password("leaky.Config.Password")
				options, err := base.NewOptions(w.options())
				if err != nil {
					t.Fatal(err)
				}
				s := &subject{
					open: func(context.Context) (client, error) {
						return &leaky{place: place, text: "with " + text, options: options}, nil
					},
					secrets: []string{secret}, fail: func(fault.Fault, int) {}, clear: func() {},
				}
				s.renew(t.Context(), w)
				s.round(t.Context(), w, "a call", all)
				w.value("ping", s.client.Ping(t.Context()))
				s.health(w)
				w.telemetry()
				if len(w.order) == 0 {
					t.Errorf("%s in a %s was not found", spelling, place)
				}
			}
			none := newWorld("leak in " + place)
			none.set.Password("leaky.Config.Password")
			none.text("what holds none", "with "+newWorld("another").set.Password("x"))
			if len(none.order) > 0 {
				t.Error(none.order)
			}
		})
	}
}
