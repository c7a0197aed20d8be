package awssecret_test

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/awssecret"
	"github.com/fourkites/sources/base/secret/awssecret/awssecrettest"
)

func TestEverythingThatIsWrongWithAConfigIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	bad := awssecret.Config{
		Name: "a\nb", Region: "Europe", Endpoint: "ftp://x", Profile: "p", Key: secret.Literal(canary), Proxy: "http://user:" + canary + "@proxy",
		Timeout: base.Duration(time.Second), Limits: base.Limits{Timeout: base.Duration(time.Second), Retries: 11},
	}
	_, err := awssecret.New(t.Context(), bad)
	if !errors.Is(err, base.ErrInvalid) {
		t.Fatal(err)
	}
	for _, field := range []string{"name:", "region:", "endpoint:", "profile:", "proxy:", "timeout:", "limits.retries:"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not speak of %s", err, field)
		}
	}
	if strings.Contains(err.Error(), canary) {
		t.Error(err)
	}
	if err := (awssecret.Config{}).Validate(); err != nil {
		t.Errorf("the zero Config: %v", err)
	}
	if err := (awssecret.Config{Timeout: -1, Limits: base.Limits{Attempt: -1}}).Validate(); err != nil {
		t.Errorf("bounds off: %v", err)
	}
	if err := (awssecret.Config{Timeout: base.Duration(time.Second)}).Validate(); err != nil {
		t.Errorf("a timeout below that of one request: %v", err)
	}
}

func TestAnEndpointIsHostAndPortAndNeverInClear(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"https://u:p@host", "https://host/path", "https://host?a=b", "host:443", "https://"} {
		if err := (awssecret.Config{Endpoint: endpoint}).Validate(); err == nil || !strings.Contains(err.Error(), "endpoint") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	config := awssecret.Config{Region: "us-east-1", Endpoint: "http://vpce.example", Proxy: "none", Key: secret.Literal("a:b")}
	if _, err := awssecret.New(t.Context(), config); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "clear") {
		t.Error(err)
	}
}

func TestAnOptionThatWouldDoNothingIsRefused(t *testing.T) {
	t.Parallel()
	config := awssecret.Config{Region: "us-east-1", Key: secret.Literal("a:b"), CAFile: "x.pem"}
	_, err := awssecret.New(t.Context(), config, base.WithTransport(http.DefaultTransport), base.WithTLS(&tls.Config{MinVersion: tls.VersionTLS13}), base.WithCache(nil))
	for _, says := range []string{"ca_file", "WithTLS", "WithCache"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not speak of %s", err, says)
		}
	}
}

func TestAConfigIsPrintedWithoutItsKey(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(awssecret.Config{Region: "eu-west-1", Key: secret.Literal(canary), Timeout: base.Duration(time.Second)})
	if err != nil || strings.Contains(string(text), canary) {
		t.Errorf("%s, %v", text, err)
	}
	if want := `{"region":"eu-west-1","key":"[redacted]","timeout":"1s"}`; string(text) != want {
		t.Errorf("%s, want %s", text, want)
	}
	var read awssecret.Config
	if err := json.Unmarshal([]byte(`{"region":"eu-west-1","key":"file:///run/key","timeout":"2s","limits":{"retries":1}}`), &read); err != nil || read.Timeout.D() != 2*time.Second || read.Limits.Retries != 1 {
		t.Errorf("%+v, %v", read, err)
	}
}

// The chain is that of the process, so this test is alone.
func TestTheChainOfAWSGivesRegionAndCredentials(t *testing.T) {
	server := started(t)
	server.Put("app", "x")
	dir := t.TempDir()
	shared := filepath.Join(dir, "credentials")
	writeFile(t, shared, "[reader]\naws_access_key_id = UNKNOWNKEY\naws_secret_access_key = x\n")
	writeFile(t, filepath.Join(dir, "config"), "[profile reader]\nregion = "+awssecrettest.Region+"\n")
	for name, value := range map[string]string{
		"AWS_SHARED_CREDENTIALS_FILE": shared, "AWS_CONFIG_FILE": filepath.Join(dir, "config"), "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
		"AWS_SESSION_TOKEN": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	if _, err := awssecret.New(t.Context(), awssecret.Config{}); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "region") {
		t.Errorf("no region: %v", err)
	}
	if _, err := awssecret.New(t.Context(), awssecret.Config{Profile: "absent"}); !errors.Is(err, base.ErrInvalid) {
		t.Errorf("no such profile: %v", err)
	}
	source := opened(t, storeOf(t, awssecret.Config{Region: awssecrettest.Region, Endpoint: server.URL(), Proxy: "none"}), "awssm://app")
	if _, err := source.Get(t.Context()); !errors.Is(err, awssecret.ErrCredentials) || len(server.Requests()) != 0 {
		t.Errorf("no credentials: %v", err)
	}
	source = opened(t, storeOf(t, awssecret.Config{Profile: "reader", Endpoint: server.URL(), Proxy: "none"}), "awssm://app")
	if _, err := source.Get(t.Context()); !errors.Is(err, awssecret.ErrCredentials) {
		t.Errorf("unknown key: %v", err)
	}
	writeFile(t, shared, "[reader]\naws_access_key_id = "+awssecrettest.AccessKey+"\naws_secret_access_key = x\n")
	reads(t, source, "x") // the file is read anew, since what it said was refused

	server.ExpireKey(awssecrettest.AccessKey)
	writeFile(t, filepath.Join(dir, "config"), "[default]\n")
	writeFile(t, shared, "[default]\n")
	if _, err := source.Get(t.Context()); !errors.Is(err, awssecret.ErrInvalid) || !strings.Contains(err.Error(), "AWS settings") {
		t.Errorf("the profile is gone: %v", err)
	}
	server.SetKey(awssecrettest.AccessKey, "")
	writeFile(t, filepath.Join(dir, "config"), "[profile reader]\nregion = "+awssecrettest.Region+"\n")
	writeFile(t, shared, "[reader]\naws_access_key_id = "+awssecrettest.AccessKey+"\naws_secret_access_key = x\n")
	reads(t, source, "x")
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
