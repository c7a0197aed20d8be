package confluence

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/atlassian"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/variable"
)

// Config describes how a site is reached. It is plain data; each field's zero value is its stated default.
type Config struct {
	// Name is the client's name in errors, spans and health; empty = "confluence".
	Name string `json:"name,omitempty" yaml:"name"`
	// URL is that of the site, such as https://acme.atlassian.net, with or without /wiki. New needs it or CloudID. With a
	// CloudID it is only what links to pages begin with.
	URL string `json:"url,omitempty" yaml:"url"`
	// CloudID is the id of the site at the gateway, where tokens with scopes and those of service accounts work; empty = the
	// site itself is asked.
	CloudID string `json:"cloud_id,omitempty" yaml:"cloud_id"`
	// Gateway is where a CloudID is reached; empty = https://api.atlassian.com.
	Gateway string `json:"gateway,omitempty" yaml:"gateway"`
	// Email is the account that Token belongs to; empty = Token is a bearer token, as service accounts have.
	Email string `json:"email,omitempty" yaml:"email"`
	// Token is the API token, a literal or a reference that may rotate. A version that the site refused is not sent again by
	// the same client.
	Token secret.Value `json:"token,omitzero" yaml:"token"`

	// Space is the key of the space that is meant where a caller names none; empty = every one.
	Space string `json:"space,omitempty" yaml:"space"`
	// Spaces are the keys of the spaces whose pages are handed out; empty = all that the account sees. Others that a search
	// finds are dropped, and counted in the notes of its Stats.
	Spaces []string `json:"spaces,omitempty" yaml:"spaces"`

	// MaxResponseBytes bounds one answer after decompression; 0 = 32 MiB.
	MaxResponseBytes int64 `json:"max_response_bytes,omitempty" yaml:"max_response_bytes"`
	// Limits bounds the calls; zero fields: 50 at once, 30 s for a call, 15 s for an attempt, 5 s of silence.
	Limits base.Limits `json:"limits,omitzero" yaml:"limits"`

	// CAFile is a PEM file of the authorities to trust instead of the system's.
	CAFile string `json:"ca_file,omitempty" yaml:"ca_file"`
	// CertFile and KeyFile are a client certificate in PEM, read anew for each connection.
	CertFile string `json:"cert_file,omitempty" yaml:"cert_file"`
	KeyFile  string `json:"key_file,omitempty" yaml:"key_file"`
	// Proxy is the URL of a proxy, without user and password, for it is printed as it is; empty = the environment's,
	// "none" = no proxy.
	Proxy string `json:"proxy,omitempty" yaml:"proxy"`
}

// ConfigFromEnv reads CONFLUENCE_URL, CONFLUENCE_CLOUD_ID, CONFLUENCE_EMAIL, CONFLUENCE_API_TOKEN, CONFLUENCE_SPACE_KEY and
// CONFLUENCE_SPACES (keys with commas between them). Every variable that is missing or wrong is reported at once, by name, in
// one ErrInvalid in which errors.As finds a *base.EnvError.
func ConfigFromEnv(ctx context.Context, opts ...base.EnvOption) (Config, error) {
	var c Config
	var spaces string
	address := base.EnvString(&c.URL, "CONFLUENCE_URL")
	err := base.LoadEnv(ctx, opts, address, base.EnvString(&c.CloudID, "CONFLUENCE_CLOUD_ID"),
		base.EnvString(&c.Email, "CONFLUENCE_EMAIL"), base.EnvString(&c.Space, "CONFLUENCE_SPACE_KEY"),
		base.EnvString(&spaces, "CONFLUENCE_SPACES"), base.EnvSecret(&c.Token, "CONFLUENCE_API_TOKEN").Required())
	if c.URL == "" && c.CloudID == "" {
		err = errors.Join(err, base.LoadEnv(ctx, opts, address.Required()))
	}
	c.Spaces = document.SplitList(spaces)
	if err = errors.Join(err, c.variables(variable.Prefix(ctx, opts))); err != nil {
		return Config{}, variable.Invalid("confluence", "ConfigFromEnv", err)
	}
	return c, nil
}

// checked are the fields that are wrong by themselves.
func (c Config) checked() map[string]error {
	return map[string]error{
		"url": atlassian.CheckSite(c.URL), "cloud_id": atlassian.CheckCloudID(c.CloudID), "email": atlassian.CheckEmail(c.Email),
		"space": checkSpaces(document.SplitList(c.Space)), "spaces": checkSpaces(c.Spaces),
	}
}

// variables reports wrong values by the variable that they came from.
func (c Config) variables(prefix string) error {
	var problems []error
	checked := c.checked()
	for _, field := range []string{"url", "cloud_id", "email", "space", "spaces"} {
		if err := checked[field]; err != nil {
			problems = append(problems, &base.EnvError{Variable: prefix + variables[field], Problem: err.Error()})
		}
	}
	return errors.Join(problems...)
}

// Validate reports every problem of the Config at once, each by its field, never with the value of a secret. An address that
// is missing is reported by New.
func (c Config) Validate() error {
	var problems []error
	checked := c.checked()
	for _, field := range []string{"url", "cloud_id", "email", "space", "spaces"} {
		problems = append(problems, named(field, checked[field]))
	}
	problems = append(problems, named("gateway", atlassian.CheckSite(c.Gateway)), c.Limits.Validate(), named("proxy", rest.CheckProxy(c.Proxy)))
	if c.Token.IsZero() {
		problems = append(problems, named("token", errors.New("missing")))
	}
	if c.MaxResponseBytes < 0 {
		problems = append(problems, errors.New("max_response_bytes: negative; an answer is always bounded"))
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		problems = append(problems, errors.New("cert_file and key_file: one is set without the other"))
	}
	return errors.Join(problems...)
}

// variables are the fields that ConfigFromEnv reads.
var variables = map[string]string{
	"url": "CONFLUENCE_URL", "cloud_id": "CONFLUENCE_CLOUD_ID", "email": "CONFLUENCE_EMAIL", "token": "CONFLUENCE_API_TOKEN",
	"space": "CONFLUENCE_SPACE_KEY", "spaces": "CONFLUENCE_SPACES",
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

// spaceKey is the key of a space; that of a person begins with a tilde.
var spaceKey = regexp.MustCompile(`^~?[A-Za-z0-9][A-Za-z0-9_:.@-]{0,254}$`)

func checkSpaces(keys []string) error {
	for i, key := range keys {
		if !spaceKey.MatchString(key) {
			return fmt.Errorf("number %d of the list is not the key of a space", i+1)
		}
	}
	return nil
}

// site is the URL of the site without /wiki, which the paths begin with.
func (c Config) site() string {
	return strings.TrimSuffix(strings.TrimRight(c.URL, "/"), "/wiki")
}
