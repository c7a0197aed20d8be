package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/db"

	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/login"
)

type entryKey struct{}

// entry is one attempt of a call on its way through the driver, found in its context. The driver works on it in one
// goroutine at a time.
type entry struct {
	id     string
	link   atomic.Pointer[link] // that carries the transaction; nil = not known
	failed error                // of the last dial
	places int                  // that it holds in the gate
	used   string               // version of the password that was given last
}

// cut ends the connection of the attempt; what the driver waits for there fails.
func (e *entry) cut() {
	if l := e.link.Load(); l != nil {
		_ = l.Close()
	}
}

// shield runs the driver, and gives the connection up where the driver panics over what a server sent: it takes numbers of
// an answer for places in it.
func (e *entry) shield(run func() error) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtime.Error: // its text could hold what the server sent
			e.cut()
			err = malformed("the driver cannot read what the server sent")
		default:
			panic(p)
		}
	}()
	return run()
}

// gate lets two logins go on at a time, and one after a password was refused: Neo4j locks the account at the third wrong
// one, for the right password too.
type gate struct {
	places chan struct{}
	lone   chan struct{} // one who takes both places does so alone
	doubt  atomic.Bool
	proven atomic.Pointer[string] // the version of the password that last worked
}

const logins = 2

func newGate() *gate {
	return &gate{places: make(chan struct{}, logins), lone: make(chan struct{}, 1)}
}

// enter waits for a place; an attempt that has one goes on with it.
func (g *gate) enter(ctx context.Context, e *entry) error {
	if e.places > 0 {
		return nil
	}
	if err := take(ctx, g.lone); err != nil {
		return err
	}
	defer func() { <-g.lone }()
	if err := take(ctx, g.places); err != nil {
		return err
	}
	e.places = 1
	for g.doubt.Load() && e.places < logins {
		if err := take(ctx, g.places); err != nil {
			g.give(e)
			return err
		}
		e.places++
	}
	return nil
}

func take(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g *gate) give(e *entry) {
	for ; e.places > 0; e.places-- {
		<-g.places
	}
}

// leave ends the login of an attempt, one way or the other.
func (g *gate) leave(e *entry, worked bool) {
	if worked && e.used != "" {
		g.proven.Store(&e.used)
		g.doubt.Store(false)
	}
	g.give(e)
}

// works reports whether the server has taken this version.
func (g *gate) works(version string) bool {
	p := g.proven.Load()
	return p != nil && *p == version
}

// account gives the present password to the driver, and never one that the server has refused. It is the driver's
// TokenManager.
type account struct {
	*login.Secret
	user string
	gate *gate

	mu    sync.Mutex
	given []issue // newest last
}

// issue is a password that was given to the driver.
type issue struct{ password, version string }

func newAccount(ctx context.Context, user string, v secret.Value, resolver secret.Resolver, g *gate) (*account, error) {
	password, err := login.New(ctx, v, resolver)
	if err != nil {
		return nil, fmt.Errorf("password: %w", err)
	}
	return &account{Secret: password, user: user, gate: g}, nil
}

// GetAuthToken is asked for a new connection, and for a pooled one, which logs in anew when the token is another.
func (a *account) GetAuthToken(ctx context.Context) (neo4j.AuthToken, error) {
	if a.user == "" && a.Empty() {
		return neo4j.NoAuth(), nil
	}
	e, _ := ctx.Value(entryKey{}).(*entry)
	if a.Empty() {
		return neo4j.BasicAuth(a.user, "", ""), nil
	}
	snap, err := a.Get(ctx)
	if err == nil && e != nil && !a.gate.works(snap.Version) {
		if err = a.gate.enter(ctx, e); err == nil {
			snap, err = a.Get(ctx) // it may have been refused meanwhile
		}
	}
	if err != nil {
		err = &secretError{err}
		if e != nil {
			e.failed = err
		}
		return neo4j.AuthToken{}, err
	}
	if e != nil {
		e.used = snap.Version
	}
	user := cmp.Or(snap.User, a.user)
	if user == "" {
		err := &secretError{fmt.Errorf("%w: %w", secret.ErrUnresolved, errNoUser)}
		if e != nil {
			e.failed = err
		}
		return neo4j.AuthToken{}, err
	}
	password := snap.Reveal()
	a.keep(issue{password, snap.Version})
	return neo4j.BasicAuth(user, password, ""), nil
}

var errNoUser = errors.New("it comes without the name of a user, and the configuration has none; set user")

// secretError is a password that could not be had: nothing was sent.
type secretError struct{ err error }

func (e *secretError) Error() string { return "password: " + e.err.Error() }

func (e *secretError) Unwrap() error { return e.err }

const issuesKept = 8

func (a *account) keep(i issue) {
	a.Remember(i.password)
	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.Contains(a.given, i) {
		return
	}
	if a.given = append(a.given, i); len(a.given) > issuesKept {
		a.given = slices.Delete(a.given, 0, 1)
	}
}

// HandleSecurityException hears what the server says of a token. The driver does not go on by itself: the guard does.
func (a *account) HandleSecurityException(_ context.Context, token neo4j.AuthToken, e *db.Neo4jError) (bool, error) {
	if verdictOf(e.Code).kind != unauthenticated.kind {
		return false, nil
	}
	password, _ := token.Tokens["credentials"].(string)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, i := range slices.Backward(a.given) {
		if i.password == password {
			a.gate.doubt.Store(true)
			a.Refuse(i.version)
			break
		}
	}
	return false, nil
}
