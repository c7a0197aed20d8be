package base

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/sethvargo/go-envconfig"

	"github.com/fourkites/sources/base/secret"
)

// EnvOption changes where and how ConfigFromEnv reads.
type EnvOption func(*env)

type env struct {
	prefix   string
	lookuper envconfig.Lookuper
	secrets  secret.Resolver
}

// EnvPrefix puts a prefix before every variable's name, for a second instance of a source: EnvPrefix("REWIND_") reads
// REWIND_CLICKHOUSE_HOST.
func EnvPrefix(prefix string) EnvOption { return func(e *env) { e.prefix = prefix } }

// EnvSecrets resolves references in plain variables. Without it file:// and env:// references are resolved. A text of
// another scheme, such as https://, is no reference but the value itself.
func EnvSecrets(r secret.Resolver) EnvOption { return func(e *env) { e.secrets = r } }

// EnvMap reads from the map instead of the process's environment.
func EnvMap(m map[string]string) EnvOption {
	return func(e *env) { e.lookuper = envconfig.MapLookuper(m) }
}

// Var is one variable that a Config is read from. Make it with the Env functions.
type Var struct {
	names    []string
	required bool
	secret   *secret.Value
	set      func(text string) error
}

// OrName accepts another name for the variable; the first that is set wins.
func (v Var) OrName(names ...string) Var {
	v.names = append(slices.Clone(v.names), names...)
	return v
}

// Required reports the variable as missing when it is not set or empty.
func (v Var) Required() Var {
	v.required = true
	return v
}

// EnvString reads text.
func EnvString(field *string, name string) Var {
	return Var{names: []string{name}, set: func(s string) error { *field = s; return nil }}
}

// EnvStrings reads a list of texts between commas.
func EnvStrings(field *[]string, name string) Var {
	return Var{names: []string{name}, set: func(s string) error {
		*field = nil
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" {
				*field = append(*field, part)
			}
		}
		return nil
	}}
}

// EnvInt reads a whole number.
func EnvInt(field *int, name string) Var {
	return Var{names: []string{name}, set: func(s string) error {
		n, err := strconv.Atoi(s)
		switch {
		case errors.Is(err, strconv.ErrRange):
			return errors.New("the number is too large")
		case err != nil:
			return errors.New("not a whole number")
		}
		*field = n
		return nil
	}}
}

// EnvBool reads true, false, 1, 0, yes, no, on or off.
func EnvBool(field *bool, name string) Var {
	return Var{names: []string{name}, set: func(s string) error {
		switch strings.ToLower(s) {
		case "1", "t", "true", "yes", "on":
			*field = true
		case "0", "f", "false", "no", "off":
			*field = false
		default:
			return errors.New("neither true nor false")
		}
		return nil
	}}
}

// EnvDuration reads a duration such as 30s.
func EnvDuration(field *Duration, name string) Var {
	return Var{names: []string{name}, set: func(s string) error { return field.UnmarshalText([]byte(s)) }}
}

// EnvSecret reads a secret, a literal or a reference. A reference is kept as it is and resolved by the client at use,
// so that it can rotate.
func EnvSecret(field *secret.Value, name string) Var {
	return Var{names: []string{name}, secret: field, set: func(s string) error { return field.UnmarshalText([]byte(s)) }}
}

// EnvError is one variable that is missing or wrong. It never holds the value.
type EnvError struct {
	Variable string
	Problem  string
}

// Error names the variable and what is wrong with it.
func (e *EnvError) Error() string { return e.Variable + ": " + e.Problem }

// LoadEnv reads the variables into the fields that they were made with. Every one that is missing or wrong is reported
// at once, each as an *EnvError in the joined error. A field whose variable is not set, or wrong, keeps its value. Space
// around a value is not part of it; of a secret only line breaks at its end are not.
func LoadEnv(ctx context.Context, opts []EnvOption, vars ...Var) error {
	e := env{lookuper: envconfig.OsLookuper()}
	for _, opt := range opts {
		opt(&e)
	}
	var problems []error
	for _, v := range vars {
		if err := e.load(ctx, v); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func (e *env) load(ctx context.Context, v Var) error {
	name, text := e.lookup(v.names)
	if strings.TrimSpace(text) == "" {
		if v.required {
			return &EnvError{Variable: name, Problem: "missing"}
		}
		return nil
	}
	if err := e.read(ctx, v, text); err != nil {
		return &EnvError{Variable: name, Problem: err.Error()}
	}
	return nil
}

func (e *env) read(ctx context.Context, v Var, text string) error {
	if v.secret != nil {
		text = strings.TrimRight(text, "\r\n")
	} else {
		var err error
		if text, err = e.resolve(ctx, strings.TrimSpace(text)); err != nil {
			return err
		}
	}
	if strings.ContainsRune(text, 0) {
		return errors.New("holds a NUL byte")
	}
	return v.set(text)
}

// lookup is the first name that is set, or the main one.
func (e *env) lookup(names []string) (name, text string) {
	for _, n := range names {
		if text, ok := e.lookuper.Lookup(e.prefix + n); ok && strings.TrimSpace(text) != "" {
			return e.prefix + n, text
		}
	}
	return e.prefix + names[0], ""
}

// resolve reads a plain field's reference once. A secret field is not resolved here, for it may rotate.
func (e *env) resolve(ctx context.Context, text string) (string, error) {
	if !e.refers(text) {
		return text, nil
	}
	source, err := e.secrets.Resolve(ctx, text)
	if err != nil {
		return "", err
	}
	snapshot, err := source.Get(ctx)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(snapshot.Reveal()), nil
}

// references are the schemes of references that programs can resolve. One of them that this program does not resolve
// is reported, and never taken for a value.
var references = []string{"file", "env", "awssm", "vault"}

// refers tells a reference from the address of a server.
func (e *env) refers(text string) bool {
	scheme, _, ok := strings.Cut(text, "://")
	return ok && (slices.Contains(references, scheme) || e.secrets[scheme] != nil)
}
