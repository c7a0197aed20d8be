package jira

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/atlassian"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/variable"
)

// Config describes how a site is reached. It is plain data; each field's zero value is its stated default.
type Config struct {
	// Name is the client's name in errors, spans and health; empty = "jira".
	Name string `json:"name,omitempty" yaml:"name"`
	// Server is the URL of the site, such as https://acme.atlassian.net. New needs it or CloudID. With a CloudID it is only
	// what links to issues begin with.
	Server string `json:"server,omitempty" yaml:"server"`
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

	// Projects are the keys of the projects whose issues are handed out; empty = all that the account sees. Others that a
	// search finds are dropped, and counted in the notes of its Stats.
	Projects []string `json:"projects,omitempty" yaml:"projects"`
	// AllowWrites permits AddComment.
	AllowWrites bool `json:"allow_writes,omitempty" yaml:"allow_writes"`

	// MaxAttachmentBytes bounds the content of one attachment; 0 = 8 MiB. It is never above MaxResponseBytes.
	MaxAttachmentBytes int64 `json:"max_attachment_bytes,omitempty" yaml:"max_attachment_bytes"`
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

// ConfigFromEnv reads JIRA_SERVER, JIRA_CLOUD_ID, JIRA_EMAIL, JIRA_API_TOKEN and JIRA_PROJECTS (keys with commas between
// them). Every variable that is missing or wrong is reported at once, by name, in one ErrInvalid in which errors.As finds a
// *base.EnvError.
func ConfigFromEnv(ctx context.Context, opts ...base.EnvOption) (Config, error) {
	var c Config
	var projects string
	server := base.EnvString(&c.Server, "JIRA_SERVER")
	cloud := base.EnvString(&c.CloudID, "JIRA_CLOUD_ID")
	err := base.LoadEnv(ctx, opts, server, cloud, base.EnvString(&c.Email, "JIRA_EMAIL"),
		base.EnvString(&projects, "JIRA_PROJECTS"), base.EnvSecret(&c.Token, "JIRA_API_TOKEN").Required())
	if c.Server == "" && c.CloudID == "" {
		err = errors.Join(err, base.LoadEnv(ctx, opts, server.Required()))
	}
	for key := range strings.SplitSeq(projects, ",") {
		if key = strings.TrimSpace(key); key != "" {
			c.Projects = append(c.Projects, key)
		}
	}
	if err = errors.Join(err, c.variables(variable.Prefix(ctx, opts))); err != nil {
		return Config{}, variable.Invalid("jira", "ConfigFromEnv", err)
	}
	return c, nil
}

// variables reports wrong values by the variable that they came from.
func (c Config) variables(prefix string) error {
	var problems []error
	for _, p := range []struct {
		variable string
		err      error
	}{
		{"JIRA_SERVER", atlassian.CheckSite(c.Server)},
		{"JIRA_CLOUD_ID", atlassian.CheckCloudID(c.CloudID)},
		{"JIRA_EMAIL", atlassian.CheckEmail(c.Email)},
		{"JIRA_PROJECTS", checkProjects(c.Projects)},
	} {
		if p.err != nil {
			problems = append(problems, &base.EnvError{Variable: prefix + p.variable, Problem: p.err.Error()})
		}
	}
	return errors.Join(problems...)
}

// Validate reports every problem of the Config at once, each by its field, never with the value of a secret. An address that
// is missing is reported by New.
func (c Config) Validate() error {
	problems := []error{
		named("server", atlassian.CheckSite(c.Server)),
		named("cloud_id", atlassian.CheckCloudID(c.CloudID)),
		named("gateway", atlassian.CheckSite(c.Gateway)),
		named("email", atlassian.CheckEmail(c.Email)),
		named("projects", checkProjects(c.Projects)),
		c.Limits.Validate(),
		named("proxy", rest.CheckProxy(c.Proxy)),
	}
	if c.Token.IsZero() {
		problems = append(problems, named("token", errors.New("missing")))
	}
	if c.MaxResponseBytes < 0 {
		problems = append(problems, errors.New("max_response_bytes: negative; an answer is always bounded"))
	}
	if c.MaxAttachmentBytes < 0 {
		problems = append(problems, errors.New("max_attachment_bytes: negative; an attachment is always bounded"))
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		problems = append(problems, errors.New("cert_file and key_file: one is set without the other"))
	}
	return errors.Join(problems...)
}

// variables are the fields that ConfigFromEnv reads.
var variables = map[string]string{
	"server": "JIRA_SERVER", "cloud_id": "JIRA_CLOUD_ID", "email": "JIRA_EMAIL", "token": "JIRA_API_TOKEN", "projects": "JIRA_PROJECTS",
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

var projectKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,254}$`)

func checkProjects(keys []string) error {
	for i, key := range keys {
		if !projectKey.MatchString(key) {
			return fmt.Errorf("number %d of the list is not the key of a project", i+1)
		}
	}
	return nil
}
