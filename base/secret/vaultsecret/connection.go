package vaultsecret

import (
	"context"
	"errors"
	"net/http"

	"github.com/hashicorp/vault/api"

	"github.com/fourkites/sources/base"
)

// connection is the server as one token sees it, in one namespace.
type connection struct{ client *api.Client }

// dial makes a connection; it asks nothing. Everything that the library takes from the environment is set to something else.
func (s *Store) dial(token, namespace string) (connection, error) {
	client, err := api.NewClient(&api.Config{
		Address: s.config.Address, HttpClient: s.http, DisableRedirects: true,
		CheckRetry: func(context.Context, *http.Response, error) (bool, error) { return false, nil }, // the guard does
	})
	if err != nil { // which may quote the environment
		return connection{}, errors.New("the library of Vault cannot read a variable VAULT_* of the environment, which means nothing here; unset or correct it")
	}
	headers := http.Header{api.RequestHeaderName: {"true"}}
	if namespace != "" {
		headers.Set(api.NamespaceHeaderName, namespace)
	}
	client.SetHeaders(headers)
	client.SetToken(token)
	client.SetWrappingLookupFunc(func(string, string) string { return "" })
	return connection{client}, nil
}

func read(path string, params map[string][]string) request {
	return func(ctx context.Context, c connection) (*api.Secret, error) {
		return c.client.Logical().ReadWithDataWithContext(ctx, path, params)
	}
}

func write(path string, data map[string]any) request {
	return func(ctx context.Context, c connection) (*api.Secret, error) {
		return c.client.Logical().WriteWithContext(ctx, path, data)
	}
}

// request asks for one thing. Nothing at all is a nil secret without an error.
type request func(context.Context, connection) (*api.Secret, error)

var (
	opRead   = &base.Op{Name: "Read", System: base.SystemHTTP}
	opMount  = &base.Op{Name: "Mount", System: base.SystemHTTP}
	opIssue  = &base.Op{Name: "Issue", System: base.SystemHTTP, Safety: base.Unsafe} // an account whose answer is lost stays
	opRenew  = &base.Op{Name: "Renew", System: base.SystemHTTP, Safety: base.Idempotent}
	opRevoke = &base.Op{Name: "Revoke", System: base.SystemHTTP, Safety: base.Idempotent}
	opLogin  = &base.Op{Name: "Login", System: base.SystemHTTP, Safety: base.Unsafe} // a secret id may be good for one
	opToken  = &base.Op{Name: "Token", System: base.SystemHTTP}
	opHealth = &base.Op{Name: "Health", System: base.SystemHTTP, Probe: true}
)

// exchange asks over a connection, retries included. Its errors are *trouble, or say that the store is closed.
func (s *Store) exchange(ctx context.Context, op *base.Op, c connection, ask request) (*api.Secret, error) {
	out, err := base.Do(ctx, s.guard, op, func(ctx context.Context) (*api.Secret, error) {
		ctx, wait := noting(ctx)
		out, err := ask(ctx, c)
		if err != nil {
			return nil, foreign(err, *wait)
		}
		return out, nil
	})
	if err != nil {
		return nil, s.troubled(ctx, err)
	}
	return out, nil
}

// state asks the server once why it answers as it does; nil = it does not say.
func (s *Store) state(ctx context.Context) error {
	health, err := base.Do(ctx, s.guard, opHealth, func(ctx context.Context) (*api.HealthResponse, error) {
		h, err := s.plain.client.Sys().HealthWithContext(ctx)
		if err != nil {
			return nil, foreign(err, 0)
		}
		return h, nil
	})
	switch {
	case err != nil || health == nil:
		return nil
	case !health.Initialized:
		return ErrUninitialised
	case health.Sealed:
		return ErrSealed
	case health.Standby && !health.PerformanceStandby, health.ReplicationDRMode == "secondary": // others answer, or pass on
		return ErrStandby
	}
	return nil
}
