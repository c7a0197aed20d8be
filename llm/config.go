package llm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/variable"
)

// The providers.
const (
	Anthropic = "anthropic" // Messages
	Azure     = "azure"     // Azure OpenAI
)

// The ways to ask Azure OpenAI.
const (
	Chat      = "chat"      // chat/completions
	Responses = "responses" // the newer one, which also carries thoughts
)

// Config describes how a model is reached. It is plain data; each field's zero value is its stated default.
type Config struct {
	// Name is the client's name in errors, spans and health; empty = "llm".
	Name string `json:"name,omitempty" yaml:"name"`
	// Provider is Anthropic or Azure; empty = Anthropic.
	Provider string `json:"provider,omitempty" yaml:"provider"`
	// URL is where the provider is reached; empty = https://api.anthropic.com. New needs that of Azure, such as
	// https://acme.openai.azure.com.
	URL string `json:"url,omitempty" yaml:"url"`
	// Model is the model that is asked, in the provider's words; New needs it. Of Azure it is the name of the deployment.
	Model string `json:"model,omitempty" yaml:"model"`
	// Key is the API key, a literal or a reference that may rotate. A version that the provider refused is not sent again.
	Key secret.Value `json:"key,omitzero" yaml:"key"`
	// Token is a token of Entra for https://cognitiveservices.azure.com/.default, instead of a Key of Azure. It is short-lived:
	// give a secret.Source that fetches it anew.
	Token secret.Value `json:"token,omitzero" yaml:"token"`
	// APIVersion is a dated version of Azure's API, such as 2024-10-21, under which a deployment is a part of the path; empty =
	// v1, which has none.
	APIVersion string `json:"api_version,omitempty" yaml:"api_version"`
	// API is how Azure is asked: Chat or Responses; empty = Chat. Responses has no dated version here.
	API string `json:"api,omitempty" yaml:"api"`

	// MaxTokens bounds an answer where the question does not; 0 = 8,192.
	MaxTokens int `json:"max_tokens,omitempty" yaml:"max_tokens"`
	// MaxDuration bounds how long a whole answer may come; 0 = 10 minutes, negative = no bound but the caller's.
	MaxDuration base.Duration `json:"max_duration,omitempty" yaml:"max_duration"`
	// Price is what tokens cost; the zero value = not known, so that Stats have no cost.
	Price Price `json:"price,omitzero" yaml:"price"`

	// MaxResponseBytes bounds one answer after decompression; 0 = 32 MiB.
	MaxResponseBytes int64 `json:"max_response_bytes,omitempty" yaml:"max_response_bytes"`
	// Limits bounds the calls; zero fields: 50 at once, 2 minutes until an answer begins, 60 s for an attempt at that, 60 s of
	// silence.
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

// Price is what a million tokens cost, in US dollars.
type Price struct {
	Input        float64 `json:"input,omitempty" yaml:"input"`
	Output       float64 `json:"output,omitempty" yaml:"output"`
	CachedInput  float64 `json:"cached_input,omitempty" yaml:"cached_input"`
	WrittenInput float64 `json:"written_input,omitempty" yaml:"written_input"`
}

// Of is what the usage costs, in US dollars.
func (p Price) Of(u Usage) float64 {
	return (float64(u.Input)*p.Input + float64(u.Output)*p.Output +
		float64(u.CachedInput)*p.CachedInput + float64(u.WrittenInput)*p.WrittenInput) / 1e6
}

const (
	defaultMaxTokens = 8192
	defaultDuration  = base.Duration(10 * time.Minute)
	anthropicURL     = "https://api.anthropic.com"
)

// ConfigFromEnv reads LLM_PROVIDER, and then ANTHROPIC_API_KEY, ANTHROPIC_MODEL and ANTHROPIC_BASE_URL, or
// AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_DEPLOYMENT_NAME, AZURE_OPENAI_API_VERSION and AZURE_OPENAI_API_KEY or AZURE_OPENAI_TOKEN.
// Every variable that is missing or wrong is reported at once, by name, in one ErrInvalid in which errors.As finds a
// *base.EnvError.
func ConfigFromEnv(ctx context.Context, opts ...base.EnvOption) (Config, error) {
	var c Config
	err := base.LoadEnv(ctx, opts, base.EnvString(&c.Provider, "LLM_PROVIDER"))
	switch {
	case err != nil:
	case c.Provider == Azure:
		err = c.azureFromEnv(ctx, opts)
	default:
		err = base.LoadEnv(ctx, opts, base.EnvString(&c.URL, "ANTHROPIC_BASE_URL"),
			base.EnvString(&c.Model, "ANTHROPIC_MODEL").Required(), base.EnvSecret(&c.Key, "ANTHROPIC_API_KEY").Required())
	}
	if err = errors.Join(err, c.variables(variable.Prefix(ctx, opts))); err != nil {
		return Config{}, variable.Invalid("llm", "ConfigFromEnv", err)
	}
	return c, nil
}

func (c *Config) azureFromEnv(ctx context.Context, opts []base.EnvOption) error {
	key := base.EnvSecret(&c.Key, "AZURE_OPENAI_API_KEY")
	err := base.LoadEnv(ctx, opts, base.EnvString(&c.URL, "AZURE_OPENAI_ENDPOINT").Required(),
		base.EnvString(&c.Model, "AZURE_OPENAI_DEPLOYMENT_NAME").Required(),
		base.EnvString(&c.APIVersion, "AZURE_OPENAI_API_VERSION"), base.EnvSecret(&c.Token, "AZURE_OPENAI_TOKEN"), key)
	if c.Key.IsZero() && c.Token.IsZero() {
		err = errors.Join(err, base.LoadEnv(ctx, opts, key.Required()))
	}
	return err
}

var (
	modelForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$`)
	versionForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(-preview)?$`)
)

