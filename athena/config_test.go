package athena_test

import (
	"context"
	"errors"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/base"
)

func TestTheEnvironmentIsRead(t *testing.T) {
	t.Parallel()
	got, err := athena.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{
		"AWS_REGION": "eu-west-1", "ATHENA_DATABASE": "archive", "ATHENA_OUTPUT_BUCKET": "results", "ATHENA_WORKGROUP": "bots", "ATHENA_REUSE_MAX_AGE": "10m",
	}))
	want := athena.Config{Region: "eu-west-1", Database: "archive", OutputLocation: "s3://results/", Workgroup: "bots", ReuseMaxAge: base.Duration(10 * time.Minute)}
	if err != nil || got.Region != want.Region || got.Database != want.Database || got.OutputLocation != want.OutputLocation || got.Workgroup != want.Workgroup || got.ReuseMaxAge != want.ReuseMaxAge {
		t.Errorf("%+v %v", got, err)
	}
	_, err = athena.ConfigFromEnv(t.Context(), base.EnvPrefix("OLD_"), base.EnvMap(map[string]string{
		"OLD_ATHENA_REGION": "nowhere", "OLD_ATHENA_MAX_ROWS": "many", "OLD_ATHENA_RESULTS": "fax", "OLD_ATHENA_TIMEOUT": "-5s", "OLD_ATHENA_OUTPUT_BUCKET": "A b",
	}))
	for _, name := range []string{
		"OLD_ATHENA_REGION", "OLD_ATHENA_MAX_ROWS", "OLD_ATHENA_RESULTS", "OLD_ATHENA_TIMEOUT", "OLD_ATHENA_OUTPUT_BUCKET",
	} {
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAWrongVariableIsTheOneThatWasRead(t *testing.T) {
	t.Parallel()
	for want, vars := range map[string]map[string]string{
		`OLD_AWS_REGION: not the name of a region`:    {"OLD_AWS_REGION": "eu west"},
		`OLD_ATHENA_REGION: not the name of a region`: {"OLD_ATHENA_REGION": "eu west", "OLD_AWS_REGION": "eu-west-1"},
		`OLD_ATHENA_OUTPUT_BUCKET: not of the form`:   {"OLD_ATHENA_OUTPUT_BUCKET": "b"},
		`OLD_ATHENA_OUTPUT_LOCATION: not of the form`: {"OLD_ATHENA_OUTPUT_LOCATION": "s3://b/", "OLD_ATHENA_OUTPUT_BUCKET": "results"},
	} {
		_, err := athena.ConfigFromEnv(t.Context(), base.EnvPrefix("OLD_"), base.EnvMap(vars))
		if err == nil || !strings.Contains(err.Error(), "invalid: "+want) || strings.Contains(err.Error(), "; OLD_") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestEverythingThatIsWrongIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	err := athena.Config{
		Region: "x", Workgroup: "a b", OutputLocation: "results", BucketOwner: "me", Endpoint: "http://u:p@h/", S3Endpoint: "h", Schemas: []string{"db"},
		Results: "fax", CertFile: "c", Proxy: "h", MaxScan: -1, ScanPrice: math.NaN(), ReuseMaxAge: base.Duration(time.Second),
	}.Validate()
	var fields []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		field, _, _ := strings.Cut(line, ":")
		fields = append(fields, field)
	}
	want := []string{
		"region", "workgroup", "bucket_owner", "output_location", "schemas[0]", "endpoint", "s3_endpoint", "cert_file, key_file", "proxy", "results",
		"max_scan_bytes", "scan_price_usd", "reuse_max_age",
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(err.Error(), "u:p") {
		t.Error("a password is shown")
	}
	if _, err := athena.New(t.Context(), athena.Config{}); err != nil {
		t.Errorf("the zero Config: %v", err)
	}
}

func TestEndpointsInClearAreOnThisMachineOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []athena.Config{
		{Region: "eu-west-1", Endpoint: "http://athena.example.com"},
		{Region: "eu-west-1", S3Endpoint: "http://192.0.2.7:9000"},
	} {
		_, err := athena.New(t.Context(), c)
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "endpoint: http:// to another machine") {
			t.Errorf("%+v: %v", c, err)
		}
		client, err := athena.New(t.Context(), c, base.WithDialer(func(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }))
		if err != nil {
			t.Errorf("a dialer may know a way of its own: %v", err)
			continue
		}
		_ = client.Close()
	}
	client, err := athena.New(t.Context(), athena.Config{Region: "eu-west-1", Endpoint: "http://localhost:1", S3Endpoint: "http://[::1]:2"})
	if err != nil {
		t.Fatal(err)
	}
	_ = client.Close()
}
