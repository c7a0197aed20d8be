package redislimit

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
)

// What happens to calls while Redis cannot be asked.
const (
	Closed = "closed" // they fail with ErrOutage
	Open   = "open"   // they are let through
)

// Config describes a limit and the Redis that keeps it. It is plain data; the zero value of each field is its stated
// default. All processes should be given the same limits: each applies its own.
type Config struct {
	// Addresses are host:port of one server, or of some nodes of a cluster; empty = localhost:6379. More than one is a
	// cluster.
	Addresses []string `json:"addresses,omitempty" yaml:"addresses"`
	// Cluster says that the only address is one of a cluster.
	Cluster bool `json:"cluster,omitempty" yaml:"cluster"`
	// User is the account; empty = Redis' default account.
	User string `json:"user,omitempty" yaml:"user"`
	// Password is a literal or a reference that may rotate; empty = none. A version that the server refused is not sent
	// again.
	Password secret.Value `json:"password,omitzero" yaml:"password"`
	// Database is the number of the database, from 0; a cluster has none but 0.
	Database int `json:"database,omitempty" yaml:"database"`
	// TLS has connections encrypted; the server's certificate is always verified. CAFile implies it.
	TLS bool `json:"tls,omitempty" yaml:"tls"`
	// CAFile is a PEM file of the authorities to trust instead of the system's.
	CAFile string `json:"ca_file,omitempty" yaml:"ca_file"`

	// Name is that of the limit. Processes with one Name, Prefix and Redis share it. It has letters, digits, '.', '_'
	// and '-'; it is required.
	Name string `json:"name" yaml:"name"`
	// Prefix stands before all keys and channels; empty = "sources:limit:".
	Prefix string `json:"prefix,omitempty" yaml:"prefix"`

	// Concurrency is the weight of the calls in flight of all processes; 0 or negative = no bound.
	Concurrency int `json:"concurrency,omitempty" yaml:"concurrency"`
	// Rate is the calls a second of all processes, of whatever weight; 0 or negative = no bound.
	Rate float64 `json:"rate,omitempty" yaml:"rate"`
	// Burst is the calls at once under Rate; 0 = 1.
	Burst int `json:"burst,omitempty" yaml:"burst"`
	// MaxWaiting is the calls of all processes that may wait; 0 = 1,000, negative = none.
	MaxWaiting int `json:"max_waiting,omitempty" yaml:"max_waiting"`

	// Lease is how long the places of a process outlive its last word; 0 = 15 s. It is at least four times Timeout.
	Lease base.Duration `json:"lease,omitempty" yaml:"lease"`
	// Timeout bounds one exchange with Redis, a new connection included; 0 = 1 s.
	Timeout base.Duration `json:"timeout,omitempty" yaml:"timeout"`
	// CoolDown is the time between two exchanges while Redis is away; 0 = 1 s, at most a quarter of Lease.
	CoolDown base.Duration `json:"cool_down,omitempty" yaml:"cool_down"`
	// OnOutage is "closed" or "open"; empty = "closed". A bound over many processes is a promise to the owner of the
	// source, and the hour in which Redis fails is a bad one to break it: who prefers answers to the promise says so.
	// When open, the bounds that each client keeps for itself still hold.
	OnOutage string `json:"on_outage,omitempty" yaml:"on_outage"`
}

const (
	defaultAddress  = "localhost:6379"
	defaultPrefix   = "sources:limit:"
	defaultWaiting  = 1000
	defaultLease    = 15 * time.Second
	defaultTimeout  = time.Second
	defaultCoolDown = time.Second
)

func (c Config) withDefaults() Config {
	if len(c.Addresses) == 0 {
		c.Addresses = []string{defaultAddress}
	}
	c.Prefix = cmp.Or(c.Prefix, defaultPrefix)
	c.Burst = cmp.Or(c.Burst, 1)
	c.MaxWaiting = max(0, cmp.Or(c.MaxWaiting, defaultWaiting))
	c.Lease = cmp.Or(c.Lease, base.Duration(defaultLease))
	c.Timeout = cmp.Or(c.Timeout, base.Duration(min(defaultTimeout, c.Lease.D()/4)))
	c.CoolDown = cmp.Or(c.CoolDown, base.Duration(min(defaultCoolDown, c.Lease.D()/4)))
	c.OnOutage = cmp.Or(c.OnOutage, Closed)
	c.Concurrency, c.Rate = max(0, c.Concurrency), max(0, c.Rate)
	return c
}

