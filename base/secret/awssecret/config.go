package awssecret

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/tlsconfig"
)

// Config is what an operator writes about one region of Secrets Manager. The zero Config has all of it from the environment:
// the region, and the credentials by the chain of AWS (environment, shared files, web identity, container, instance role).
type Config struct {
	Name     string `json:"name,omitempty" yaml:"name"`         // of the store in errors, spans and reports; empty = awssecret
	Region   string `json:"region,omitempty" yaml:"region"`     // empty = that of the environment, such as AWS_REGION
	Endpoint string `json:"endpoint,omitempty" yaml:"endpoint"` // URL of the service, https:// unless it is on this machine; empty = that of the region
	// Profile is that of the shared files of AWS, which may say to take on a role; empty = AWS_PROFILE, else default.
	Profile string `json:"profile,omitempty" yaml:"profile"`
	// Key is an access key to sign with instead of those of the AWS chain: its id, its secret and, of a temporary one, its
	// session token, with colons between them. A reference in it is resolved by base.WithSecrets. Empty = the chain.
	Key secret.Value `json:"key,omitzero" yaml:"key"`

	CAFile string `json:"ca_file,omitempty" yaml:"ca_file"` // PEM; empty = the system's
	Proxy  string `json:"proxy,omitempty" yaml:"proxy"`     // URL; empty = the environment's, none = no proxy

	// Timeout bounds one answer to a client, retries included; 0 = 8 s, which is less than a secret.Cache waits; negative = no
	// bound. It stands for Limits.Timeout.
	Timeout base.Duration `json:"timeout,omitempty" yaml:"timeout"`
	// Limits has these defaults: concurrency 10, two retries, 4 s for one request. The cache of each client retries too.
	Limits base.Limits `json:"limits,omitzero" yaml:"limits"`
}

const (
	defaultName    = "awssecret"
	defaultTimeout = 8 * time.Second
	defaultAttempt = 4 * time.Second
)

var defaultLimits = base.Limits{
	Concurrency: 10, Retries: 2, Timeout: base.Duration(defaultTimeout), Attempt: base.Duration(defaultAttempt),
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

var regionForm = regexp.MustCompile(`^[a-z]{2,}(-[a-z0-9]+)+$`)

// Validate reports every field that cannot work, by name.
func (c Config) Validate() error {
	var all []error
	problem := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	if c.Region != "" && !regionForm.MatchString(c.Region) {
		problem("region: %.80q is not the name of a region, such as us-east-1", c.Region)
	}
	for _, f := range []struct{ name, text string }{{"name", c.Name}, {"profile", c.Profile}} {
		if len(f.text) > maxName || strings.ContainsFunc(f.text, unprintable) {
			problem("%s: control characters or letters beyond ASCII, or longer than %d bytes", f.name, maxName)
		}
	}
	if why := badEndpoint(c.Endpoint); why != "" {
		problem("endpoint: %s", why)
	}
	if !c.Key.IsZero() && c.Profile != "" {
		problem("profile: set beside key; write one of the two")
	}
	if err := rest.CheckProxy(c.Proxy); err != nil {
		problem("proxy: %w", err)
	}
	if c.Timeout != 0 && c.Limits.Timeout != 0 {
		problem("timeout: set beside limits.timeout; write one of the two")
	}
	all = append(all, c.limits().Validate())
	return errors.Join(all...)
}

func unprintable(r rune) bool { return r < ' ' || r > '~' }

// badEndpoint says what is wrong with the URL of the service; empty = nothing.
func badEndpoint(text string) string {
	if text == "" {
		return ""
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
	u, err := url.Parse(c.Endpoint)
	return err == nil && u.Scheme == "http" && o.Dialer == nil && o.Transport == nil && !tlsconfig.OnThisMachine(u.Hostname())
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

// address is the host of the service.
func (c Config) address(region string) string {
	if u, err := url.Parse(c.Endpoint); err == nil && u.Host != "" {
		return u.Host
	}
	return "secretsmanager." + region + ".amazonaws.com"
}
