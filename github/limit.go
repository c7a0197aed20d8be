package github

import (
	"context"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/fourkites/sources/base"
)

var opRateLimit = &base.Op{Name: "RateLimit"}

// RateLimits is what is left of the budgets of the credential.
type RateLimits struct {
	Core       Rate `json:"core"` // requests of an hour
	Search     Rate `json:"search"`
	CodeSearch Rate `json:"code_search"` // of a minute
	GraphQL    Rate `json:"graphql"`     // points of an hour
}

// Rate is one budget.
type Rate struct {
	Limit     int       `json:"limit"`
	Remaining int       `json:"remaining"`
	Reset     time.Time `json:"reset,omitzero"`
}

// RateLimit is what is left of the budgets. Asking costs nothing of them.
func (c *Client) RateLimit(ctx context.Context) (RateLimits, error) {
	return c.limits(ctx, opRateLimit)
}

func (c *Client) limits(ctx context.Context, op *base.Op) (RateLimits, error) {
	k := &call{op: op}
	got, _, err := c.api.RateLimit.Get(c.through(ctx, k))
	if err != nil {
		return RateLimits{}, c.failure(k, err)
	}
	if got == nil || got.Core == nil {
		return RateLimits{}, c.protocol(op, "the answer holds no limits")
	}
	return RateLimits{readRate(got.Core), readRate(got.Search), readRate(got.CodeSearch), readRate(got.GraphQL)}, nil
}

func readRate(r *github.Rate) Rate {
	if r == nil {
		return Rate{}
	}
	return Rate{Limit: r.Limit, Remaining: r.Remaining, Reset: r.Reset.UTC()}
}
