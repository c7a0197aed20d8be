package athena

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/awschain"
	"github.com/fourkites/sources/internal/login"
)

// credential signs with the key of the configuration instead of the chain's, and never with one that the service has
// refused.
type credential struct{ *login.Secret }

// newCredential is the key of a Config; nil where the chain is used.
func newCredential(ctx context.Context, c Config, resolver secret.Resolver) (*credential, error) {
	if c.Key.IsZero() {
		return nil, nil
	}
	found, err := login.New(ctx, c.Key, resolver)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return &credential{found}, nil
}

// proof is what one request was signed with.
type proof struct{ version string }

type proofKey struct{}

// Retrieve is called for every request.
func (k *credential) Retrieve(ctx context.Context) (aws.Credentials, error) {
	snap, err := k.Get(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	if p, ok := ctx.Value(proofKey{}).(*proof); ok {
		p.version = snap.Version
	}
	id, rest, ok := strings.Cut(snap.Reveal(), ":")
	word, token, _ := strings.Cut(rest, ":")
	if !ok || id == "" || word == "" {
		return aws.Credentials{}, errKey
	}
	return aws.Credentials{AccessKeyID: id, SecretAccessKey: word, SessionToken: token, Source: "configuration"}, nil
}

var errKey = errors.New("key: not of the form id:secret or id:secret:token")

// close ends the watch over the key; of the chain there is none.
func (k *credential) close() error {
	if k == nil {
		return nil
	}
	return k.Close()
}

// refused is told of every error of a request: a secret that was refused is not sent again. Where the clocks differ it is
// not the secret that was refused.
func (k *credential) refused(p *proof, err error) {
	if e, ok := errors.AsType[*awschain.Error](err); ok && e.Skew != 0 {
		return
	}
	if k != nil && err != nil && base.KindOf(classify(err)) == base.KindUnauthenticated {
		k.Refuse(p.version)
	}
}

// refresh gets another secret than the one that was refused. The chain is walked anew: a file of it may have been written
// anew.
func (c *Client) refresh(ctx context.Context) error {
	if c.credential != nil {
		return c.credential.Refresh(ctx)
	}
	c.connecting.Lock()
	defer c.connecting.Unlock()
	c.service = nil
	return nil
}
