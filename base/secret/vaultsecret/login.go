package vaultsecret

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/fourkites/sources/base/secret"
)

// method is a way to get a token.
type method interface {
	// login gets one, another than that of the session before where the method has a choice.
	login(ctx context.Context, s *Store, before *session) (*session, error)
	// another reports whether it would show something else than what the session came of.
	another(ctx context.Context, n *session) bool
}

// method is the one that is configured.
func (c Config) method(ctx context.Context, resolver secret.Resolver) (method, error) {
	switch {
	case !c.Token.IsZero():
		source, err := c.Token.Source(ctx, resolver)
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		return given{source}, nil
	case c.AppRole.RoleID != "":
		m := appRole{path: loginPath(c.AppRole.Mount, defaultAppRole), role: c.AppRole.RoleID}
		if c.AppRole.SecretID.IsZero() {
			return m, nil
		}
		source, err := c.AppRole.SecretID.Source(ctx, resolver)
		if err != nil {
			return nil, fmt.Errorf("app_role.secret_id: %w", err)
		}
		m.secretID = source
		return m, nil
	default:
		return kubernetes{
			path: loginPath(c.Kubernetes.Mount, defaultKubernetes), role: c.Kubernetes.Role,
			token: secret.File(cmp.Or(c.Kubernetes.TokenFile, defaultTokenFile)),
		}, nil
	}
}

func loginPath(mount, otherwise string) string { return "auth/" + cmp.Or(mount, otherwise) + "/login" }

// given is a token that somebody else has made.
type given struct{ source secret.Source }

func (g given) login(ctx context.Context, s *Store, before *session) (*session, error) {
	snap, err := s.credential(ctx, g.source, "token")
	if err != nil {
		return nil, err
	}
	n := &session{method: "token", version: snap.Version}
	if before != nil && before.version == snap.Version {
		n = before // who made it may have renewed it
	} else if n.connection, err = s.dial(snap.Reveal(), s.config.Namespace); err != nil {
		return nil, refused(err.Error())
	}
	since := time.Now()
	out, err := s.exchange(ctx, opToken, n.connection, read(pathLookup, nil))
	switch {
	case statusOf(err) == http.StatusForbidden && n == before:
		return nil, refused("token: Vault does not take it any more, and there is no other; it was revoked or has ended")
	case statusOf(err) == http.StatusForbidden:
		s.mu.Lock()
		s.blind = true // or the token is wrong: the first read tells
		s.mu.Unlock()
		return n, nil
	case err != nil:
		return nil, named(err, n.method)
	case out == nil:
		return nil, &trouble{reason: ErrAnswer, text: "at the login by token: an empty answer"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blind = false
	n.renewable, _ = out.Data["renewable"].(bool)
	n.dead, n.leaving = false, false
	n.end, n.plan = time.Time{}, time.Time{}
	if out.Data["expire_time"] != nil {
		n.lives(since, seconds(out.Data["ttl"]))
	}
	return n, nil
}

func (g given) another(ctx context.Context, n *session) bool {
	snap, err := g.source.Get(ctx)
	return err == nil && snap.Version != n.version
}

// appRole is a login by role id and secret id.
type appRole struct {
	path, role string
	secretID   secret.Source // nil: the role binds none
}

func (a appRole) login(ctx context.Context, s *Store, _ *session) (*session, error) {
	data := map[string]any{"role_id": a.role}
	if a.secretID != nil {
		snap, err := s.credential(ctx, a.secretID, "app_role.secret_id")
		if err != nil {
			return nil, err
		}
		data["secret_id"] = snap.Reveal()
	}
	n, err := s.logIn(ctx, a.path, data)
	if t, ok := errors.AsType[*trouble](err); ok && t.status == http.StatusBadRequest {
		t.text += "; role id or secret id is wrong, or the secret id has expired or is used up: write a new one"
	}
	return n, err
}

func (appRole) another(context.Context, *session) bool { return false }

// kubernetes is a login by the token of a service account.
type kubernetes struct {
	path, role string
	token      secret.Source
}

func (k kubernetes) login(ctx context.Context, s *Store, _ *session) (*session, error) {
	snap, err := s.credential(ctx, k.token, "kubernetes.token_file")
	if err != nil {
		return nil, err
	}
	return s.logIn(ctx, k.path, map[string]any{"role": k.role, "jwt": snap.Reveal()})
}

func (kubernetes) another(context.Context, *session) bool { return false }

// credential reads what a login shows, and keeps it out of texts.
func (s *Store) credential(ctx context.Context, source secret.Source, field string) (secret.Snapshot, error) {
	snap, err := source.Get(ctx)
	if err != nil {
		return snap, refused(field + ": " + err.Error())
	}
	if strings.ContainsFunc(snap.Reveal(), unprintable) || snap.IsZero() {
		return snap, refused(field + ": empty, or it holds blanks, line breaks or letters beyond ASCII")
	}
	s.shown.Remember(snap.Reveal())
	return snap, nil
}

func refused(text string) error { return &trouble{reason: ErrLogin, text: text} }

// logIn asks for a token.
func (s *Store) logIn(ctx context.Context, path string, data map[string]any) (*session, error) {
	way := strings.TrimSuffix(path, "/login")
	nobody, err := s.dial("", s.config.Namespace)
	if err != nil {
		return nil, refused(err.Error())
	}
	since := time.Now()
	out, err := s.exchange(ctx, opLogin, nobody, write(path, data))
	if err != nil {
		return nil, named(err, way)
	}
	if out == nil || out.Auth == nil || out.Auth.ClientToken == "" || strings.ContainsFunc(out.Auth.ClientToken, unprintable) {
		return nil, &trouble{reason: ErrAnswer, text: "at the login by " + way + ": an answer without a token"}
	}
	return s.granted(out.Auth, since, way)
}

func (s *Store) granted(auth *api.SecretAuth, since time.Time, way string) (*session, error) {
	s.shown.Remember(auth.ClientToken)
	conn, err := s.dial(auth.ClientToken, s.config.Namespace)
	if err != nil {
		return nil, refused(err.Error())
	}
	n := &session{connection: conn, method: way, own: !isBatch(auth.ClientToken), renewable: auth.Renewable}
	if auth.LeaseDuration > 0 {
		n.lives(since, time.Duration(auth.LeaseDuration)*time.Second)
	}
	return n, nil
}

// isBatch reports whether a token is one that ends by itself and cannot be revoked; the first form is that of Vault, the second
// that of OpenBao and of Vault before 1.10.
func isBatch(token string) bool {
	return strings.HasPrefix(token, "hvb.") || strings.HasPrefix(token, "b.")
}

// seconds is a number of an answer as a length of time.
func seconds(value any) time.Duration {
	number, ok := value.(json.Number)
	if !ok {
		return 0
	}
	n, err := number.Int64()
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, int64(longestLife/time.Second))) * time.Second
}

// longestLife is more than any lease has, and fits a time.
const longestLife = 100 * 365 * 24 * time.Hour
