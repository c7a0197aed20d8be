// Package base is the vocabulary and the guard that every source shares: what a client is, how its calls are bounded,
// retried and observed, what an error, an answer and the health of a source are.
//
// # Calls
//
// Every call of every source goes through a [Guard], by [Do], [Open] or [Stream], in one order: overall deadline,
// retry, breaker peek, rate, permit, breaker admit, attempt deadline, the driver's call with its own retries off.
//
// # Errors
//
// A failed call returns an [*Error]. Ask errors.Is(err, base.ErrThrottled) or [KindOf]; errors.As finds the driver's
// own error. An iterator that ends without an error has handed out everything. Otherwise its last yield is an
// [*IncompleteError], where a limit or a missing part ended it, or an [*Error], where a failure did, such as a server that
// restarted.
//
// # Telemetry
//
// With [WithTracerProvider] each call is one span; with [WithMeterProvider] the guard records
// db.client.operation.duration or http.client.request.duration, and rca.client.call.retries,
// rca.client.call.retry_delay, rca.client.permit.wait, rca.client.permit.inflight, rca.client.breaker.state,
// rca.client.rejections and rca.client.retry_budget.tokens. Without providers nothing is recorded and nothing is paid.
package base

import (
	"context"
	"time"
)

// CloseGrace is how long Close of every client lets running calls finish before it cuts them.
const CloseGrace = 5 * time.Second

// Client is what all clients of sources have in common. A concrete client is safe for concurrent use.
type Client interface {
	// Name is the name given in the Config, else that of the package.
	Name() string
	// Ping is the cheapest true proof of reach and credentials.
	Ping(ctx context.Context) error
	// Health is what is known without a call.
	Health() Health
	// Close ends the client: new calls are refused at once, running ones have CloseGrace to finish and are then cut, of
	// which its error tells. It returns within twice CloseGrace, whatever the source does, and may be called again.
	Close() error
}
