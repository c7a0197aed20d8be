package github

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/variable"
)

// Config describes how GitHub is reached. It is plain data; each field's zero value is its stated default.
type Config struct {
	// Name is the client's name in errors, spans and health; empty = "github".
	Name string `json:"name,omitempty" yaml:"name"`
	// BaseURL is that of the API; empty = https://api.github.com. A GitHub Enterprise Server has https://<host>/api/v3.
	BaseURL string `json:"base_url,omitempty" yaml:"base_url"`
	// Token is a personal access token, a literal or a reference that may rotate. New needs it or App.
	Token secret.Value `json:"token,omitzero" yaml:"token"`
	// App is an installation of a GitHub App, instead of Token.
	App App `json:"app,omitzero" yaml:"app"`

	// Repositories are those that answers may be about, as "owner/name" or "owner/*"; empty = all that the credential sees.
	// Others that a search finds are dropped, and counted in the notes of its Stats.
	Repositories []string `json:"repositories,omitempty" yaml:"repositories"`

	// CacheBytes bounds the answers that are kept to ask only whether they changed, which costs nothing of the budget;
	// 0 = 8 MiB, negative = none are kept.
	CacheBytes int64 `json:"cache_bytes,omitempty" yaml:"cache_bytes"`
	// MaxLogBytes bounds what is read of the log of one job, its end; 0 = 4 MiB.
	MaxLogBytes int64 `json:"max_log_bytes,omitempty" yaml:"max_log_bytes"`
	// MaxResponseBytes bounds one answer after decompression, and so a file; 0 = 32 MiB.
	MaxResponseBytes int64 `json:"max_response_bytes,omitempty" yaml:"max_response_bytes"`
	// Limits bounds the calls; zero fields: 50 at once, 30 s for a call, 15 s for an attempt, 5 s of silence.
	Limits base.Limits `json:"limits,omitzero" yaml:"limits"`
	// Search bounds the searches of code, which have a budget of their own; zero fields: 10 a minute, 2 at once, 2 minutes for
	// a call with its wait.
	Search base.Limits `json:"search,omitzero" yaml:"search"`

	// CAFile is a PEM file of the authorities to trust instead of the system's.
	CAFile string `json:"ca_file,omitempty" yaml:"ca_file"`
	// CertFile and KeyFile are a client certificate in PEM, read anew for each connection.
	CertFile string `json:"cert_file,omitempty" yaml:"cert_file"`
	KeyFile  string `json:"key_file,omitempty" yaml:"key_file"`
	// Proxy is the URL of a proxy, without user and password, for it is printed as it is; empty = the environment's,
	// "none" = no proxy.
	Proxy string `json:"proxy,omitempty" yaml:"proxy"`
}

// App is an installation of a GitHub App:
// https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
type App struct {
	ID           string `json:"id,omitempty" yaml:"id"` // of the App, or its client id
	Installation int64  `json:"installation,omitempty" yaml:"installation"`
	// PrivateKey is the App's key in PEM, a literal or a reference that may rotate. A literal may have \n for its ends of lines.
	PrivateKey secret.Value `json:"private_key,omitzero" yaml:"private_key"`
}

// IsZero reports whether no App is described.
func (a App) IsZero() bool { return a.ID == "" && a.Installation == 0 && a.PrivateKey.IsZero() }

