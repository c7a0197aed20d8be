// Package fkapi reads loads from the Tracking API and companies with their network relationships from the Company API
// of FourKites. One [Config] serves both: [NewTracking] makes a [TrackingClient], [NewCompany] a [CompanyClient].
//
// Every attempt of a call is signed anew over the bytes that go on the wire, or carries Basic credentials. Redirects
// are refused, answers are bounded after decompression, and every method only reads: a search is a POST, and is
// repeated like a GET.
//
// # What the services leave open
//
// Bodies are read with tolerance: rows of a search are flat (shipperId), answers of a GET nested (shipper.id), and both
// become one [Load]. Null and missing are the same. Identifiers keep their digits whatever their length. A time without
// a zone is read as UTC, and [Load.Notes] says so. A field that is not known, or not of the kind expected, stays in
// Extras as it came; of two fields of one name the last counts. Bytes that are not UTF-8 become U+FFFD.
//
// # When a call fails
//
// Every error is a [base.Error]: its Kind says what to do, its text names the address or the field and what to change.
// What the service itself said is a [ServerError] inside it. A list ends with a [base.IncompleteError] where it could not
// be read to its end, with the cursor to go on from.
package fkapi

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/sign"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/variable"
)

// The ways to authenticate.
const (
	AuthHMAC  = "hmac"  // AppID and Secret
	AuthBasic = "basic" // User and Password
)

// DefaultTrackingURL is the public Tracking API. The Company API has no public address.
const DefaultTrackingURL = "https://tracking-api.fourkites.com"

// Config describes how the two services are reached. It is plain data; each field's zero value is its stated default.
type Config struct {
	// Name is the client's name in errors, spans and health; empty = "tracking" or "company".
	Name string `json:"name,omitempty" yaml:"name"`
	// TrackingURL is the base URL of the Tracking API; empty = DefaultTrackingURL.
	TrackingURL string `json:"tracking_url,omitempty" yaml:"tracking_url"`
	// CompanyURL is the base URL of the Company API; NewCompany needs it.
	CompanyURL string `json:"company_url,omitempty" yaml:"company_url"`

	// AuthMethod is "hmac" or "basic"; empty = "hmac".
	AuthMethod string `json:"auth_method,omitempty" yaml:"auth_method"`
	// AppID is the application's id; HMAC needs it.
	AppID string `json:"app_id,omitempty" yaml:"app_id"`
	// Secret is the application's key, a literal or a reference that may rotate; HMAC needs it. A version that the server
	// refused is not sent again by the same client.
	Secret secret.Value `json:"secret,omitzero" yaml:"secret"`
	// Scheme is what is signed and where the signature travels; empty = "header".
	Scheme sign.Scheme `json:"scheme,omitempty" yaml:"scheme"`
	// Algorithm is the hash under the HMAC; empty = "sha1".
	Algorithm sign.Algorithm `json:"algorithm,omitempty" yaml:"algorithm"`
	// User and Password are the Basic credentials.
	User     string       `json:"user,omitempty" yaml:"user"`
	Password secret.Value `json:"password,omitzero" yaml:"password"`
	// FollowServerClock has a call that was refused while our clock was off by more than a minute signed once more, and
	// all later ones, with the server's clock. Without it the error only says how far the clock is off.
	FollowServerClock bool `json:"follow_server_clock,omitempty" yaml:"follow_server_clock"`

	// Locale is the language of the answers; empty = "en".
	Locale string `json:"locale,omitempty" yaml:"locale"`
	// MaxResponseBytes bounds one answer after decompression; 0 = 32 MiB.
	MaxResponseBytes int64 `json:"max_response_bytes,omitempty" yaml:"max_response_bytes"`
	// Limits bounds the calls; zero fields: 50 at once, 30 s for a call, 10 s for an attempt, 5 s of silence.
	Limits base.Limits `json:"limits,omitzero" yaml:"limits"`

	// CAFile is a PEM file of the authorities to trust instead of the system's.
	CAFile string `json:"ca_file,omitempty" yaml:"ca_file"`
	// CertFile and KeyFile are a client certificate in PEM, read anew for each connection.
	CertFile string `json:"cert_file,omitempty" yaml:"cert_file"`
	KeyFile  string `json:"key_file,omitempty" yaml:"key_file"`
	// Proxy is the URL of a proxy, without user and password, for it is printed as it is; empty = the environment's,
	// "none" = no proxy. The credentials of a proxy have their place in HTTPS_PROXY or in WithTransport.
	Proxy string `json:"proxy,omitempty" yaml:"proxy"`
}

