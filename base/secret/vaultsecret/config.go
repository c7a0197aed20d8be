package vaultsecret

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/tlsconfig"
)

// Config is what an operator writes about one Vault, or OpenBao, and one way to log in to it: Token, AppRole or Kubernetes.
// The variables VAULT_* of the environment mean nothing here.
type Config struct {
	Name      string `json:"name,omitempty" yaml:"name"`           // of the store in errors, spans and reports; empty = vaultsecret
	Address   string `json:"address,omitempty" yaml:"address"`     // URL of the server, https:// unless it is on this machine; never empty
	Namespace string `json:"namespace,omitempty" yaml:"namespace"` // that login and secrets are in; empty = the root

	// Token is one that somebody else has made. It is renewed where it can be, and not revoked. A reference, such as to the
	// file that an agent writes, is read again when the token has ended.
	Token      secret.Value `json:"token,omitzero" yaml:"token"`
	AppRole    AppRole      `json:"app_role,omitzero" yaml:"app_role"`
	Kubernetes Kubernetes   `json:"kubernetes,omitzero" yaml:"kubernetes"`

	CAFile     string `json:"ca_file,omitempty" yaml:"ca_file"`         // PEM; empty = the system's
	CertFile   string `json:"cert_file,omitempty" yaml:"cert_file"`     // PEM of a client certificate, with key_file; empty = none
	KeyFile    string `json:"key_file,omitempty" yaml:"key_file"`       // PEM
	ServerName string `json:"server_name,omitempty" yaml:"server_name"` // that the certificate must have; empty = the host of Address
	Proxy      string `json:"proxy,omitempty" yaml:"proxy"`             // URL; empty = the environment's, none = no proxy

	// Timeout bounds one request with its retries; 0 = 8 s, which is less than a secret.Cache waits; negative = no bound but
	// that of a minute for one Get. It stands for Limits.Timeout.
	Timeout base.Duration `json:"timeout,omitempty" yaml:"timeout"`
	// Limits has these defaults: concurrency 10, two retries, 4 s for one request, no breaker. The cache of each client
	// retries too, and waits in between as a breaker would have it.
	Limits base.Limits `json:"limits,omitzero" yaml:"limits"`
}

// AppRole is a login by role id and secret id. The zero value is none.
type AppRole struct {
	RoleID   string       `json:"role_id,omitempty" yaml:"role_id"`    // not secret
	SecretID secret.Value `json:"secret_id,omitzero" yaml:"secret_id"` // read at each login; none where the role binds none
	Mount    string       `json:"mount,omitempty" yaml:"mount"`        // of the auth method; empty = approle
}

// Kubernetes is a login by the token of a service account. The zero value is none.
type Kubernetes struct {
	Role      string `json:"role,omitempty" yaml:"role"`
	TokenFile string `json:"token_file,omitempty" yaml:"token_file"` // read at each login; empty = where Kubernetes mounts it
	Mount     string `json:"mount,omitempty" yaml:"mount"`           // of the auth method; empty = kubernetes
}

const (
	defaultName    = "vaultsecret"
	defaultTimeout = 8 * time.Second
	defaultAttempt = 4 * time.Second

	defaultAppRole    = "approle"
	defaultKubernetes = "kubernetes"
	// defaultTokenFile is where Kubernetes mounts the token of the service account (Kubernetes: Configure Service Accounts
	// for Pods).
	defaultTokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token" //nolint:gosec // a path
)

var defaultLimits = base.Limits{
	Concurrency: 10, Retries: 2, Timeout: base.Duration(defaultTimeout), Attempt: base.Duration(defaultAttempt),
	Breaker: base.Breaker{Ratio: -1},
}

// limits are those of the guard.
func (c Config) limits() base.Limits {
	l := c.Limits
	l.Timeout = cmp.Or(c.Timeout, l.Timeout)
	if l.Attempt == 0 && l.Timeout > 0 {
		l.Attempt = min(base.Duration(defaultAttempt), l.Timeout)
	}
	return l
}