// ConfigFromEnv reads GITHUB_BASE_URL, GITHUB_REPOSITORIES (with commas between them), and GITHUB_TOKEN or GITHUB_APP_ID,
// GITHUB_APP_INSTALLATION_ID and GITHUB_APP_PRIVATE_KEY. Every variable that is missing or wrong is reported at once, by name,
// in one ErrInvalid in which errors.As finds a *base.EnvError.
func ConfigFromEnv(ctx context.Context, opts ...base.EnvOption) (Config, error) {
	var c Config
	var repositories, installation string
	token := base.EnvSecret(&c.Token, "GITHUB_TOKEN")
	err := base.LoadEnv(ctx, opts, base.EnvString(&c.BaseURL, "GITHUB_BASE_URL"), base.EnvString(&repositories, "GITHUB_REPOSITORIES"),
		token, base.EnvString(&c.App.ID, "GITHUB_APP_ID"), base.EnvString(&installation, "GITHUB_APP_INSTALLATION_ID"),
		base.EnvSecret(&c.App.PrivateKey, "GITHUB_APP_PRIVATE_KEY"))
	c.Repositories = document.SplitList(repositories)
	prefix := variable.Prefix(ctx, opts)
	if installation != "" {
		number, problem := strconv.ParseInt(installation, 10, 64)
		if c.App.Installation = number; problem != nil || number <= 0 {
			err = errors.Join(err, &base.EnvError{Variable: prefix + "GITHUB_APP_INSTALLATION_ID", Problem: "not the number of an installation"})
			c.App.Installation = 1 // reported already
		}
	}
	if c.Token.IsZero() && c.App.IsZero() {
		err = errors.Join(err, base.LoadEnv(ctx, opts, token.Required()))
	}
	if err = errors.Join(err, c.variables(prefix)); err != nil {
		return Config{}, variable.Invalid("github", "ConfigFromEnv", err)
	}
	return c, nil
}

// variables are the fields that ConfigFromEnv reads.
var variables = map[string]string{
	"base_url": "GITHUB_BASE_URL", "token": "GITHUB_TOKEN", "app.id": "GITHUB_APP_ID", "app.installation": "GITHUB_APP_INSTALLATION_ID",
	"app.private_key": "GITHUB_APP_PRIVATE_KEY", "repositories": "GITHUB_REPOSITORIES",
}

// fields are those that are checked by themselves, in the order of their reports.
var fields = []string{"base_url", "token", "app.id", "app.installation", "app.private_key", "repositories"}

// checked are the fields that are wrong.
func (c Config) checked() map[string]error {
	wrong := map[string]error{"repositories": checkAllowed(c.Repositories)}
	if c.BaseURL != "" {
		_, wrong["base_url"] = rest.ParseBaseURL(c.BaseURL)
	}
	if c.App.IsZero() {
		return wrong
	}
	if !c.Token.IsZero() {
		wrong["token"] = errors.New("a token and an App; set the one or the other")
	}
	if !appID.MatchString(c.App.ID) {
		wrong["app.id"] = errors.New("not the id of an App")
	}
	if c.App.Installation <= 0 {
		wrong["app.installation"] = errors.New("not the number of an installation")
	}
	switch key := c.App.PrivateKey; {
	case key.IsZero():
		wrong["app.private_key"] = errors.New("missing")
	case key.IsLiteral():
		wrong["app.private_key"] = checkLiteral(key)
	}
	return wrong
}

var appID = regexp.MustCompile(`^[0-9A-Za-z._-]{1,100}$`)

// variables reports wrong values by the variable that they came from.
func (c Config) variables(prefix string) error {
	var problems []error
	wrong := c.checked()
	for _, field := range fields {
		if err := wrong[field]; err != nil {
			problems = append(problems, &base.EnvError{Variable: prefix + variables[field], Problem: err.Error()})
		}
	}
	return errors.Join(problems...)
}

// Validate reports every problem of the Config at once, each by its field, never with the value of a secret. A credential
// that is missing is reported by New.
func (c Config) Validate() error {
	var problems []error
	wrong := c.checked()
	for _, field := range fields {
		problems = append(problems, named(field, wrong[field]))
	}
	problems = append(problems, c.Limits.Validate(), named("proxy", rest.CheckProxy(c.Proxy)))
	if err := c.Search.Validate(); err != nil {
		problems = append(problems, fmt.Errorf("search: %s", strings.ReplaceAll(err.Error(), "limits.", "")))
	}
	if c.MaxResponseBytes < 0 || c.MaxLogBytes < 0 {
		problems = append(problems, errors.New("max_response_bytes and max_log_bytes: negative; an answer is always bounded"))
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		problems = append(problems, errors.New("cert_file and key_file: one is set without the other"))
	}
	return errors.Join(problems...)
}

// named puts the field, and the variable that it is read from, before what is wrong with it.
func named(field string, err error) error {
	if err == nil {
		return nil
	}
	if v := variables[field]; v != "" {
		field += " (" + v + ")"
	}
	return fmt.Errorf("%s: %w", field, err)
}
