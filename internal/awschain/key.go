package awschain

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/login"
)

// Key signs with the key of a configuration instead of the chain's, and never with one that the service has refused. The
// methods that are not login.Secret's work on nil, where the chain is used.
type Key struct{ *login.Secret }

// NewKey is the key of a Config, of the form id:secret or id:secret:token; nil for the zero Value. Its errors name the field
// key.
func NewKey(ctx context.Context, v secret.Value, resolver secret.Resolver) (*Key, error) {
	if v.IsZero() {
		return nil, nil
	}
	found, err := login.New(ctx, v, resolver)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return &Key{found}, nil
}

// Proof is what one request was signed with.
type Proof struct{ version string }

type proofKey struct{}

// Signing is the context of a request, which notes in the proof what it is signed with.
func Signing(ctx context.Context, p *Proof) context.Context {
	return context.WithValue(ctx, proofKey{}, p)
}

// Retrieve is called for every request.
func (k *Key) Retrieve(ctx context.Context) (aws.Credentials, error) {
	snap, err := k.Get(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	if p, ok := ctx.Value(proofKey{}).(*Proof); ok {
		p.version = snap.Version
	}
	id, rest, ok := strings.Cut(snap.Reveal(), ":")
	word, token, _ := strings.Cut(rest, ":")
	if !ok || id == "" || word == "" {
		return aws.Credentials{}, ErrKey
	}
	return aws.Credentials{AccessKeyID: id, SecretAccessKey: word, SessionToken: token, Source: "configuration"}, nil
}

// ErrKey is a key that is none.
var ErrKey = errors.New("key: not of the form id:secret or id:secret:token")

// Close ends the watch over the key; of the chain there is none.
func (k *Key) Close() error {
	if k == nil {
		return nil
	}
	return k.Secret.Close()
}

// Refused is told of every error of a request, and of its kind: a key that was refused is not sent again. Where the clocks
// differ it is not the key that was refused.
func (k *Key) Refused(p *Proof, kind base.Kind, err error) {
	if e, ok := errors.AsType[*Error](err); ok && e.Skew != 0 {
		return
	}
	if k != nil && err != nil && kind == base.KindUnauthenticated {
		k.Refuse(p.version)
	}
}