// Validate reports every field that cannot work, by name.
func (c Config) Validate() error {
	var all []error
	problem := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	if why := badAddress(c.Address); why != "" {
		problem("address: %s", why)
	}
	for _, f := range []struct{ name, text string }{
		{"name", c.Name},
		{"namespace", c.Namespace},
		{"server_name", c.ServerName},
		{"app_role.role_id", c.AppRole.RoleID},
		{"app_role.mount", c.AppRole.Mount},
		{"kubernetes.role", c.Kubernetes.Role},
		{"kubernetes.mount", c.Kubernetes.Mount},
	} {
		if len(f.text) > maxKey || strings.ContainsFunc(f.text, unprintable) {
			problem("%s: blanks, control characters or letters beyond ASCII, or longer than %d bytes", f.name, maxKey)
		}
	}
	for _, f := range []struct{ name, text string }{{"app_role.mount", c.AppRole.Mount}, {"kubernetes.mount", c.Kubernetes.Mount}} {
		if f.text != "" && !isMount(f.text) {
			problem("%s: write the path of the auth method without auth/ and without a slash at either end", f.name)
		}
	}
	all = append(all, c.checkLogin()...)
	if err := rest.CheckProxy(c.Proxy); err != nil {
		problem("proxy: %w", err)
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		problem("cert_file, key_file: one without the other")
	}
	if c.Timeout != 0 && c.Limits.Timeout != 0 {
		problem("timeout: set beside limits.timeout; write one of the two")
	}
	return errors.Join(append(all, c.limits().Validate())...)
}

func (c Config) checkLogin() (all []error) {
	ways := 0
	for _, set := range []bool{!c.Token.IsZero(), c.AppRole.RoleID != "" || !c.AppRole.SecretID.IsZero(), c.Kubernetes.Role != "" || c.Kubernetes.TokenFile != ""} {
		if set {
			ways++
		}
	}
	if ways != 1 {
		all = append(all, errors.New("token, app_role, kubernetes: write exactly one way to log in"))
	}
	if c.AppRole.RoleID == "" && !c.AppRole.SecretID.IsZero() {
		all = append(all, errors.New("app_role.role_id: missing beside secret_id"))
	}
	if c.Kubernetes.Role == "" && c.Kubernetes.TokenFile != "" {
		all = append(all, errors.New("kubernetes.role: missing beside token_file"))
	}
	return all
}

func isMount(text string) bool {
	for segment := range strings.SplitSeq(text, "/") {
		if segment == "" || segment == "." || segment == ".." || strings.ContainsAny(segment, "?#%") {
			return false
		}
	}
	return !strings.HasPrefix(text, "auth/")
}

func unprintable(r rune) bool { return r <= ' ' || r > '~' }

// badAddress says what is wrong with the URL of the server; empty = nothing.
func badAddress(text string) string {
	if text == "" {
		return "missing; write the URL of the server, such as https://vault.example:8200"
	}
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return "not a URL of the form https://host:port"
	case u.User != nil, u.RawQuery != "", u.Fragment != "", u.Path != "" && u.Path != "/":
		return "holds more than scheme, host and port"
	}
	return ""
}

// inClear reports whether secrets would go over a network without TLS. A dialer or a transport that the caller gives may know
// a way that is none.
func (c Config) inClear(o base.Options) bool {
	u, err := url.Parse(c.Address)
	return err == nil && u.Scheme == "http" && o.Dialer == nil && o.Transport == nil && !tlsconfig.OnThisMachine(u.Hostname())
}

// host is host:port of the server.
func (c Config) host() string {
	u, err := url.Parse(c.Address)
	if err != nil {
		return ""
	}
	return u.Host
}

// idle reports settings that would do nothing beside a transport that was given.
func (c Config) idle(o base.Options) error {
	if o.Transport == nil {
		return nil
	}
	var all []error
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"ca_file", c.CAFile != ""},
		{"cert_file", c.CertFile != ""},
		{"server_name", c.ServerName != ""},
		{"proxy", c.Proxy != "" && c.Proxy != "none"},
		{"option WithTLS", o.TLS != nil},
		{"option WithDialer", o.Dialer != nil},
	} {
		if f.set {
			all = append(all, errors.New(f.name+": would do nothing beside option WithTransport; set it in the transport"))
		}
	}
	return errors.Join(all...)
}
