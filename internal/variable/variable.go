// Package variable helps the constructors of a source, and its ConfigFromEnv, to say everything that is wrong at once, by the
// names of fields and variables.
package variable

import (
	"context"
	"errors"
	"strings"

	"github.com/fourkites/sources/base"
)

// unset is a variable that nobody sets: the error about it tells the prefix.
const unset = "NO_SUCH_VARIABLE_OF_SOURCES"

// Prefix is what base.EnvPrefix puts before the names of variables.
func Prefix(ctx context.Context, opts []base.EnvOption) string {
	var none string
	err := base.LoadEnv(ctx, opts, base.EnvString(&none, unset).Required())
	if e, ok := errors.AsType[*base.EnvError](err); ok {
		return strings.TrimSuffix(e.Variable, unset)
	}
	return ""
}

// Problems are the single errors of one that may be joined of many, as Validate of a Config makes it.
func Problems(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // as Validate makes it
	if !ok {
		return []error{err}
	}
	var all []error
	for _, one := range joined.Unwrap() {
		all = append(all, Problems(one)...)
	}
	return all
}

// Invalid is one error of all that is wrong with a Config, on one line. The call never left the process.
func Invalid(source, op string, err error) error {
	e := base.NewError(base.KindInvalid, err).WithText(strings.ReplaceAll(err.Error(), "\n", "; "))
	e.Source, e.Op, e.Sent = source, op, base.NotSent
	return e
}
