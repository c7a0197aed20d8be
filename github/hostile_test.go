package github_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/github/githubtest"
)

func html(status int) githubtest.Reply {
	return githubtest.Reply{Status: status, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: "<html><body>Log in</body></html>"}
}

func TestAnswersThatAreNoneAreSaid(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reply githubtest.Reply
		kind  base.Kind
		says  string
	}{
		"a login page":        {html(200), base.KindProtocol, "page of HTML"},
		"no API there":        {html(404), base.KindInvalid, "not the API"},
		"cut short":           {githubtest.Reply{Body: `[{"sha":"x`}, base.KindProtocol, "breaks at byte"},
		"empty":               {githubtest.Reply{Body: ``}, base.KindProtocol, "empty"},
		"null":                {githubtest.Reply{Body: ` null `}, base.KindProtocol, "null"},
		"an object":           {githubtest.Reply{Body: `{"sha":"x"}`}, base.KindProtocol, "not what was expected"},
		"a number beyond":     {githubtest.Reply{Body: `[{"sha":"x","stats":{"total":99999999999999999999}}]`}, base.KindProtocol, "not what was expected"},
		"may read nothing":    {githubtest.Reply{Status: 403, Body: `{"message":"Resource not accessible by personal access token"}`}, base.KindPermission, "not accessible"},
		"still computing":     {githubtest.Reply{Status: 202, Body: `{}`}, base.KindUnavailable, "ask again"},
		"blocked":             {githubtest.Reply{Status: 451, Body: `{"message":"Repository access blocked"}`}, base.KindPermission, "legal"},
		"wrong":               {githubtest.Reply{Status: 422, Body: `{"message":"Validation Failed","errors":[{"resource":"Search","field":"q","code":"invalid"},"text"]}`}, base.KindInvalid, "Search q invalid; text"},
		"leads on for ever":   {githubtest.Reply{Status: 301, Header: http.Header{"Location": {"/repos/acme/loads/commits"}}}, base.KindProtocol, "more than three"},
		"leads on to nowhere": {githubtest.Reply{Status: 301}, base.KindProtocol, "does not say where"},
		"leads on elsewhere":  {githubtest.Reply{Status: 302, Header: http.Header{"Location": {"https://evil.example.com/login?t=1"}}}, base.KindProtocol, "evil.example.com"},
		"out of order":        {githubtest.Reply{Status: 500, Body: `{"message":"boom"}`}, base.KindUnavailable, "boom"},
	} {
		server := started(t)
		server.Reply(nil, test.reply)
		_, err := base.Collect(clientOf(t, server, func(c *github.Config) { c.Limits.Retries = -1 }).Commits(bounded(t), github.CommitsOptions{Repo: loads}))
		failed(t, err, test.kind, test.says)
		if strings.Contains(err.Error(), githubtest.Token) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFileThatIsALoginPageIsNone(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Reply(nil, html(200))
	_, err := clientOf(t, server).File(bounded(t), loads, "a", github.FileOptions{})
	failed(t, err, base.KindProtocol, "page of HTML")
}

func TestErrorsOfGraphQLAreErrors(t *testing.T) {
	t.Parallel()
	for kind, body := range map[base.Kind]string{
		base.KindThrottled:  `{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}`,
		base.KindPermission: `{"data":{"repository":null},"errors":[{"type":"FORBIDDEN","message":"no"}]}`,
		base.KindInvalid:    `{"errors":[{"message":"Parse error"}]}`,
		base.KindInternal:   `{"errors":[{"type":"INTERNAL","message":"Something went wrong"}]}`,
		base.KindNotFound:   `{"data":{"repository":{"nameWithOwner":"acme/loads","object":null}}}`,
	} {
		server := started(t)
		server.ReplyTo("graphql", githubtest.Reply{Body: body})
		_, err := clientOf(t, server, func(c *github.Config) { c.Limits.Retries = -1 }).Blame(bounded(t), loads, "a", github.BlameOptions{})
		failed(t, err, kind)
	}
}

func TestAListThatIsNoneEnds(t *testing.T) {
	t.Parallel()
	server := started(t)
	again := http.Header{"Link": {`<https://evil.example.com/repos/acme/loads/commits?page=2>; rel="next"`}}
	server.Reply(nil, githubtest.Reply{Header: again, Body: `[{"sha":"0123456789012345678901234567890123456789"}]`})
	all, err := base.Collect(clientOf(t, server).Commits(bounded(t), github.CommitsOptions{Repo: loads}))
	if len(all) != 1 || base.KindOf(err) != base.KindProtocol || len(server.Requests()) != 2 {
		t.Errorf("%d commits in %d requests, %v", len(all), len(server.Requests()), err)
	}
}

func TestAHugeAnswerIsTooLarge(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server, func(c *github.Config) { c.MaxResponseBytes, c.Limits.Retries = 1<<20, -1 })
	server.Fail(fault.Oversized(), 1)
	_, err := base.Collect(client.Commits(bounded(t), github.CommitsOptions{Repo: loads}))
	failed(t, err, base.KindTooLarge, "max_response_bytes")
}

