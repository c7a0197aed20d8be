package jira_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/jira"
)

const canary = "canary-t0ken/of+nobody"

func TestEveryProblemOfAConfigIsSaidAtOnceByItsField(t *testing.T) {
	t.Parallel()
	_, err := jira.New(t.Context(), jira.Config{
		Server: "ftp://" + canary, CloudID: "../x", Gateway: "no url", Email: "a b", Projects: []string{"no key"}, MaxResponseBytes: -1,
		MaxAttachmentBytes: -1, CertFile: "x", Proxy: "http://user:" + canary + "@h", Limits: base.Limits{Retries: 99},
	})
	failed(t, err, base.KindInvalid, "server (JIRA_SERVER): ", "cloud_id (JIRA_CLOUD_ID): ", "gateway: ", "email (JIRA_EMAIL): ", "projects (JIRA_PROJECTS): ",
		"token (JIRA_API_TOKEN): missing", "max_response_bytes", "max_attachment_bytes", "cert_file and key_file", "proxy: ", "limits.retries")
	if strings.Contains(err.Error(), canary) {
		t.Errorf("a value is repeated: %v", err)
	}
	_, err = jira.New(t.Context(), jira.Config{Token: secret.Literal(canary)})
	failed(t, err, base.KindInvalid, "server (JIRA_SERVER): missing", "cloud_id")
	_, err = jira.New(t.Context(), jira.Config{Server: "https://acme.example.com", Token: secret.Literal(canary)}, base.WithCache(nil))
	failed(t, err, base.KindInvalid, "WithCache")
}

func TestTheEnvironmentMakesAConfig(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"JIRA_SERVER": "https://acme.example.com", "JIRA_EMAIL": "me@example.com", "JIRA_API_TOKEN": canary, "JIRA_PROJECTS": "OPS, SUP,",
	}
	c, err := jira.ConfigFromEnv(t.Context(), base.EnvMap(env))
	if err != nil || c.Server != env["JIRA_SERVER"] || c.Email != env["JIRA_EMAIL"] || cmp.Diff([]string{"OPS", "SUP"}, c.Projects) != "" {
		t.Errorf("%+v, %v", c, err)
	}
	if text := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(text, canary) {
		t.Error("the token is printed")
	}
	_, err = jira.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{"TWO_JIRA_SERVER": "no url " + canary, "TWO_JIRA_CLOUD_ID": "a/b", "TWO_JIRA_PROJECTS": "a b"}), base.EnvPrefix("TWO_"))
	failed(t, err, base.KindInvalid, "TWO_JIRA_SERVER", "TWO_JIRA_CLOUD_ID", "TWO_JIRA_PROJECTS", "TWO_JIRA_API_TOKEN")
	if e, ok := errors.AsType[*base.EnvError](err); !ok || strings.Contains(err.Error(), canary) {
		t.Errorf("%+v, %v", e, err)
	}
	_, err = jira.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{"JIRA_API_TOKEN": canary}))
	failed(t, err, base.KindInvalid, "JIRA_SERVER")
	if _, err := jira.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{"JIRA_API_TOKEN": canary, "JIRA_CLOUD_ID": "c-1"})); err != nil {
		t.Errorf("with a cloud id alone: %v", err)
	}
}
