package base

import (
	"encoding/json"
	"fmt"
	"time"
)

// UnmarshalJSON reads what MarshalJSON wrote, as it comes from another process. The texts come from outside: the guard of the
// client that hands the error out cleans them. An unknown kind is an error, for a program would take it for none.
func (e *Error) UnmarshalJSON(data []byte) error {
	var in struct {
		Kind       Kind    `json:"kind"`
		Sent       string  `json:"sent"`
		Source     string  `json:"source"`
		Op         string  `json:"op"`
		Code       string  `json:"code"`
		Message    string  `json:"message"`
		QueryID    string  `json:"query_id"`
		RequestID  string  `json:"request_id"`
		Hint       string  `json:"hint"`
		Stopped    Kind    `json:"stopped"`
		RetryAfter float64 `json:"retry_after_s"`
		Attempts   int     `json:"attempts"`
		Elapsed    float64 `json:"elapsed_s"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	if in.Kind == KindUnknown {
		return fmt.Errorf("error: its kind is not known")
	}
	*e = Error{
		Kind: in.Kind, Source: in.Source, Op: in.Op, Code: in.Code, QueryID: in.QueryID, RequestID: in.RequestID, Hint: in.Hint,
		Stopped: in.Stopped, Attempts: max(in.Attempts, 0), RetryAfter: seconds(in.RetryAfter), Elapsed: seconds(in.Elapsed), text: clean(in.Message),
	}
	for _, s := range []Sent{MaybeSent, NotSent, Answered} {
		if s.String() == in.Sent {
			e.Sent = s
		}
	}
	return nil
}

// seconds is a length of time from outside: not negative, and at most a year.
func seconds(n float64) time.Duration {
	const year = 365 * 24 * time.Hour
	if !(n > 0) { // NaN too
		return 0
	}
	return time.Duration(min(n, year.Seconds()) * float64(time.Second))
}
