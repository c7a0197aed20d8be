package github_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/github"
)

const canary = "canary-t0ken/of+nobody"

func TestEveryProblemOfAConfigIsSaidAtOnceByItsField(t *testing.T) {
	t.Parallel()
	_, err := github.New(t.Context(), github.Config{
		BaseURL: "ftp://" + canary, Token: secret.Literal(canary), App: github.App{ID: "a b", PrivateKey: secret.Literal(canary)}, Repositories: []string{"no repo"},
		MaxResponseBytes: -1, CertFile: "x", Proxy: "http://user:" + canary + "@h", Limits: base.Limits{Retries: 99}, Search: base.Limits{Burst: -7},
	})
	failed(t, err, base.KindInvalid, "base_url (GITHUB_BASE_URL): ", "token (GITHUB_TOKEN): a token and an App", "app.id (GITHUB_APP_ID): ",
		"app.installation (GITHUB_APP_INSTALLATION_ID): ", "app.private_key (GITHUB_APP_PRIVATE_KEY): not a key in PEM", "repositories (GITHUB_REPOSITORIES): ",
		"max_response_bytes", "cert_file and key_file", "proxy: ", "limits.retries", "search: burst")
	if strings.Contains(err.Error(), canary) {
		t.Errorf("a value is repeated: %v", err)
	}
	_, err = github.New(t.Context(), github.Config{})
	failed(t, err, base.KindInvalid, "token (GITHUB_TOKEN): missing")
	_, err = github.New(t.Context(), github.Config{Token: secret.Literal(canary)}, base.WithCache(nil))
	failed(t, err, base.KindInvalid, "WithCache")
}

func TestTheEnvironmentMakesAConfig(t *testing.T) {
	t.Parallel()
	env := map[string]string{"GITHUB_TOKEN": canary, "GITHUB_REPOSITORIES": "acme/loads, acme/*,", "GITHUB_BASE_URL": "https://github.example.com/api/v3"}
	c, err := github.ConfigFromEnv(t.Context(), base.EnvMap(env))
	if err != nil || c.BaseURL != env["GITHUB_BASE_URL"] || cmp.Diff([]string{"acme/loads", "acme/*"}, c.Repositories) != "" {
		t.Errorf("%+v, %v", c, err)
	}
	if text := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(text, canary) {
		t.Error("the token is printed")
	}
	key := started(t).AppKey()
	c, err = github.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{"GITHUB_APP_ID": "7", "GITHUB_APP_INSTALLATION_ID": "8", "GITHUB_APP_PRIVATE_KEY": key}))
	if err != nil || c.App.ID != "7" || c.App.Installation != 8 {
		t.Errorf("%+v, %v", c, err)
	}
	_, err = github.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{"TWO_GITHUB_APP_ID": "7", "TWO_GITHUB_APP_INSTALLATION_ID": "x", "TWO_GITHUB_REPOSITORIES": "a b"}), base.EnvPrefix("TWO_"))
	failed(t, err, base.KindInvalid, "TWO_GITHUB_APP_INSTALLATION_ID", "TWO_GITHUB_APP_PRIVATE_KEY", "TWO_GITHUB_REPOSITORIES")
	if e, ok := errors.AsType[*base.EnvError](err); !ok {
		t.Errorf("%+v, %v", e, err)
	}
	_, err = github.ConfigFromEnv(t.Context(), base.EnvMap(nil))
	failed(t, err, base.KindInvalid, "GITHUB_TOKEN")
}

func TestAnEnterpriseServerIsReachedBelowItsPath(t *testing.T) {
	t.Parallel()
	server, _, _ := stocked(t)
	client := clientOf(t, server, func(c *github.Config) { c.BaseURL = server.URL + "/api/v3/" })
	if f, err := client.File(bounded(t), loads, "README.md", github.FileOptions{}); err != nil || f.Content == "" {
		t.Errorf("%+v, %v", f, err)
	}
	if _, err := base.Collect(client.Commits(bounded(t), github.CommitsOptions{Repo: loads})); err != nil {
		t.Error(err)
	}
	if all, err := client.Blame(bounded(t), loads, "README.md", github.BlameOptions{}); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	server.Rename(loads, "acme/freight")
	if f, err := client.File(bounded(t), loads, "README.md", github.FileOptions{}); err != nil || f.Repo != "acme/freight" {
		t.Errorf("%+v, %v", f, err)
	}
	for _, r := range server.Requests() {
		if !strings.HasPrefix(r.Target, "/api/v3/") && r.Target != "/api/graphql" {
			t.Error(r.Target)
		}
	}
}
