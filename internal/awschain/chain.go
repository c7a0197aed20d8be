// Package awschain is what the sources that AWS signs for have in common: the credentials of the process by the chain of the
// SDK (environment, shared files, web identity, container, instance role), with the SDK's own retries off, and what its
// errors mean without what they quote.
package awschain

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
)

// Options says where requests go. The zero value of each field leaves it to the environment.
type Options struct {
	Region   string
	Endpoint string // URL of every service
	Profile  string // of the shared files
	// Credentials are used instead of the chain's, and asked for with every request; nil = the chain.
	Credentials aws.CredentialsProvider
	Transport   http.RoundTripper // redirects are not followed over it; nil = the SDK's own client
}

// Load finds the credentials and the region of the environment. Nothing is asked of AWS yet.
func Load(ctx context.Context, o Options) (aws.Config, *Keys, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }), // the guard retries
		config.WithLogger(logging.Nop{}),                                   // it would print
	}
	if o.Region != "" {
		options = append(options, config.WithRegion(o.Region))
	}
	if o.Endpoint != "" {
		options = append(options, config.WithBaseEndpoint(o.Endpoint))
	}
	if o.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Credentials != nil {
		options = append(options, config.WithCredentialsProvider(o.Credentials))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return loaded, nil, &SettingsError{err}
	}
	if loaded.Region == "" {
		return loaded, nil, &SettingsError{errors.New("no region: set it in the configuration, or AWS_REGION")}
	}
	keys := &Keys{provider: loaded.Credentials}
	if o.Credentials != nil {
		keys.provider = o.Credentials
	}
	loaded.Credentials = keys
	if o.Transport != nil {
		loaded.HTTPClient = &http.Client{Transport: o.Transport}
	}
	return loaded, keys, nil
}

// SettingsError is what is wrong with the AWS settings of the process.
type SettingsError struct{ err error }

// Error names the settings.
func (e *SettingsError) Error() string { return "AWS settings: " + e.err.Error() }

// Unwrap gives the SDK's error.
func (e *SettingsError) Unwrap() error { return e.err }

// Keys hands out the AWS credentials of the process and remembers those of late: they must not show in any text. It is safe
// for concurrent use.
type Keys struct {
	provider aws.CredentialsProvider

	mu    sync.Mutex
	shown []string
}

// maxKeys are some sets of key id, secret and session token.
const maxKeys = 4 * 3

// Retrieve is the provider's.
func (k *Keys) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := k.provider.Retrieve(ctx)
	if err != nil {
		return found, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.shown); n == 0 || k.shown[n-2] != found.SecretAccessKey || k.shown[n-1] != found.SessionToken {
		k.shown = append(k.shown, found.AccessKeyID, found.SecretAccessKey, found.SessionToken)
		k.shown = k.shown[max(0, len(k.shown)-maxKeys):]
	}
	return found, nil
}

// Secrets are the parts of the credentials of late.
func (k *Keys) Secrets() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.shown...)
}
