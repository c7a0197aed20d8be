package clickhouse

import (
	"context"

	"github.com/fourkites/sources/base/rows"
)

// account is what the server lets the account set. It is found out at the first refusal.
type account int32

const (
	accountFree  account = iota // settings, readonly included; also one that is not known yet
	accountReads                // readonly = 2: settings, but not readonly
	accountBare                 // readonly = 1: no setting at all
)

const codeReadOnly = 164

func isCode(err error, code int) bool {
	e, ok := serverError(err)
	return ok && e.Code == code
}

func (c *Client) kind() account { return account(c.account.Load()) }

// learn asks what kind of account it is; what was known stands when the server does not say.
func (c *Client) learn(ctx context.Context) account {
	a := &ask{client: c, op: opQuery, caller: ctx, query: Query{SQL: "SELECT value FROM system.settings WHERE name = 'readonly'"}}
	s, err := a.attempt(ctx, accountBare)
	if err != nil {
		return c.kind()
	}
	found := c.kind()
	for v, err := range rows.To[string](rows.New(s, rows.Options{})) {
		switch {
		case err != nil:
			return c.kind()
		case v == "1":
			found = accountBare
		case v == "2":
			found = accountReads
		}
	}
	c.account.Store(int32(found))
	return found
}
