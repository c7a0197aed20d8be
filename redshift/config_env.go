package redshift

import (
	"context"
	"errors"
	"strings"

	"github.com/fourkites/sources/base"
)

// ConfigFromEnv reads REDSHIFT_HOST, REDSHIFT_PORT, REDSHIFT_DB or REDSHIFT_DATABASE, REDSHIFT_USER, REDSHIFT_PASSWORD,
// REDSHIFT_CLUSTER_ID or REDSHIFT_WORKGROUP, REDSHIFT_REGION, REDSHIFT_PLAINTEXT, REDSHIFT_CA_FILE, REDSHIFT_CERT_FILE,
// REDSHIFT_KEY_FILE, REDSHIFT_SERVER_NAME, REDSHIFT_CONCURRENCY, REDSHIFT_TIMEOUT, REDSHIFT_MAX_ROWS,
// REDSHIFT_SCHEMAS and REDSHIFT_PLAIN_TRANSACTIONS. base.EnvPrefix reads a second instance. Every variable that is
// missing or wrong is reported at once, by name, and the Config is then the zero value.
func ConfigFromEnv(ctx context.Context, opts ...base.EnvOption) (Config, error) {
	var c Config
	var maxRows int
	err := base.LoadEnv(ctx, opts,
		base.EnvString(&c.Host, "REDSHIFT_HOST"),
		base.EnvInt(&c.Port, "REDSHIFT_PORT"),
		base.EnvString(&c.Database, "REDSHIFT_DB").OrName("REDSHIFT_DATABASE"),
		base.EnvString(&c.User, "REDSHIFT_USER"),
		base.EnvSecret(&c.Password, "REDSHIFT_PASSWORD"),
		base.EnvString(&c.IAM.ClusterID, "REDSHIFT_CLUSTER_ID"),
		base.EnvString(&c.IAM.Workgroup, "REDSHIFT_WORKGROUP"),
		base.EnvString(&c.IAM.Region, "REDSHIFT_REGION"),
		base.EnvBool(&c.Plaintext, "REDSHIFT_PLAINTEXT"),
		base.EnvString(&c.CAFile, "REDSHIFT_CA_FILE"),
		base.EnvString(&c.CertFile, "REDSHIFT_CERT_FILE"),
		base.EnvString(&c.KeyFile, "REDSHIFT_KEY_FILE"),
		base.EnvString(&c.ServerName, "REDSHIFT_SERVER_NAME"),
		base.EnvInt(&c.Limits.Concurrency, "REDSHIFT_CONCURRENCY"),
		base.EnvDuration(&c.Limits.Timeout, "REDSHIFT_TIMEOUT"),
		base.EnvInt(&maxRows, "REDSHIFT_MAX_ROWS"),
		base.EnvStrings(&c.Schemas, "REDSHIFT_SCHEMAS"),
		base.EnvBool(&c.PlainTransactions, "REDSHIFT_PLAIN_TRANSACTIONS"),
	)
	c.MaxRows = int64(maxRows)
	if err = errors.Join(err, c.variables(prefixOf(ctx, opts))); err != nil {
		return Config{}, err
	}
	return c, nil
}

// variables reports what is missing, and what is wrong with the values, by the variables that they came from. A
// variable that could not be read is reported already, and its field has no value.
func (c Config) variables(prefix string) error {
	var all []error
	problem := func(field, text string) {
		all = append(all, &base.EnvError{Variable: prefix + "REDSHIFT_" + variableOf(field), Problem: text})
	}
	for field, value := range map[string]string{"host": c.Host, "database": c.Database, "user": c.User} {
		if value == "" && (field != "user" || !c.IAM.used()) {
			problem(field, "missing")
		}
	}
	for _, err := range flat(c.Validate()) {
		field, text, _ := strings.Cut(err.Error(), ": ")
		first, second, _ := strings.Cut(field, ", ")
		problem(first, text)
		if second != "" {
			problem(second, text)
		}
	}
	return errors.Join(all...)
}

// variableOf is the variable of a field, without REDSHIFT_.
func variableOf(field string) string {
	field = strings.TrimPrefix(strings.TrimPrefix(field, "limits."), "iam.")
	field, _, _ = strings.Cut(field, "[")
	if name, ok := map[string]string{"database": "DB", "iam": "REGION"}[field]; ok {
		return name
	}
	return strings.ToUpper(field)
}

// flat are the errors that were joined.
func flat(err error) (all []error) {
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // as Validate makes it
	switch {
	case err == nil:
		return nil
	case !ok:
		return []error{err}
	}
	for _, one := range joined.Unwrap() {
		all = append(all, flat(one)...)
	}
	return all
}

// unset is a variable that nobody sets: the error about it tells the prefix.
const unset = "REDSHIFT_NO_SUCH_VARIABLE"

func prefixOf(ctx context.Context, opts []base.EnvOption) string {
	var none string
	err := base.LoadEnv(ctx, opts, base.EnvString(&none, unset).Required())
	if e, ok := errors.AsType[*base.EnvError](err); ok {
		return strings.TrimSuffix(e.Variable, unset)
	}
	return ""
}