// ConfigFromEnv reads FK_API_APP_ID, FK_API_SECRET, FK_API_AUTH_METHOD (hmac), FK_API_USER, FK_API_PASSWORD,
// TRACKING_API_BASE_URL and COMPANY_API_BASE_URL. Every variable that is missing or wrong is reported at once, by name, in one ErrInvalid in which errors.As finds a *base.EnvError.
func ConfigFromEnv(ctx context.Context, opts ...base.EnvOption) (Config, error) {
	var c Config
	plain := base.LoadEnv(ctx, opts,
		base.EnvString(&c.AuthMethod, "FK_API_AUTH_METHOD"),
		base.EnvString(&c.TrackingURL, "TRACKING_API_BASE_URL"),
		base.EnvString(&c.CompanyURL, "COMPANY_API_BASE_URL"),
	)
	appID := base.EnvString(&c.AppID, "FK_API_APP_ID")
	key := base.EnvSecret(&c.Secret, "FK_API_SECRET")
	user := base.EnvString(&c.User, "FK_API_USER")
	password := base.EnvSecret(&c.Password, "FK_API_PASSWORD")
	if c.basic() {
		user, password = user.Required(), password.Required()
	} else {
		appID, key = appID.Required(), key.Required()
	}
	credentials := base.LoadEnv(ctx, opts, appID, key, user, password)
	if err := errors.Join(plain, credentials, c.variables(variable.Prefix(ctx, opts))); err != nil {
		return Config{}, variable.Invalid("fkapi", "ConfigFromEnv", err)
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
		{"FK_API_AUTH_METHOD", c.checkMethod()},
		{"TRACKING_API_BASE_URL", checkURL(c.TrackingURL)},
		{"COMPANY_API_BASE_URL", checkURL(c.CompanyURL)},
		{"FK_API_APP_ID", checkPrintable(c.AppID)},
		{"FK_API_USER", checkUser(c.User)},
	} {
		if p.err != nil {
			problems = append(problems, &base.EnvError{Variable: prefix + p.variable, Problem: p.err.Error()})
		}
	}
	return errors.Join(problems...)
}

// Validate reports every problem of the Config at once, each by its field, never with the value of a secret. A base URL
// that is missing is reported by the constructor that needs it.
func (c Config) Validate() error {
	problems := []error{
		named("auth_method", c.checkMethod()),
		named("tracking_url", checkURL(c.TrackingURL)),
		named("company_url", checkURL(c.CompanyURL)),
		named("locale", checkLocale(c.Locale)),
		c.Limits.Validate(),
		named("proxy", rest.CheckProxy(c.Proxy)),
		c.checkCredentials(),
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
	"auth_method": "FK_API_AUTH_METHOD", "tracking_url": "TRACKING_API_BASE_URL", "company_url": "COMPANY_API_BASE_URL",
	"app_id": "FK_API_APP_ID", "secret": "FK_API_SECRET", "user": "FK_API_USER", "password": "FK_API_PASSWORD",
}

// problem is what is wrong with one field.
type problem struct {
	text string
	err  error
}

// Error names the field, and the variable that it is read from.
func (p *problem) Error() string { return p.text }

// Unwrap is the problem without the field.
func (p *problem) Unwrap() error { return p.err }

// named drops the words by which a package says who it is, which would double the field.
func named(field string, err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, own := range []string{"secret: ", "sign: ", field + " "} {
		text = strings.TrimPrefix(text, own)
	}
	if variable := variables[field]; variable != "" {
		field += " (" + variable + ")"
	}
	return &problem{field + ": " + text, err}
}

var errMissing = errors.New("missing")

func (c Config) basic() bool { return strings.EqualFold(c.AuthMethod, AuthBasic) }

func (c Config) checkMethod() error {
	if c.AuthMethod == "" || strings.EqualFold(c.AuthMethod, AuthHMAC) || c.basic() {
		return nil
	}
	return fmt.Errorf("not known; use %q or %q", AuthHMAC, AuthBasic)
}

func (c Config) checkCredentials() error {
	if c.basic() {
		return errors.Join(required("user", c.User == ""), required("password", c.Password.IsZero()),
			named("user", checkUser(c.User)))
	}
	return errors.Join(required("app_id", c.AppID == ""), required("secret", c.Secret.IsZero()),
		named("app_id", checkPrintable(c.AppID)), named("scheme", c.Scheme.Validate()), named("algorithm", c.Algorithm.Validate()))
}

func required(field string, missing bool) error {
	if missing {
		return named(field, errMissing)
	}
	return nil
}

func checkUser(name string) error {
	if strings.Contains(name, ":") {
		return errors.New("a colon cannot stand in the user of Basic authentication")
	}
	return checkPrintable(name)
}

func checkPrintable(text string) error {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("only printable ASCII without spaces can be sent in a header")
	}
	return nil
}

func checkLocale(locale string) error {
	if strings.ContainsFunc(locale, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		return errors.New(`not a locale; write it as "en" or "en-US"`)
	}
	return nil
}

func checkURL(text string) error {
	if text == "" {
		return nil
	}
	_, err := rest.ParseBaseURL(text)
	return err
}
