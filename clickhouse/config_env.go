package clickhouse

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/variable"
)

const (
	rewindPrefix   = "REWIND_"
	rewindName     = "rewind"
	rewindDatabase = "rewind_db"
)

// ConfigFromEnv reads CLICKHOUSE_HOST, CLICKHOUSE_PORT, CLICKHOUSE_USER, CLICKHOUSE_PASSWORD, CLICKHOUSE_DATABASE,
// CLICKHOUSE_SECURE, CLICKHOUSE_ADDRESSES, CLICKHOUSE_CA_FILE, CLICKHOUSE_CERT_FILE, CLICKHOUSE_KEY_FILE,
// CLICKHOUSE_SERVER_NAME, CLICKHOUSE_COMPRESSION, CLICKHOUSE_CONCURRENCY, CLICKHOUSE_TIMEOUT and CLICKHOUSE_MAX_ROWS;
// each may be written SIGNOZ_CLICKHOUSE_… instead. base.EnvPrefix("REWIND_") reads a second instance, which by default
// is named rewind and is asked over TLS on port 9440 for the database rewind_db. Every variable that is
// missing or wrong is reported at once, by name, in an error that is base.ErrInvalid and in which errors.As finds each
// *base.EnvError; the Config is then the zero value.
func ConfigFromEnv(ctx context.Context, opts ...base.EnvOption) (Config, error) {
	var c Config
	var maxRows int
	var secure string
	v := func(v base.Var, name string) base.Var { return v.OrName("SIGNOZ_" + name) }
	text := func(field *string, name string) base.Var { return v(base.EnvString(field, name), name) }
	err := base.LoadEnv(ctx, opts,
		text(&c.Host, "CLICKHOUSE_HOST"),
		v(base.EnvInt(&c.Port, "CLICKHOUSE_PORT"), "CLICKHOUSE_PORT"),
		v(base.EnvStrings(&c.Addresses, "CLICKHOUSE_ADDRESSES"), "CLICKHOUSE_ADDRESSES"),
		text(&c.User, "CLICKHOUSE_USER"),
		v(base.EnvSecret(&c.Password, "CLICKHOUSE_PASSWORD"), "CLICKHOUSE_PASSWORD"),
		text(&c.Database, "CLICKHOUSE_DATABASE"),
		text(&secure, "CLICKHOUSE_SECURE"),
		v(base.EnvBool(&c.Secure, "CLICKHOUSE_SECURE"), "CLICKHOUSE_SECURE"),
		text(&c.CAFile, "CLICKHOUSE_CA_FILE"),
		text(&c.CertFile, "CLICKHOUSE_CERT_FILE"),
		text(&c.KeyFile, "CLICKHOUSE_KEY_FILE"),
		text(&c.ServerName, "CLICKHOUSE_SERVER_NAME"),
		text(&c.Compression, "CLICKHOUSE_COMPRESSION"),
		v(base.EnvInt(&c.Limits.Concurrency, "CLICKHOUSE_CONCURRENCY"), "CLICKHOUSE_CONCURRENCY"),
		v(base.EnvDuration(&c.Limits.Timeout, "CLICKHOUSE_TIMEOUT"), "CLICKHOUSE_TIMEOUT"),
		v(base.EnvInt(&maxRows, "CLICKHOUSE_MAX_ROWS"), "CLICKHOUSE_MAX_ROWS"),
	)
	c.MaxRows = int64(maxRows)
	prefix := variable.Prefix(ctx, opts)
	if prefix == rewindPrefix {
		c.Name = rewindName
		orDefault(&c.Database, rewindDatabase)
		c.Secure = c.Secure || secure == ""
	}
	if err = errors.Join(err, c.variables(prefix)); err != nil {
		return Config{}, variable.Invalid(cmp.Or(c.Name, defaultName), "ConfigFromEnv", err)
	}
	return c, nil
}

// variables reports what is wrong with the values by the variables that they came from. A variable that could not be
// read is reported already, and its field has no value.
func (c Config) variables(prefix string) error {
	var all []error
	problem := func(name, text string) {
		all = append(all, &base.EnvError{Variable: prefix + name, Problem: text})
	}
	if c.Host == "" && len(c.Addresses) == 0 {
		problem("CLICKHOUSE_HOST", "missing")
	}
	joined, ok := c.Validate().(interface{ Unwrap() []error }) //nolint:errorlint // as Validate makes it
	if !ok {
		return errors.Join(all...)
	}
	for _, err := range joined.Unwrap() {
		field, text, _ := strings.Cut(err.Error(), ": ")
		name := "CLICKHOUSE_" + strings.ToUpper(strings.TrimPrefix(field, "limits."))
		problem(strings.ReplaceAll(name, ", ", ", "+prefix+"CLICKHOUSE_"), text)
	}
	return errors.Join(all...)
}
