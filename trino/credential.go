package trino

import (
	"context"
	"fmt"
	"net/http"

	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/login"
)

// credential puts the present password or token on every request, and never one that the server has refused.
type credential struct {
	*login.Secret
	user  string
	token bool
}

func newCredential(ctx context.Context, c Config, resolver secret.Resolver) (*credential, error) {
	k := &credential{user: c.User, token: !c.Token.IsZero()}
	field, value := "password", c.Password
	if k.token {
		field, value = "token", c.Token
	}
	var err error
	if k.Secret, err = login.New(ctx, value, resolver); err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	return k, nil
}

// proof is what one request carried.
type proof struct{ version string }

type proofKey struct{}

// sign is called for every request to the coordinator.
func (k *credential) sign(req *http.Request, _ []byte) error {
	if k.Empty() {
		return nil
	}
	snap, err := k.Get(req.Context())
	if err != nil {
		return err
	}
	if p, ok := req.Context().Value(proofKey{}).(*proof); ok {
		p.version = snap.Version
	}
	if k.token {
		k.Remember(snap.Reveal())
		req.Header.Set("Authorization", "Bearer "+snap.Reveal())
		return nil
	}
	user := k.user
	if snap.User != "" { // the server lets nobody ask in another's name
		user = snap.User
		req.Header.Set("X-Trino-User", user)
	}
	k.Remember(snap.Reveal(), user+":"+snap.Reveal())
	req.SetBasicAuth(user, snap.Reveal())
	return nil
}
