package base

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
)

// Safety says what a repetition of a call does. It decides when the call may be retried.
type Safety uint8

// ReadOnly changes nothing; Idempotent changes the same thing the same way; Unsafe does it again.
const (
	ReadOnly Safety = iota
	Idempotent
	Unsafe
)

// System is the kind of system that an operation talks to. It decides the names of its spans and metrics.
type System uint8

// The families of semantic conventions.
const (
	SystemHTTP System = iota
	SystemDB
	SystemGenAI
	SystemMCP
)

// Op is the static description of one client method: one package-level value per method, never copied or changed. It
// carries what would otherwise be made anew for every call.
type Op struct {
	Name   string // the method's name
	System System
	Safety Safety
	Weight int64 // permits that a call takes; 0 = 1

	// Timeout bounds a whole call, retries and waits included; zero takes that of Limits.
	Timeout time.Duration
	// AttemptTimeout bounds one attempt; zero takes that of Limits.
	AttemptTimeout time.Duration
	// Attributes are added to the spans and metrics of the method; their values must be few.
	Attributes []attribute.KeyValue
	// Probe marks the cheap proof of reach: it takes no token of the rate and waits for no permit.
	Probe bool
}
