package trino

import (
	"context"

	"github.com/fourkites/sources/base"
)

// ConfigFromEnv reads TRINO_HOST, TRINO_PORT, TRINO_USER, TRINO_PASSWORD, TRINO_TOKEN, TRINO_CATALOG, TRINO_SCHEMA,
// TRINO_SOURCE, TRINO_TAGS, TRINO_SCHEMAS, TRINO_PLAIN, TRINO_CA_FILE, TRINO_CERT_FILE, TRINO_KEY_FILE, TRINO_PROXY,
// TRINO_SPOOLING, TRINO_COMPRESSION, TRINO_CONCURRENCY, TRINO_TIMEOUT and TRINO_MAX_ROWS. base.EnvPrefix reads a second
// instance. Every variable that is missing or wrong is reported.
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
		base.EnvBool(&c.Plain, "TRINO_PLAIN"),
		base.EnvString(&c.CAFile, "TRINO_CA_FILE"),
		base.EnvString(&c.CertFile, "TRINO_CERT_FILE"),
		base.EnvString(&c.KeyFile, "TRINO_KEY_FILE"),
		base.EnvString(&c.Proxy, "TRINO_PROXY"),
		base.EnvString(&c.Spooling, "TRINO_SPOOLING"),
		base.EnvString(&c.Compression, "TRINO_COMPRESSION"),
		base.EnvInt(&c.Limits.Concurrency, "TRINO_CONCURRENCY"),
		base.EnvDuration(&c.Limits.Timeout, "TRINO_TIMEOUT"),
		base.EnvInt(&maxRows, "TRINO_MAX_ROWS"),
	)
	c.MaxRows = int64(maxRows)
	return c, err
}
