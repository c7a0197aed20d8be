package confluence_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/confluence"
)

const canary = "canary-t0ken/of+nobody"

func TestEveryProblemOfAConfigIsSaidAtOnceByItsField(t *testing.T) {
	t.Parallel()
	_, err := confluence.New(t.Context(), confluence.Config{
		URL: "ftp://" + canary, CloudID: "../x", Gateway: "no url", Email: "a b", Space: "no key", Spaces: []string{"no key"}, MaxResponseBytes: -1,
		CertFile: "x", Proxy: "http://user:" + canary + "@h", Limits: base.Limits{Retries: 99},
	})
	failed(t, err, base.KindInvalid, "url (CONFLUENCE_URL): ", "cloud_id (CONFLUENCE_CLOUD_ID): ", "gateway: ", "email (CONFLUENCE_EMAIL): ", "space (CONFLUENCE_SPACE_KEY): ", "spaces (CONFLUENCE_SPACES): ",
		"token (CONFLUENCE_API_TOKEN): missing", "max_response_bytes", "cert_file and key_file", "proxy: ", "limits.retries")
	if strings.Contains(err.Error(), canary) {
		t.Errorf("a value is repeated: %v", err)
	}
	_, err = confluence.New(t.Context(), confluence.Config{Token: secret.Literal(canary)})
	failed(t, err, base.KindInvalid, "url (CONFLUENCE_URL): missing", "cloud_id")
	_, err = confluence.New(t.Context(), confluence.Config{URL: "https://acme.example.com", Token: secret.Literal(canary)}, base.WithCache(nil))
	failed(t, err, base.KindInvalid, "WithCache")
}

func TestTheEnvironmentMakesAConfig(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"CONFLUENCE_URL": "https://acme.example.com", "CONFLUENCE_EMAIL": "me@example.com", "CONFLUENCE_API_TOKEN": canary, "CONFLUENCE_SPACES": "OPS, SUP,",
	}
	c, err := confluence.ConfigFromEnv(t.Context(), base.EnvMap(env))
	if err != nil || c.URL != env["CONFLUENCE_URL"] || c.Email != env["CONFLUENCE_EMAIL"] || cmp.Diff([]string{"OPS", "SUP"}, c.Spaces) != "" {
		t.Errorf("%+v, %v", c, err)
	}
	if text := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(text, canary) {
		t.Error("the token is printed")
	}
	_, err = confluence.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{"TWO_CONFLUENCE_URL": "no url " + canary, "TWO_CONFLUENCE_CLOUD_ID": "a/b", "TWO_CONFLUENCE_SPACES": "a b"}), base.EnvPrefix("TWO_"))
	failed(t, err, base.KindInvalid, "TWO_CONFLUENCE_URL", "TWO_CONFLUENCE_CLOUD_ID", "TWO_CONFLUENCE_SPACES", "TWO_CONFLUENCE_API_TOKEN")
	if e, ok := errors.AsType[*base.EnvError](err); !ok || strings.Contains(err.Error(), canary) {
		t.Errorf("%+v, %v", e, err)
	}
	_, err = confluence.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{"CONFLUENCE_API_TOKEN": canary}))
	failed(t, err, base.KindInvalid, "CONFLUENCE_URL")
	if _, err := confluence.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{"CONFLUENCE_API_TOKEN": canary, "CONFLUENCE_CLOUD_ID": "c-1"})); err != nil {
		t.Errorf("with a cloud id alone: %v", err)
	}
}
