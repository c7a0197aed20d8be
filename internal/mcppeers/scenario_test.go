package mcppeers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/auth"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/fourkites/sources/mcp"
)

func TestTheConformanceSuitePassesTheClient(t *testing.T) {
	t.Parallel()
	out := conform(t, suiteRun{nodePeers(t), "conformance", conformanceVersion, "client, core", 18},
		"client", "--command", strings.Join(self(t, roleClient), " "), "--suite", "core")
	for _, pattern := range []string{"*/stderr.txt", "auth/*/stderr.txt"} {
		complaints, err := fs.Glob(out, pattern)
		if err != nil || len(complaints) == 0 {
			t.Errorf("no %s: %v", pattern, err)
		}
		for _, name := range complaints {
			text, err := fs.ReadFile(out, name)
			stops := strings.Contains(name, "scope-retry-limit") // a server that always wants more: the client must give up
			if err != nil || (len(text) > 0) != stops {
				t.Errorf("%s: %s %v", name, text, err)
			}
		}
	}
}

// playScenario is our client in a scenario of the conformance suite, which names it in the environment and its server in the
// last argument: it connects, lists the tools, and calls each of them.
func playScenario(ctx context.Context) error {
	scenario := os.Getenv("MCP_CONFORMANCE_SCENARIO")
	c := mcp.ClientConfig{Name: "conformance", URL: os.Args[len(os.Args)-1]}
	switch {
	case scenario == "":
		return errors.New("the suite names no scenario")
	case strings.HasPrefix(scenario, "auth/"):
		var err error
		if c.OAuth, err = authorization(); err != nil {
			return err
		}
	case strings.HasPrefix(scenario, "elicitation-"):
		c.ClientOptions = func(o *sdk.ClientOptions) { o.ElicitationHandler = acceptDefaults }
	}
	session, err := mcp.Dial(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(callAll(ctx, session), session.Close())
}

func callAll(ctx context.Context, session *mcp.Session) error {
	tools, err := session.Tools(ctx)
	if err != nil {
		return err
	}
	for _, t := range tools {
		args := `{}`
		if t.Name == "add_numbers" {
			args = `{"a":5,"b":3}`
		}
		_, err := session.CallTool(ctx, t.Name, json.RawMessage(args))
		inWords := err != nil && strings.Contains(err.Error(), "text that is not JSON") // all that these tools say
		if err != nil && !inWords {
			return err
		}
	}
	return nil
}

// acceptDefaults is a user who sends the form as it is.
func acceptDefaults(context.Context, *sdk.ElicitRequest) (*sdk.ElicitResult, error) {
	return &sdk.ElicitResult{Action: "accept", Content: map[string]any{}}, nil
}

const redirectURL = "http://localhost:3000/callback"

// authorization registers as the scenario's server allows: beforehand, by a document, or when it connects.
func authorization() (auth.OAuthHandler, error) {
	var given struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if text := os.Getenv("MCP_CONFORMANCE_CONTEXT"); text != "" {
		if err := json.Unmarshal([]byte(text), &given); err != nil {
			return nil, fmt.Errorf("the context of the scenario: %w", err)
		}
	}
	c := &auth.AuthorizationCodeHandlerConfig{
		RedirectURL:                    redirectURL,
		AuthorizationCodeFetcher:       approve,
		ClientIDMetadataDocumentConfig: &auth.ClientIDMetadataDocumentConfig{URL: "https://conformance-test.local/client-metadata.json"},
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{
			Metadata: &oauthex.ClientRegistrationMetadata{RedirectURIs: []string{redirectURL}},
		},
	}
	if given.ID != "" && given.Secret != "" {
		c.PreregisteredClient = &oauthex.ClientCredentials{
			ClientID: given.ID, ClientSecretAuth: &oauthex.ClientSecretAuth{ClientSecret: given.Secret},
		}
	}
	return auth.NewAuthorizationCodeHandler(c)
}

// approve is the browser of a user who says yes: the suite's server asks nothing and redirects at once.
func approve(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, args.URL, http.NoBody)
	if err != nil {
		return nil, err
	}
	page, err := browser.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = page.Body.Close() }()
	to, err := url.Parse(page.Header.Get("Location"))
	if err != nil {
		return nil, err
	}
	answer := to.Query()
	return &auth.AuthorizationResult{Code: answer.Get("code"), State: answer.Get("state"), Iss: answer.Get("iss")}, nil
}
