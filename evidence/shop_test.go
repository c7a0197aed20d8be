package evidence_test

import (
	"fmt"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/internal/incident"
)

// visit is one trace of a small shop: web calls orders, which calls stock and then prices. Orders and stock write lines.
type visit struct {
	n     int
	at    time.Time
	trace traced
}

// The spans of a visit, by what they are. A client's span and the server's that answers it are two.
const (
	webSpan         = "web"
	ordersCallSpan  = "web-orders"
	ordersSpan      = "orders"
	stockCallSpan   = "orders-stock"
	stockSpan       = "stock"
	pricesCallSpan  = "orders-prices"
	pricesSpan      = "prices"
	shopVisitLength = 100 * time.Millisecond
)

func (v *visit) id(span string) string { return fmt.Sprintf("%s-%d", span, v.n) }

func (v *visit) span(id, parent, service, name string, from, to int) {
	if parent != "" {
		parent = v.id(parent)
	}
	v.trace.spans = append(v.trace.spans, traces.Span{
		TraceID: fmt.Sprintf("trace-%d", v.n), SpanID: v.id(id), ParentID: parent, Service: service, Name: name,
		Start: v.at.Add(time.Duration(from) * time.Millisecond), Duration: time.Duration(to-from) * time.Millisecond,
		Resources: map[string]string{incident.PodKey: service + "-1"},
	})
}

func (v *visit) line(span string, at int, severity logs.Severity, body string) {
	v.trace.write(v.trace.span(v.id(span)), v.at.Add(time.Duration(at)*time.Millisecond), severity, body)
}

// of is the span of the visit.
func (v *visit) of(span string) *traces.Span { return v.trace.span(v.id(span)) }

func newVisit(n int, at time.Time) *visit {
	v := &visit{n: n, at: at}
	v.span(webSpan, "", "web", "GET /buy", 0, 100)
	v.span(ordersCallSpan, webSpan, "web", "POST", 5, 95)
	v.span(ordersSpan, ordersCallSpan, "orders", "Orders.place", 8, 92)
	v.span(stockCallSpan, ordersSpan, "orders", "GET", 20, 40)
	v.span(stockSpan, stockCallSpan, "stock", "Stock.reserve", 22, 38)
	v.span(pricesCallSpan, ordersSpan, "orders", "GET", 50, 70)
	v.span(pricesSpan, pricesCallSpan, "prices", "Prices.of", 52, 68)
	v.line(ordersSpan, 10, logs.SeverityInfo, "INFO shop.Orders#10 place order "+fmt.Sprint(n))
	v.line(stockSpan, 24, logs.SeverityInfo, "INFO shop.Stock#5 reserve 1 piece")
	v.line(stockSpan, 36, logs.SeverityInfo, "INFO shop.Stock#9 reserved")
	v.line(ordersSpan, 45, logs.SeverityInfo, "INFO shop.Orders#20 stock is reserved")
	v.line(ordersSpan, 80, logs.SeverityInfo, "INFO shop.Orders#30 order is placed")
	return v
}

// noonUTC is when the recordings of the shop begin.
var noonUTC = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// shop is so many visits, one a second, each changed as it is told.
func shop(visits int, change func(*visit)) incident.Case {
	c := incident.Case{Name: "shop", Window: base.Window{From: noonUTC, To: noonUTC.Add(time.Duration(visits) * time.Second)}}
	for n := range visits {
		v := newVisit(n, noonUTC.Add(time.Duration(n)*time.Second+100*time.Millisecond))
		if change != nil {
			change(v)
		}
		c.Spans = append(c.Spans, v.trace.spans...)
		c.Logs = append(c.Logs, v.trace.lines...)
	}
	return c
}

// from changes the visits from that one on.
func from(first int, change func(*visit)) func(*visit) {
	return func(v *visit) {
		if v.n >= first {
			change(v)
		}
	}
}

// cores are measurements of a pod of each service, one a minute, of which one is high from an instant on.
func cores(c incident.Case, high string, since time.Time) incident.Case {
	for at := c.Window.From.Add(-9 * time.Minute); at.Before(c.Window.To.Add(2 * time.Minute)); at = at.Add(30 * time.Second) {
		for i, service := range []string{"web", "orders", "stock", "prices"} {
			value := 4 + float64(i) + float64(at.Unix()/30%3)
			if service == high && !at.Before(since) {
				value = 93
			}
			c.Metrics = append(c.Metrics, metrics.Point{
				Time: at, Metric: "cpu_usage_percent", Value: value,
				Labels: map[string]string{incident.ServiceKey: service, incident.PodKey: service + "-1"},
			})
		}
	}
	return c
}
