package redshift

import (
	"context"
	"errors"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/variable"
)

// ConfigFromEnv reads REDSHIFT_HOST, REDSHIFT_PORT, REDSHIFT_DB or REDSHIFT_DATABASE, REDSHIFT_USER, REDSHIFT_PASSWORD,
// REDSHIFT_CLUSTER_ID or REDSHIFT_WORKGROUP, REDSHIFT_REGION, REDSHIFT_PLAINTEXT, REDSHIFT_CA_FILE, REDSHIFT_CERT_FILE,
// REDSHIFT_KEY_FILE, REDSHIFT_SERVER_NAME, REDSHIFT_CONCURRENCY, REDSHIFT_TIMEOUT, REDSHIFT_MAX_ROWS,
// REDSHIFT_SCHEMAS and REDSHIFT_PLAIN_TRANSACTIONS. Required are REDSHIFT_HOST, REDSHIFT_DB or REDSHIFT_DATABASE, and
// REDSHIFT_USER or, for a user and a password that AWS issues (IAM), one of REDSHIFT_CLUSTER_ID and REDSHIFT_WORKGROUP.
//
// base.EnvPrefix reads a second instance. Every variable that is missing or wrong is reported at once, by name, in an
// error that is base.ErrInvalid and in which errors.As finds each *base.EnvError; the Config is then the zero value.
func ConfigFromEnv(ctx context.Context, opts ...base.EnvOption) (Config, error) {
	var c Config
	var maxRows int
	var schemas string
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
		base.EnvString(&schemas, "REDSHIFT_SCHEMAS"),
		base.EnvBool(&c.PlainTransactions, "REDSHIFT_PLAIN_TRANSACTIONS"),
	)
	c.MaxRows, c.Schemas = int64(maxRows), between(schemas)
	if err = errors.Join(err, c.variables(variable.Prefix(ctx, opts))); err != nil {
		return Config{}, variable.Invalid(defaultName, "ConfigFromEnv", err)
	}
	return c, nil
}

// between is the list between commas. An empty name stays in it, for Validate to refuse.
func between(text string) (all []string) {
	if text == "" {
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		all = append(all, strings.TrimSpace(part))
	}
	return all
}

// variables reports what is missing, and what is wrong with the values, by the variables that they came from. A
// variable that could not be read is reported already, and its field has no value.
func (c Config) variables(prefix string) error {
	var all []error
	problem := func(field, text string) {
		all = append(all, &base.EnvError{Variable: prefix + "REDSHIFT_" + variableOf(field), Problem: text})
	}
	wording := wordsOfVariables(prefix + "REDSHIFT_")
	for field, value := range map[string]string{"host": c.Host, "database": c.Database} {
		if value == "" {
			problem(field, "missing")
		}
	}
	if c.User == "" && !c.IAM.used() && !c.Password.IsStored() {
		problem("user", wording.Replace("missing; set it, or for IAM cluster_id or workgroup"))
	}
	if c.Limits.Timeout < 0 {
		problem("timeout", "negative; write how long a call may take, such as 30s")
	}
	for _, err := range variable.Problems(c.Validate()) {
		field, text, _ := strings.Cut(err.Error(), ": ")
		text = wording.Replace(text)
		first, second, _ := strings.Cut(field, ", ")
		problem(first, text)
		if second != "" {
			problem(second, text)
		}
	}
	return errors.Join(all...)
}

// wordsOfVariables turns what Validate says of fields into words about the variables that begin with the prefix.
func wordsOfVariables(prefix string) *strings.Replacer {
	variables := prefix + "CLUSTER_ID or " + prefix + "WORKGROUP"
	return strings.NewReplacer(
		"write that in port", "write that in "+prefix+"PORT",
		"the password in password", "the password in "+prefix+"PASSWORD",
		"set beside iam; write one of the two", "set beside "+variables+"; leave one out",
		"set beside iam.cluster_id; write one of the two", "set beside "+prefix+"CLUSTER_ID; leave one out",
		"neither cluster_id nor workgroup is set, so the rest of it would do nothing", "neither "+prefix+"CLUSTER_ID nor "+prefix+"WORKGROUP is set, so it would do nothing",
		"ca_file, cert_file and server_name would do nothing", prefix+"CA_FILE, "+prefix+"CERT_FILE and "+prefix+"SERVER_NAME would do nothing",
		"leave plaintext out", "leave "+prefix+"PLAINTEXT out",
		"for IAM cluster_id or workgroup", "for IAM "+variables,
	)
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
