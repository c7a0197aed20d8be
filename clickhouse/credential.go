package clickhouse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/login"
)

// credential gives the present password to every dial, and never one that the server has refused.
type credential struct {
	*login.Secret
	user string // where the store of the password names none
}

// pass is what one dial shows.
type pass struct{ user, password, version string }

func newCredential(ctx context.Context, user string, v secret.Value, resolver secret.Resolver) (*credential, error) {
	password, err := login.New(ctx, v, resolver)
	if err != nil {
		return nil, fmt.Errorf("password: %w", err)
	}
	return &credential{password, user}, nil
}

func (k *credential) get(ctx context.Context) (pass, error) {
	if k.Empty() {
		return pass{user: k.user}, nil
	}
	snap, err := k.Get(ctx)
	if err != nil {
		return pass{}, fmt.Errorf("password: %w", err)
	}
	k.Remember(snap.Reveal())
	return pass{cmp.Or(snap.User, k.user), snap.Reveal(), snap.Version}, nil
}

// clean takes the passwords out of what a server said, and what does not show, which could stand within one.
func (k *credential) clean(text string) string {
	return base.Conceal(strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD")), k.Secrets()...)
}

// serverNames are the exceptions by which servers call their errors; any other text there is dropped.
var serverNames = []string{"DB::Exception", "DB::NetException", "DB::ParsingException", "DB::ErrnoException", "Poco::Exception", "std::exception"}

// cleanError cleans all that a caller can reach of an exception.
func (k *credential) cleanError(e *ServerError) {
	e.Message = k.clean(e.Message)
	if !slices.Contains(serverNames, e.Name) {
		e.Message = strings.TrimPrefix(e.Message, k.clean(e.Name)+": ")
		e.Name = ""
	}
}