var (
	nameForm   = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
	prefixForm = regexp.MustCompile(`^[A-Za-z0-9._:-]{0,100}$`)
)

const (
	shortestLease = 100 * time.Millisecond
	longestLease  = time.Hour
	highestRate   = 1e5
)

// Validate reports every problem of the Config at once, each by its field, never with the value of a secret.
func (c Config) Validate() error {
	problems := append(c.checkServer(), c.checkLimit()...)
	return errors.Join(append(problems, c.checkTimes()...)...)
}

func (c Config) checkServer() (problems []error) {
	for i, address := range c.Addresses {
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
			problems = append(problems, fmt.Errorf("addresses[%d]: write it as host:port, without a scheme or a password", i))
		}
	}
	if c.User != "" && c.Password.IsZero() {
		problems = append(problems, errors.New("password: missing, and a user is given"))
	}
	switch {
	case c.Database < 0:
		problems = append(problems, errors.New("database: negative"))
	case c.Database > 0 && c.cluster():
		problems = append(problems, errors.New("database: a cluster has no other than 0"))
	}
	if c.CAFile != "" {
		if _, err := os.Stat(c.CAFile); err != nil {
			problems = append(problems, fmt.Errorf("ca_file: %w", err))
		}
	}
	return problems
}

// sameServer reports whether the other Config is of the same limit in the same Redis; both have their defaults.
func (c Config) sameServer(other Config) bool {
	return slices.Equal(c.Addresses, other.Addresses) && c.cluster() == other.cluster() && c.User == other.User &&
		c.Password.Equal(other.Password) && c.Database == other.Database && c.TLS == other.TLS && c.CAFile == other.CAFile &&
		c.Name == other.Name && c.Prefix == other.Prefix
}

func (c Config) cluster() bool { return c.Cluster || len(c.Addresses) > 1 }

func (c Config) checkLimit() (problems []error) {
	if !nameForm.MatchString(c.Name) {
		problems = append(problems, errors.New("name: needs 1 to 100 letters, digits, '.', '_' or '-'"))
	}
	if !prefixForm.MatchString(c.Prefix) {
		problems = append(problems, errors.New("prefix: may have letters, digits, '.', '_', ':' and '-', at most 100"))
	}
	if math.IsNaN(c.Rate) || c.Rate > highestRate {
		problems = append(problems, errors.New("rate: not a number up to 100,000"))
	}
	if c.Concurrency == 0 && c.Rate == 0 {
		problems = append(problems, errors.New("concurrency, rate: neither is set; write -1 to share the server's quota alone"))
	}
	if c.Burst < 0 {
		problems = append(problems, errors.New("burst: negative"))
	}
	if c.OnOutage != "" && c.OnOutage != Closed && c.OnOutage != Open {
		problems = append(problems, fmt.Errorf("on_outage: neither %q nor %q", Closed, Open))
	}
	return problems
}

func (c Config) checkTimes() (problems []error) {
	full := c.withDefaults()
	if full.Lease.D() < shortestLease || full.Lease.D() > longestLease {
		problems = append(problems, fmt.Errorf("lease: not between %s and %s", shortestLease, longestLease))
	}
	for _, f := range []struct {
		name  string
		value base.Duration
	}{{"timeout", full.Timeout}, {"cool_down", full.CoolDown}} {
		switch {
		case f.value <= 0:
			problems = append(problems, fmt.Errorf("%s: negative", f.name))
		case f.value > full.Lease/4:
			problems = append(problems, fmt.Errorf("%s: %s is longer than a quarter of lease, %s", f.name, f.value, full.Lease))
		}
	}
	return problems
}