func TestALogIsNeverFetchedFromWhereCredentialsAreHandedOut(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	for _, link := range []string{"", "/relative", "file:///etc/passwd", "ftp://example.com/x"} {
		server.ClearReplies()
		server.Reply(nil, githubtest.Reply{Status: 302, Header: http.Header{"Location": {link}}})
		if _, err := client.JobLogs(bounded(t), loads, 1, 0); err == nil {
			t.Errorf("%q was fetched", link)
		}
	}
	c := server.Config()
	c.BaseURL = "https://github.example.com"
	metadata := roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host != "github.example.com" {
			t.Errorf("%s was asked", r.URL.Host)
		}
		return &http.Response{StatusCode: 302, Header: http.Header{"Location": {"http://169.254.169.254/latest/meta-data/"}}, Body: http.NoBody, Request: r}, nil
	})
	if _, err := clientWith(t, c, base.WithTransport(metadata)).JobLogs(bounded(t), loads, 1, 0); err == nil {
		t.Error("a service that hands out credentials was asked")
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAnAppKeyThatIsNoneIsRefusedWithoutItsText(t *testing.T) {
	t.Parallel()
	const canary = "canary-k3y-of-nobody"
	const begin = "-----BEGIN " + "RSA PRIVATE KEY-----\n"
	for name, key := range map[string]string{
		"no PEM":       canary,
		"another PEM":  "-----BEGIN CERTIFICATE-----\nY2FuYXJ5LWszeS1vZi1ub2JvZHk=\n-----END CERTIFICATE-----\n",
		"a broken key": begin + "Y2FuYXJ5LWszeS1vZi1ub2JvZHk=\n-----END RSA PRIVATE KEY-----\n",
		"a cut PEM":    begin + "Y2FuYXJ5LWszeS1vZi1ub2JvZHk=",
	} {
		_, err := github.New(t.Context(), github.Config{App: github.App{ID: "1", Installation: 1, PrivateKey: secret.Literal(key)}})
		failed(t, err, base.KindInvalid, "app.private_key (GITHUB_APP_PRIVATE_KEY)", "PEM")
		if strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "Y2Fu") {
			t.Errorf("%s: %v", name, err)
		}
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // it is to be refused
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(weak)})
	_, err = github.New(t.Context(), github.Config{App: github.App{ID: "1", Installation: 1, PrivateKey: secret.Literal(string(text))}})
	failed(t, err, base.KindInvalid, "2048 bits")
	server := started(t)
	c := server.AppConfig()
	c.App.PrivateKey = secret.From(secret.Static(canary)) // known only when it is used
	_, err = clientWith(t, c).File(bounded(t), loads, "a", github.FileOptions{})
	if err == nil || !strings.Contains(err.Error(), "PEM") || strings.Contains(err.Error(), canary) {
		t.Errorf("%v", err)
	}
	c = server.AppConfig()
	c.App.PrivateKey = secret.Literal(strings.ReplaceAll(server.AppKey(), "\n", `\n`))
	if err := clientWith(t, c).Ping(bounded(t)); err != nil {
		t.Errorf("a key with \\n for its ends of lines: %v", err)
	}
}
