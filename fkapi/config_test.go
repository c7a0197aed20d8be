package fkapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/sign"
	"github.com/fourkites/sources/fkapi"
)

func TestConfigIsReadFromTheEnvironment(t *testing.T) {
	t.Parallel()
	c, err := fkapi.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{
		"FK_API_APP_ID": "demo", "FK_API_SECRET": "s3cret", "COMPANY_API_BASE_URL": "https://company.example.com",
	}))
	if err != nil || c.AppID != "demo" || !c.Secret.Equal(secret.Literal("s3cret")) || c.CompanyURL == "" || c.TrackingURL != "" {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = fkapi.ConfigFromEnv(t.Context(), base.EnvPrefix("EU_"), base.EnvMap(map[string]string{
		"EU_FK_API_AUTH_METHOD": "Basic", "EU_FK_API_USER": "u", "EU_FK_API_PASSWORD": "p4ss",
	}))
	if err != nil || c.User != "u" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestEveryProblemOfTheEnvironmentIsReportedByVariable(t *testing.T) {
	t.Parallel()
	_, err := fkapi.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{
		"FK_API_AUTH_METHOD": "magic", "TRACKING_API_BASE_URL": "https://user:h1dden@host", "COMPANY_API_BASE_URL": "ftp://x",
	}))
	for _, name := range []string{"FK_API_APP_ID", "FK_API_SECRET", "FK_API_AUTH_METHOD", "TRACKING_API_BASE_URL", "COMPANY_API_BASE_URL"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
	if strings.Contains(fmt.Sprint(err), "h1dden") {
		t.Error("a password shows")
	}
	if _, ok := errors.AsType[*base.EnvError](err); !ok {
		t.Error("no EnvError")
	}
}

func TestNothingIsSetMeansThatAllIsReported(t *testing.T) {
	t.Parallel()
	for method, names := range map[string][]string{
		"": {"FK_API_APP_ID: missing", "FK_API_SECRET: missing"}, "hmac": {"FK_API_APP_ID: missing", "FK_API_SECRET: missing"},
		"BASIC": {"FK_API_USER: missing", "FK_API_PASSWORD: missing"},
	} {
		for _, blank := range []string{"", "  "} {
			_, err := fkapi.ConfigFromEnv(t.Context(), base.EnvPrefix("EU_"), base.EnvMap(map[string]string{
				"EU_FK_API_AUTH_METHOD": method, "EU_FK_API_SECRET": blank, "EU_FK_API_PASSWORD": blank, "FK_API_APP_ID": "of another instance", "FK_API_USER": "x",
			}))
			if err == nil || strings.Count(err.Error(), "; ") != 1 || base.KindOf(err) != base.KindInvalid {
				t.Errorf("%q: %v", method, err)
			}
			for _, name := range names {
				if err == nil || !strings.Contains(err.Error(), "EU_"+name) {
					t.Errorf("%q: %s is not in: %v", method, name, err)
				}
			}
		}
	}
}

func TestAVariableThatCannotBeRightIsNamedAndNeverShown(t *testing.T) {
	t.Parallel()
	good := map[string]string{"FK_API_APP_ID": "demo", "FK_API_SECRET": "s3cret"}
	for name, values := range map[string][]string{
		"FK_API_AUTH_METHOD":    {"h1dden", "oauth"},
		"TRACKING_API_BASE_URL": {"h1dden", "https://u:h1dden@host", "https://host/?h1dden", "ftp://h1dden", "https://", "https://host:h1dden", "https://h1dden\nhost"},
		"COMPANY_API_BASE_URL":  {"//h1dden", "https://host/#h1dden", "file:///h1dden"},
		"FK_API_SECRET":         {"h1dden\x00", "[redacted]"},
		"FK_API_APP_ID":         {"h1dden\x00", "file:///no/such/h1dden.file"},
	} {
		for _, value := range values {
			env := maps.Clone(good)
			env[name] = value
			_, err := fkapi.ConfigFromEnv(t.Context(), base.EnvMap(env))
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s=%q: %v", name, value, err)
			}
			if shown := strings.ReplaceAll(fmt.Sprintf("%v %+v", err, err), "file:///", ""); strings.Contains(value, "h1dden") && strings.Contains(shown, "h1dden") && !strings.HasPrefix(value, "file:") {
				t.Errorf("%s=%q shows in %v", name, value, err)
			}
		}
	}
	_, err := fkapi.ConfigFromEnv(t.Context(), base.EnvPrefix("EU_"), base.EnvMap(map[string]string{"EU_FK_API_APP_ID": "a b", "EU_FK_API_SECRET": "s3cret"}))
	if err == nil || !strings.Contains(err.Error(), "EU_FK_API_APP_ID") {
		t.Errorf("an app id with a space: %v", err)
	}
}

