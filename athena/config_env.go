package athena

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/variable"
)

// ConfigFromEnv reads ATHENA_REGION or AWS_REGION, ATHENA_DATABASE, ATHENA_OUTPUT_LOCATION (s3://bucket/folder/) or
// ATHENA_OUTPUT_BUCKET (its bucket alone), ATHENA_WORKGROUP, ATHENA_CATALOG, ATHENA_SCHEMAS, ATHENA_ENDPOINT,
// ATHENA_S3_ENDPOINT, ATHENA_BUCKET_OWNER, ATHENA_RESULTS, ATHENA_REUSE_MAX_AGE, ATHENA_CA_FILE, ATHENA_CERT_FILE,
// ATHENA_KEY_FILE, ATHENA_PROXY, ATHENA_CONCURRENCY, ATHENA_TIMEOUT, ATHENA_MAX_ROWS and ATHENA_MAX_SCAN_BYTES. None is
// required. Credentials are not read here: they are those of the AWS chain.
//
// base.EnvPrefix reads a second instance. Every variable that is wrong is reported at once, by name, in an error that is
// base.ErrInvalid and in which errors.As finds each *base.EnvError; the Config is then the zero value.
func ConfigFromEnv(ctx context.Context, opts ...base.EnvOption) (Config, error) {
	var c Config
	var maxRows, maxScan int
	var region, bucket string
	err := base.LoadEnv(ctx, opts,
		base.EnvString(&c.Region, "ATHENA_REGION"),
		base.EnvString(&region, "AWS_REGION"),
		base.EnvString(&c.Database, "ATHENA_DATABASE"),
		base.EnvString(&c.OutputLocation, "ATHENA_OUTPUT_LOCATION"),
		base.EnvString(&bucket, "ATHENA_OUTPUT_BUCKET"),
		base.EnvString(&c.Workgroup, "ATHENA_WORKGROUP"),
		base.EnvString(&c.Catalog, "ATHENA_CATALOG"),
		base.EnvStrings(&c.Schemas, "ATHENA_SCHEMAS"),
		base.EnvString(&c.Endpoint, "ATHENA_ENDPOINT"),
		base.EnvString(&c.S3Endpoint, "ATHENA_S3_ENDPOINT"),
		base.EnvString(&c.BucketOwner, "ATHENA_BUCKET_OWNER"),
		base.EnvString(&c.Results, "ATHENA_RESULTS"),
		base.EnvDuration(&c.ReuseMaxAge, "ATHENA_REUSE_MAX_AGE"),
		base.EnvString(&c.CAFile, "ATHENA_CA_FILE"),
		base.EnvString(&c.CertFile, "ATHENA_CERT_FILE"),
		base.EnvString(&c.KeyFile, "ATHENA_KEY_FILE"),
		base.EnvString(&c.Proxy, "ATHENA_PROXY"),
		base.EnvInt(&c.Limits.Concurrency, "ATHENA_CONCURRENCY"),
		base.EnvDuration(&c.Limits.Timeout, "ATHENA_TIMEOUT"),
		base.EnvInt(&maxRows, "ATHENA_MAX_ROWS"),
		base.EnvInt(&maxScan, "ATHENA_MAX_SCAN_BYTES"),
	)
	c.MaxRows, c.MaxScan = int64(maxRows), int64(maxScan)
	other := map[string]string{} // the variables of fields that have two, where the second one was read
	if c.Region == "" && region != "" {
		c.Region, other["region"] = region, "AWS_REGION"
	}
	if c.OutputLocation == "" && bucket != "" {
		c.OutputLocation = "s3://" + strings.Trim(strings.TrimPrefix(bucket, "s3://"), "/") + "/"
		other["output_location"] = "ATHENA_OUTPUT_BUCKET"
	}
	if err = errors.Join(err, c.variables(variable.Prefix(ctx, opts), other)); err != nil {
		return Config{}, variable.Invalid(defaultName, "ConfigFromEnv", err)
	}
	return c, nil
}

// variables reports what is wrong with the values by the variables that they came from.
func (c Config) variables(prefix string, other map[string]string) error {
	var all []error
	if c.Limits.Timeout < 0 {
		all = append(all, &base.EnvError{Variable: prefix + "ATHENA_TIMEOUT", Problem: "negative; write how long a call may take, such as 5m"})
	}
	for _, err := range variable.Problems(c.Validate()) {
		fields, text, _ := strings.Cut(err.Error(), ": ")
		var names []string
		for field := range strings.SplitSeq(fields, ", ") {
			field, _, _ = strings.Cut(strings.TrimPrefix(field, "limits."), "[")
			names = append(names, prefix+cmp.Or(other[field], "ATHENA_"+strings.ToUpper(field)))
		}
		all = append(all, &base.EnvError{Variable: strings.Join(names, ", "), Problem: text})
	}
	return errors.Join(all...)
}
