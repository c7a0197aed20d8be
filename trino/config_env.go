package trino

import (
	"context"
	"errors"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/variable"
)

// ConfigFromEnv reads TRINO_HOST, TRINO_PORT, TRINO_USER, TRINO_PASSWORD, TRINO_TOKEN, TRINO_CATALOG, TRINO_SCHEMA,
// TRINO_SOURCE, TRINO_TAGS, TRINO_SCHEMAS, TRINO_PLAINTEXT, TRINO_CA_FILE, TRINO_CERT_FILE, TRINO_KEY_FILE,
// TRINO_SERVER_NAME, TRINO_PROXY, TRINO_SPOOLING, TRINO_STORAGE_HOSTS, TRINO_COMPRESSION, TRINO_CONCURRENCY, TRINO_TIMEOUT
// and TRINO_MAX_ROWS. base.EnvPrefix reads a second instance. Every variable that is missing or wrong is reported at once,
// by name, in one base.ErrInvalid in which errors.As finds a *base.EnvError; the Config is then the zero value.
func ConfigFromEnv(ctx context.Context, opts ...base.EnvOption) (Config, error) {
	var c Config
	var maxRows int
	err := base.LoadEnv(ctx, opts,
		base.EnvString(&c.Host, "TRINO_HOST"),
		base.EnvInt(&c.Port, "TRINO_PORT"),
		base.EnvString(&c.User, "TRINO_USER"),
		base.EnvSecret(&c.Password, "TRINO_PASSWORD"),
		base.EnvSecret(&c.Token, "TRINO_TOKEN"),
		base.EnvString(&c.Catalog, "TRINO_CATALOG"),
		base.EnvString(&c.Schema, "TRINO_SCHEMA"),
		base.EnvString(&c.Source, "TRINO_SOURCE"),
		base.EnvStrings(&c.Tags, "TRINO_TAGS"),
		base.EnvStrings(&c.Schemas, "TRINO_SCHEMAS"),
		base.EnvBool(&c.Plaintext, "TRINO_PLAINTEXT"),
		base.EnvString(&c.CAFile, "TRINO_CA_FILE"),
		base.EnvString(&c.CertFile, "TRINO_CERT_FILE"),
		base.EnvString(&c.KeyFile, "TRINO_KEY_FILE"),
		base.EnvString(&c.ServerName, "TRINO_SERVER_NAME"),
		base.EnvString(&c.Proxy, "TRINO_PROXY"),
		base.EnvString(&c.Spooling, "TRINO_SPOOLING"),
		base.EnvStrings(&c.StorageHosts, "TRINO_STORAGE_HOSTS"),
		base.EnvString(&c.Compression, "TRINO_COMPRESSION"),
		base.EnvInt(&c.Limits.Concurrency, "TRINO_CONCURRENCY"),
		base.EnvDuration(&c.Limits.Timeout, "TRINO_TIMEOUT"),
		base.EnvInt(&maxRows, "TRINO_MAX_ROWS"),
	)
	c.MaxRows = int64(maxRows)
	if err = errors.Join(err, c.variables(variable.Prefix(ctx, opts))); err != nil {
		return Config{}, variable.Invalid(defaultName, "ConfigFromEnv", err)
	}
	return c, nil
}

// variables reports what is missing, and what is wrong with the values, by the variables that they came from. A variable
// that could not be read is reported already, and its field has no value.
func (c Config) variables(prefix string) error {
	var all []error
	if c.Host == "" {
		all = append(all, &base.EnvError{Variable: prefix + "TRINO_HOST", Problem: "missing"})
	}
	for _, err := range variable.Problems(c.Validate()) {
		fields, text, _ := strings.Cut(err.Error(), ": ")
		var names []string
		for field := range strings.SplitSeq(fields, ", ") {
			field, _, _ = strings.Cut(strings.TrimPrefix(field, "limits."), "[")
			names = append(names, prefix+"TRINO_"+strings.ToUpper(field))
		}
		all = append(all, &base.EnvError{Variable: strings.Join(names, ", "), Problem: text})
	}
	return errors.Join(all...)
}