func TestDefaultsAreTheStatedOnes(t *testing.T) {
	t.Parallel()
	c, err := fkapi.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{"FK_API_APP_ID": "demo", "FK_API_SECRET": "s3cret"}))
	if err != nil || c.AuthMethod != "" || c.TrackingURL != "" || c.Scheme != sign.Header {
		t.Errorf("%+v, %v", c, err)
	}
	var dialled []string
	client, err := fkapi.NewTracking(t.Context(), c, base.WithDialer(func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		return nil, errors.New("no network in tests")
	}))
	if err != nil {
		t.Fatal(err)
	}
	_ = client.Ping(t.Context()) // fails
	if err := client.Close(); err != nil || !slices.Contains(dialled, "tracking-api.fourkites.com:443") || client.Name() != "tracking" {
		t.Errorf("dialled %v, %v", dialled, err)
	}
	if _, err := fkapi.NewCompany(t.Context(), c); err == nil || !strings.Contains(err.Error(), "company_url (COMPANY_API_BASE_URL): missing") || !strings.Contains(err.Error(), "COMPANY_API_BASE_URL") {
		t.Errorf("a company client without an address: %v", err)
	}
}

func TestEveryProblemOfAConfigIsReportedByField(t *testing.T) {
	t.Parallel()
	c := fkapi.Config{
		TrackingURL: "https://h/?k=h1dden", CompanyURL: "://", AppID: "a b", Scheme: "odd", Locale: "en&x=1", MaxResponseBytes: -1,
		CertFile: "c", Limits: base.Limits{Retries: 99}, Proxy: "http://user:h1dden@proxy.example.com:3128",
	}
	err := c.Validate()
	for _, field := range []string{"tracking_url", "company_url", "app_id", "secret", "scheme", "locale", "max_response_bytes", "key_file", "proxy", "limits.retries"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named: %v", field, err)
		}
	}
	if strings.Contains(fmt.Sprint(err), "h1dden") {
		t.Error("a secret shows")
	}
	if _, err := fkapi.NewCompany(t.Context(), fkapi.Config{}); err == nil || !strings.Contains(err.Error(), "company_url (COMPANY_API_BASE_URL): missing") || !strings.Contains(err.Error(), "app_id") {
		t.Errorf("NewCompany: %v", err)
	}
	if _, err := fkapi.NewTracking(t.Context(), fkapi.Config{AuthMethod: "basic"}); err == nil || !strings.Contains(err.Error(), "password") {
		t.Errorf("NewTracking: %v", err)
	}
}

func TestAConfigIsReadFromJSONAndNeverPrintsItsSecret(t *testing.T) {
	t.Parallel()
	var c fkapi.Config
	if err := json.Unmarshal([]byte(`{"app_id":"a","secret":"h1dden","scheme":"header-literal","limits":{"timeout":"3s"}}`), &c); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(c)
	if err != nil || c.Validate() != nil {
		t.Fatal(err, c.Validate())
	}
	if all := fmt.Sprintf("%v %+v %#v %s", c, c, c, text); strings.Contains(all, "h1dden") {
		t.Error("the secret shows")
	}
	if client, err := fkapi.NewTracking(t.Context(), c); err != nil || client.Name() != "tracking" || client.Close() != nil || client.Close() != nil {
		t.Errorf("%v", err)
	}
}

func TestEveryProblemOfAConstructorIsOneInvalidError(t *testing.T) {
	t.Parallel()
	bad := fkapi.Config{
		TrackingURL: "ftp://h", Limits: base.Limits{Attempt: base.Duration(time.Hour), Timeout: base.Duration(time.Minute)}, Locale: "?", Secret: secret.Literal("x"),
	}
	absent := fkapi.Config{AppID: "a", CompanyURL: "https://h"}
	absent.Secret, absent.CAFile = secret.Literal("s3cret"), "no-such.pem"
	unknown := fkapi.Config{AppID: "a", CompanyURL: "https://h"}
	if err := unknown.Secret.UnmarshalText([]byte("vault://kv/app#key")); err != nil {
		t.Fatal(err)
	}
	late := fkapi.Config{AppID: "a", CompanyURL: "https://h", Secret: secret.Literal("s3cret"), Limits: base.Limits{Attempt: base.Duration(time.Hour)}}
	for name, tc := range map[string]struct {
		c    fkapi.Config
		says []string
	}{
		"several":     {bad, []string{"company_url (COMPANY_API_BASE_URL): missing", "tracking_url (TRACKING_API_BASE_URL)", "app_id (FK_API_APP_ID): missing", "limits.attempt: ", "locale"}},
		"file":        {absent, []string{"ca_file: "}},
		"a reference": {unknown, []string{"secret (FK_API_SECRET): unresolved"}},
		"limits":      {late, []string{"limits.attempt: "}},
	} {
		_, err := fkapi.NewCompany(t.Context(), tc.c)
		e, ok := errors.AsType[*base.Error](err)
		if !ok || e.Kind != base.KindInvalid || e.Source != "company" || e.Sent != base.NotSent || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %#v", name, err)
		}
		for _, part := range tc.says {
			if !strings.Contains(fmt.Sprint(err), part) {
				t.Errorf("%s: %q is not in: %v", name, part, err)
			}
		}
		for _, twice := range []string{"limits: limits", "secret: secret", "company: company", "company_url: company_url"} {
			if strings.Contains(fmt.Sprint(err), twice) {
				t.Errorf("%s: %q in: %v", name, twice, err)
			}
		}
	}
}
