package graph

import (
	"context"
	"errors"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/variable"
)

// ConfigFromEnv reads NEO4J_URI, NEO4J_USERNAME, NEO4J_PASSWORD, NEO4J_DATABASE, NEO4J_PLAINTEXT, NEO4J_CA_FILE,
// NEO4J_CERT_FILE, NEO4J_KEY_FILE, NEO4J_SERVER_NAME, NEO4J_CONCURRENCY, NEO4J_TIMEOUT, NEO4J_MAX_ROWS, NEO4J_MAX_DEPTH,
// NEO4J_PROCEDURES and NEO4J_ALLOW_WRITES. NEO4J_URI is required.
//
// base.EnvPrefix reads a second instance. Every variable that is missing or wrong is reported at once, by name, in an
// error that is base.ErrInvalid and in which errors.As finds each *base.EnvError; the Config is then the zero value.
func ConfigFromEnv(ctx context.Context, opts ...base.EnvOption) (Config, error) {
	var c Config
	var maxRows int
	err := base.LoadEnv(ctx, opts,
		base.EnvString(&c.URI, "NEO4J_URI"),
		base.EnvString(&c.User, "NEO4J_USERNAME"),
		base.EnvSecret(&c.Password, "NEO4J_PASSWORD"),
		base.EnvString(&c.Database, "NEO4J_DATABASE"),
		base.EnvBool(&c.Plaintext, "NEO4J_PLAINTEXT"),
		base.EnvString(&c.CAFile, "NEO4J_CA_FILE"),
		base.EnvString(&c.CertFile, "NEO4J_CERT_FILE"),
		base.EnvString(&c.KeyFile, "NEO4J_KEY_FILE"),
		base.EnvString(&c.ServerName, "NEO4J_SERVER_NAME"),
		base.EnvInt(&c.Limits.Concurrency, "NEO4J_CONCURRENCY"),
		base.EnvDuration(&c.Limits.Timeout, "NEO4J_TIMEOUT"),
		base.EnvInt(&maxRows, "NEO4J_MAX_ROWS"),
		base.EnvInt(&c.MaxDepth, "NEO4J_MAX_DEPTH"),
		base.EnvStrings(&c.Procedures, "NEO4J_PROCEDURES"),
		base.EnvBool(&c.AllowWrites, "NEO4J_ALLOW_WRITES"),
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
	if c.URI == "" {
		all = append(all, &base.EnvError{Variable: prefix + "NEO4J_URI", Problem: "missing"})
	}
	if c.Limits.Timeout < 0 {
		all = append(all, &base.EnvError{Variable: prefix + "NEO4J_TIMEOUT", Problem: "negative; write how long a call may take, such as 30s"})
	}
	for _, err := range variable.Problems(c.Validate()) {
		fields, text, _ := strings.Cut(err.Error(), ": ")
		var names []string
		for field := range strings.SplitSeq(fields, ", ") {
			names = append(names, prefix+"NEO4J_"+variableOf(field))
		}
		all = append(all, &base.EnvError{Variable: strings.Join(names, ", "), Problem: text})
	}
	return errors.Join(all...)
}

// variableOf is the variable of a field, without NEO4J_.
func variableOf(field string) string {
	field, _, _ = strings.Cut(strings.TrimPrefix(field, "limits."), "[")
	if field == "user" {
		return "USERNAME"
	}
	return strings.ToUpper(field)
}
