package redislimit

import (
	"errors"
	"fmt"
	"time"
)

// ErrOutage means that the shared limit could not be asked and that [Config.OnOutage] is closed. The error around it says
// since when and why. It says nothing about the source that the limit protects.
var ErrOutage = errors.New("redislimit: the shared limit is out of reach")

// Refusal is the error of a call that was not let through. Unwrap gives [ErrOutage], limit.ErrNoTime or
// limit.ErrFull, and of Ping of a zero Limiter limit.ErrClosed.
type Refusal struct {
	Limit string        // its name
	Wait  time.Duration // after which another attempt has a chance; zero = not known
	Err   error         // the sentinel, or an error around it
}

// Error names the limit and the reason.
func (e *Refusal) Error() string { return fmt.Sprintf("limit %s: %v", e.Limit, e.Err) }

// Unwrap is the reason.
func (e *Refusal) Unwrap() error { return e.Err }

// RetryAfter is Wait, for base.Limiter.
func (e *Refusal) RetryAfter() time.Duration { return e.Wait }
