package base

import "time"

// Activity is what the calls of one client do and did, since the client was made. It holds no text of an error and no
// secret. What is not known is absent.
type Activity struct {
	Since time.Duration `json:"since_ns"` // age of the client: the counts are of this time

	PermitsUsed int64         `json:"permits_used"`             // weight of the calls that hold a permit
	Permits     int64         `json:"permits,omitempty"`        // the bound; 0 = none
	Waiting     int           `json:"waiting"`                  // calls in line for a permit
	MostWaiting int           `json:"most_waiting"`             // calls that may stand in line
	QuotaWait   time.Duration `json:"quota_wait_ns,omitempty"`  // for which the source's quota stays closed, as it said itself
	RetryBudget *RetryBudget  `json:"retry_budget,omitempty"`   // nil = retries have no budget
	Calls       int64         `json:"calls"`                    // ended and running
	Running     int64         `json:"running"`                  // of them
	Failed      int64         `json:"failed"`                   // calls that ended with an error
	Unsent      int64         `json:"unsent"`                   // failed calls that never left the process
	Unasked     int64         `json:"unasked,omitempty"`        // calls that failed because the limit shared with other processes could not be asked
	UnaskedAge  time.Duration `json:"unasked_age_ns,omitempty"` // of the last of them
	Attempts    int64         `json:"attempts"`                 // requests, retries included; a call that runs counts as one
	Retries     int64         `json:"retries"`                  // attempts after the first of their call
	Latency     *Latency      `json:"latency,omitempty"`        // nil = no call of the last minutes had an answer
	Failures    []Failure     `json:"failures,omitempty"`       // the last different ones, the newest first; at most 16
}

// RetryBudget is what a client may add to its calls by retries.
type RetryBudget struct {
	Tokens float64 `json:"tokens"` // left; a retry costs one
	Most   float64 `json:"most"`   // that are saved
}

// Activity is what the client's calls do, as of now; nil for a client that stands on no Guard. It is read only here:
// Health alone stays as cheap as it is.
func (h Health) Activity() *Activity {
	if h.activity == nil {
		return nil
	}
	return h.activity()
}

func (g *Guard) activity() *Activity {
	calls, running, failed, unsent, retries := g.traffic.counts()
	for _, state := range *g.ops.Load() {
		refused := state.refusals.short.calls.Load()
		calls, failed, unsent = calls+refused, failed+refused, unsent+refused
	}
	now, usage := g.now(), g.permits.Usage()
	limits := g.Limits()
	a := &Activity{
		Since: now, PermitsUsed: usage.Used, Permits: max(0, usage.Size), Waiting: usage.Waiting, MostWaiting: max(0, limits.MaxWaiting),
		QuotaWait: g.quota.Wait(time.Now),
		Calls:     calls, Running: running, Failed: failed, Unsent: unsent, Retries: retries, Attempts: max(0, calls-unsent+retries),
		Latency: g.traffic.latency.read(now), Failures: g.failures(now),
	}
	if a.Unasked = g.traffic.unasked.calls.Load(); a.Unasked > 0 {
		a.UnaskedAge = max(0, now-time.Duration(g.traffic.unasked.last.Load()))
	}
	if limits.RetryRatio > 0 {
		a.RetryBudget = &RetryBudget{Tokens: g.budget.Tokens(), Most: budgetCap}
	}
	return a
}