// fields are those that a variable may give, in order, with the variable of each provider.
var fields = []struct{ name, anthropic, azure string }{
	{"provider", "LLM_PROVIDER", "LLM_PROVIDER"},
	{"url", "ANTHROPIC_BASE_URL", "AZURE_OPENAI_ENDPOINT"},
	{"model", "ANTHROPIC_MODEL", "AZURE_OPENAI_DEPLOYMENT_NAME"},
	{"api_version", "", "AZURE_OPENAI_API_VERSION"},
}

func (c Config) check(field string) error {
	switch {
	case field == "provider" && c.Provider != "" && c.Provider != Anthropic && c.Provider != Azure:
		return fmt.Errorf("neither %s nor %s", Anthropic, Azure)
	case field == "url" && c.URL != "":
		_, err := rest.ParseBaseURL(c.URL)
		return err
	case field == "model" && c.Model != "" && !modelForm.MatchString(c.Model):
		return errors.New("not the name of a model; it has letters, digits and ._:@/-")
	case field == "api_version" && c.APIVersion != "" && !versionForm.MatchString(c.APIVersion):
		return errors.New("not a version; write it as 2024-10-21, or leave it empty for v1")
	}
	return nil
}

// variables reports wrong values by the variable that they came from.
func (c Config) variables(prefix string) error {
	var problems []error
	for _, f := range fields {
		if err := c.check(f.name); err != nil {
			problems = append(problems, &base.EnvError{Variable: prefix + c.variable(f.name), Problem: err.Error()})
		}
	}
	return errors.Join(problems...)
}

func (c Config) variable(field string) string {
	for _, f := range fields {
		switch {
		case f.name == field && c.Provider == Azure:
			return f.azure
		case f.name == field:
			return f.anthropic
		}
	}
	return ""
}

// named puts the field, and the variable that it is read from, before what is wrong with it.
func (c Config) named(field string, err error) error {
	if err == nil {
		return nil
	}
	if v := c.variable(field); v != "" {
		field += " (" + v + ")"
	}
	return fmt.Errorf("%s: %w", field, err)
}

// Validate reports every problem of the Config at once, each by its field, never with the value of a secret. An address that
// is missing is reported by New.
func (c Config) Validate() error {
	var problems []error
	for _, f := range fields {
		problems = append(problems, c.named(f.name, c.check(f.name)))
	}
	problems = append(problems, c.named("model", missing(c.Model == "")), c.credential(), c.azureOnly(), c.Price.validate(),
		c.Limits.Validate(), c.named("proxy", rest.CheckProxy(c.Proxy)))
	if c.MaxTokens < 0 {
		problems = append(problems, errors.New("max_tokens: negative; an answer is always bounded"))
	}
	if c.MaxResponseBytes < 0 {
		problems = append(problems, errors.New("max_response_bytes: negative; an answer is always bounded"))
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		problems = append(problems, errors.New("cert_file and key_file: one is set without the other"))
	}
	return errors.Join(problems...)
}

func missing(is bool) error {
	if is {
		return errors.New("missing")
	}
	return nil
}

func (c Config) credential() error {
	switch {
	case c.Key.IsZero() && c.Token.IsZero() && c.Provider == Azure:
		return errors.New("key (AZURE_OPENAI_API_KEY) and token (AZURE_OPENAI_TOKEN): missing; set one of them")
	case c.Key.IsZero() && c.Token.IsZero():
		return errors.New("key (ANTHROPIC_API_KEY): missing")
	case !c.Key.IsZero() && !c.Token.IsZero():
		return errors.New("key and token: both are set; set one of them")
	}
	return nil
}

// azureOnly refuses what another provider would ignore.
func (c Config) azureOnly() error {
	var problems []error
	if c.Provider != Azure {
		for _, f := range []struct {
			name string
			set  bool
		}{{"token", !c.Token.IsZero()}, {"api_version", c.APIVersion != ""}, {"api", c.API != ""}} {
			if f.set {
				problems = append(problems, errors.New(f.name+": only Azure has it; leave it empty, or set provider to azure"))
			}
		}
		return errors.Join(problems...)
	}
	switch {
	case c.API != "" && c.API != Chat && c.API != Responses:
		problems = append(problems, fmt.Errorf("api: neither %s nor %s", Chat, Responses))
	case c.API == Responses && c.APIVersion != "":
		problems = append(problems, errors.New("api_version: responses is asked at v1, which has none; leave it empty"))
	}
	return errors.Join(problems...)
}

func (p Price) validate() error {
	for _, v := range []float64{p.Input, p.Output, p.CachedInput, p.WrittenInput} {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return errors.New("price: a price is a number of dollars, not negative")
		}
	}
	return nil
}
