package llm_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/llm"
)

func TestTheEnvironmentNamesAProvider(t *testing.T) {
	t.Parallel()
	c, err := llm.ConfigFromEnv(t.Context(), base.EnvMap(map[string]string{
		"ANTHROPIC_API_KEY": "key-one-two", "ANTHROPIC_MODEL": "claude-demo", "AZURE_OPENAI_ENDPOINT": "https://acme.example.com",
	}))
	if err != nil || c.Model != "claude-demo" || c.URL != "" || c.Key.IsZero() || c.Validate() != nil {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = llm.ConfigFromEnv(t.Context(), base.EnvPrefix("SECOND_"), base.EnvMap(map[string]string{
		"SECOND_LLM_PROVIDER": "azure", "SECOND_AZURE_OPENAI_ENDPOINT": "https://acme.example.com", "SECOND_AZURE_OPENAI_API_KEY": "key-one-two",
		"SECOND_AZURE_OPENAI_DEPLOYMENT_NAME": "demo", "SECOND_AZURE_OPENAI_API_VERSION": "2024-10-21",
	}))
	if err != nil || c.Provider != llm.Azure || c.URL != "https://acme.example.com" || c.APIVersion != "2024-10-21" || c.Validate() != nil {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestEveryProblemOfTheEnvironmentIsReportedByVariable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		env  map[string]string
		want []string
	}{
		{map[string]string{}, []string{"ANTHROPIC_API_KEY", "ANTHROPIC_MODEL"}},
		{map[string]string{"LLM_PROVIDER": "azure"}, []string{"AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_DEPLOYMENT_NAME", "AZURE_OPENAI_API_KEY"}},
		{map[string]string{"LLM_PROVIDER": "other", "ANTHROPIC_API_KEY": "k3y-k3y", "ANTHROPIC_MODEL": "a b"}, []string{"LLM_PROVIDER", "ANTHROPIC_MODEL"}},
		{
			map[string]string{
				"LLM_PROVIDER": "azure", "AZURE_OPENAI_ENDPOINT": "acme", "AZURE_OPENAI_API_KEY": "k3y-k3y", "AZURE_OPENAI_DEPLOYMENT_NAME": "d",
				"AZURE_OPENAI_API_VERSION": "v1",
			},
			[]string{"AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_VERSION"},
		},
	} {
		_, err := llm.ConfigFromEnv(t.Context(), base.EnvMap(test.env))
		if _, ok := errors.AsType[*base.EnvError](err); !ok || !errors.Is(err, base.ErrInvalid) {
			t.Errorf("%v", err)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not name %s", err, want)
			}
		}
		if strings.Contains(err.Error(), "k3y-k3y") {
			t.Errorf("the key shows: %v", err)
		}
	}
}

func TestEveryProblemOfAConfigIsReportedByField(t *testing.T) {
	t.Parallel()
	key := secret.Literal("k3y-k3y")
	for _, test := range []struct {
		c    llm.Config
		want []string
	}{
		{llm.Config{}, []string{"model (ANTHROPIC_MODEL): missing", "key (ANTHROPIC_API_KEY): missing"}},
		{llm.Config{Provider: llm.Azure}, []string{"model (AZURE_OPENAI_DEPLOYMENT_NAME): missing", "AZURE_OPENAI_TOKEN", "url (AZURE_OPENAI_ENDPOINT)"}},
		{llm.Config{Model: "m", Key: key, Token: key, API: "chat", APIVersion: "2024-10-21"}, []string{"key and token", "token: only Azure", "api: only Azure", "api_version: only Azure"}},
		{llm.Config{Provider: llm.Azure, URL: "https://a.example.com", Model: "m", Key: key, API: "x"}, []string{"api: neither chat nor responses"}},
		{llm.Config{Provider: llm.Azure, URL: "https://a.example.com", Model: "m", Key: key, API: llm.Responses, APIVersion: "2024-10-21"}, []string{"api_version: responses"}},
		{
			llm.Config{
				Model: "m", Key: key, MaxTokens: -1, MaxResponseBytes: -1, Price: llm.Price{Output: math.NaN()}, CertFile: "x", URL: "ftp://x",
				Proxy: "::", Limits: base.Limits{Rate: math.NaN()},
			},
			[]string{"max_tokens", "max_response_bytes", "price", "cert_file", "url", "proxy", "rate"},
		},
	} {
		_, err := llm.New(context.Background(), test.c)
		if !errors.Is(err, base.ErrInvalid) {
			t.Errorf("%v", err)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not say %s", err, want)
			}
		}
		if strings.Contains(err.Error(), "k3y-k3y") {
			t.Errorf("the key shows: %v", err)
		}
	}
}

func TestAReferenceThatNobodyResolvesIsNamed(t *testing.T) {
	t.Parallel()
	var key secret.Value
	if err := key.UnmarshalText([]byte("vault://somewhere#key")); err != nil {
		t.Fatal(err)
	}
	if _, err := llm.New(t.Context(), llm.Config{Model: "m", Key: key}); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "key") {
		t.Error(err)
	}
}
