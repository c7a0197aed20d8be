package redislimit

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
)

// Two connections serve a limiter: one for the exchanges, one to be told of places. Some more allow for those that die.
const connections = 4

// connector opens the connections and shows the password.
type connector struct {
	ctx     context.Context // of all dials
	end     context.CancelFunc
	servers string // for errors
	user    string
	cache   *secret.Cache // nil: no password
	tls     *tls.Config   // nil: plain
	dial    base.Dialer
	timeout time.Duration

	mu    sync.Mutex
	texts []string // passwords shown, newest last
}

func newConnector(ctx context.Context, c Config, o base.Options) (*connector, error) {
	d := &connector{servers: strings.Join(c.Addresses, ", "), user: c.User, dial: o.Dialer, timeout: c.Timeout.D()}
	if d.dial == nil {
		d.dial = new(net.Dialer).DialContext
	}
	if c.TLS || c.CAFile != "" || o.TLS != nil {
		config, err := encryption(c.CAFile, o.TLS)
		if err != nil {
			return nil, err
		}
		d.tls = config
	}
	if !c.Password.IsZero() {
		source, err := c.Password.Source(ctx, o.Secrets)
		if err != nil {
			return nil, fmt.Errorf("password: %w", err)
		}
		settings := secret.CacheConfig{Timeout: d.timeout}
		if _, reference := c.Password.Reference(); !reference {
			settings.Poll = -1 // a literal does not change
		}
		d.cache = secret.NewCache(source, settings)
	}
	d.ctx, d.end = context.WithCancel(context.Background())
	return d, nil
}

// encryption is the TLS configuration; base.NewOptions refused one that does not verify.
func encryption(caFile string, given *tls.Config) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if given != nil {
		config = given.Clone()
		config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	}
	if caFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca_file: %s holds no certificate in PEM form", caFile)
	}
	return config, nil
}

// client makes the client of the library: without retries of its own, for an exchange is not simply repeated, and
// without the notifications and measurements that this package has no use for.
func (d *connector) client(c Config) redis.UniversalClient {
	return redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: c.Addresses, IsClusterMode: c.cluster(), DB: c.Database, Dialer: d.open, CredentialsProviderContext: d.credentials,
		Protocol: 2, MaxRetries: -1, DialTimeout: d.timeout, DialerRetries: 1, ReadTimeout: d.timeout, WriteTimeout: d.timeout,
		ContextTimeoutEnabled: true, PoolSize: connections, MaxActiveConns: connections, PipelinePoolSize: -1,
		DisableIdentity: true, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// open dials, and does TLS. The library logs failed dials to a logger of the whole program, so one that fails is a
// connection on which everything fails with the same error.
func (d *connector) open(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	defer context.AfterFunc(d.ctx, cancel)()
	conn, err := d.dial(ctx, network, address)
	if err != nil {
		return dead{fmt.Errorf("connect: %w", err)}, nil // the library takes one wrapper off, whatever it is
	}
	if d.tls == nil {
		return conn, nil
	}
	config := d.tls
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName, _, _ = net.SplitHostPort(address)
	}
	encrypted := tls.Client(conn, config)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return dead{fmt.Errorf("connect: %w", fmt.Errorf("TLS with %s: %w", address, err))}, nil
	}
	return encrypted, nil
}

// shown is where an exchange finds the version of the password that its new connection used.
type shown struct{ version string }

type shownKey struct{}

func (d *connector) credentials(ctx context.Context) (user, password string, err error) {
	if d.cache == nil {
		return d.user, "", nil
	}
	snapshot, err := d.cache.Get(ctx)
	if err != nil {
		return "", "", fmt.Errorf("password: %w", err)
	}
	if to, ok := ctx.Value(shownKey{}).(*shown); ok {
		to.version = snapshot.Version
	}
	d.remember(snapshot.Reveal())
	if snapshot.User != "" {
		return snapshot.User, snapshot.Reveal(), nil
	}
	return d.user, snapshot.Reveal(), nil
}

// remembered is how many passwords are: those of some rotations.
const remembered = 4

func (d *connector) remember(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if text != "" && !slices.Contains(d.texts, text) {
		d.texts = append(d.texts[max(0, len(d.texts)-remembered+1):], text)
	}
}

// clean is the error, or one that says the same without the password: servers and proxies that do not know a command
// answer with its arguments. The deadline of an exchange with Redis is none of the call: it is told in words alone.
func (d *connector) clean(err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	said := err.Error()
	text := said
	for _, password := range d.texts {
		text = conceal(text, password)
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
		return fmt.Errorf("no answer from %s in time: %s", d.servers, text)
	case text == said:
		return err
	}
	return errors.New(text)
}

// recognized is how much of the beginning of a password is taken for it: servers cut what they repeat.
const recognized = 8

// conceal replaces the password, and the beginning of it.
func conceal(text, password string) string {
	var clean strings.Builder
	for {
		before, after, found := strings.Cut(text, password[:min(recognized, len(password))])
		clean.WriteString(before)
		if !found {
			return clean.String()
		}
		clean.WriteString(secret.Redacted)
		rest := password[min(recognized, len(password)):]
		for rest != "" && after != "" && rest[0] == after[0] {
			rest, after = rest[1:], after[1:]
		}
		text = after
	}
}

// judge tells the secret's keeper when the password was refused, and reports whether another attempt has a chance.
func (d *connector) judge(err error, s *shown) bool {
	if _, answered := errors.AsType[redis.Error](err); !answered {
		return true // the connection was a stale one, perhaps
	}
	if !redis.HasErrorPrefix(err, "WRONGPASS") || d.cache == nil || s.version == "" {
		return false
	}
	d.cache.Refuse(s.version)
	return true
}

func (d *connector) close() error {
	d.end()
	if d.cache == nil {
		return nil
	}
	return d.cache.Close()
}

// dead is a connection that could not be made.
type dead struct{ err error }

func (d dead) Read([]byte) (int, error)         { return 0, d.err }
func (d dead) Write([]byte) (int, error)        { return 0, d.err }
func (d dead) Close() error                     { return nil }
func (d dead) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (d dead) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (d dead) SetDeadline(time.Time) error      { return nil }
func (d dead) SetReadDeadline(time.Time) error  { return nil }
func (d dead) SetWriteDeadline(time.Time) error { return nil }
