package redshift

import (
	"context"

	"github.com/fourkites/sources/base"
)

// ConfigFromEnv reads REDSHIFT_HOST, REDSHIFT_PORT, REDSHIFT_DB or REDSHIFT_DATABASE, REDSHIFT_USER, REDSHIFT_PASSWORD,
// REDSHIFT_CLUSTER_ID or REDSHIFT_WORKGROUP, REDSHIFT_REGION, REDSHIFT_PLAINTEXT, REDSHIFT_CA_FILE, REDSHIFT_CERT_FILE,
// REDSHIFT_KEY_FILE, REDSHIFT_SERVER_NAME, REDSHIFT_CONCURRENCY, REDSHIFT_TIMEOUT, REDSHIFT_MAX_ROWS,
// REDSHIFT_SCHEMAS and REDSHIFT_PLAIN_TRANSACTIONS. Every variable that is missing or wrong is reported.
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
	return c, err
}
