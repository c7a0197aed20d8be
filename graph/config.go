package graph

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/tlsconfig"
)

// Config is what an operator writes about one code graph. The zero value of each field is its default; only URI has none.
type Config struct {
	Name string `json:"name,omitempty" yaml:"name"` // of the client in errors, spans and reports; empty = graph
	// URI is neo4j://host:port for a cluster, whose readers are asked, or bolt://host:port for that one server. Both speak
	// TLS, always verified, as neo4j+s and bolt+s say it; the schemes with +ssc are refused, for they verify nothing. The
	// port is 7687 where none is written. User and password have their own fields.
	URI      string       `json:"uri,omitempty" yaml:"uri"`
	Database string       `json:"database,omitempty" yaml:"database"` // empty = the account's home database
	User     string       `json:"user,omitempty" yaml:"user"`         // empty = no login, or whom the store of the password names
	Password secret.Value `json:"password,omitzero" yaml:"password"`

	// Plaintext speaks no TLS, only with localhost or a loopback address, which servers that a routing table names must
	// have too.
	Plaintext  bool   `json:"plaintext,omitempty" yaml:"plaintext"`
	CAFile     string `json:"ca_file,omitempty" yaml:"ca_file"`         // PEM; empty = the system's
	CertFile   string `json:"cert_file,omitempty" yaml:"cert_file"`     // PEM of the client's certificate, read for each handshake; empty = none
	KeyFile    string `json:"key_file,omitempty" yaml:"key_file"`       // PEM of its key
	ServerName string `json:"server_name,omitempty" yaml:"server_name"` // in the certificate; empty = the host

	Limits base.Limits `json:"limits,omitzero" yaml:"limits"` // defaults: concurrency 50, timeout 1 m, idle 30 s

	MaxRows  int64 `json:"max_rows,omitempty" yaml:"max_rows"`   // rows that one Query hands out; 0 = 10,000, negative = no cap
	MaxBytes int64 `json:"max_bytes,omitempty" yaml:"max_bytes"` // decoded bytes that one Query hands out; 0 = 256 MiB, negative = no cap
	// MaxExecution is how long a transaction may take, the reading of its rows included; 0 = 1 m, negative = the caller's
	// deadline, else the server's own limit. The server obeys a longer time than its own limit, so this should not be above
	// db.transaction.timeout.
	MaxExecution base.Duration `json:"max_execution,omitempty" yaml:"max_execution"`
	MaxDepth     int           `json:"max_depth,omitempty" yaml:"max_depth"` // calls away that a question may go; 0 = 15, at most 50

	// AllowWrites permits Import. All else only reads.
	AllowWrites bool `json:"allow_writes,omitempty" yaml:"allow_writes"`
	// Procedures are procedures and functions of the server that Query may call beside those that are known to be
	// harmless: a whole name, or the beginning of names with a star behind its last dot (gds.graph.*). What is known to
	// reach out, to write or to run a text as Cypher is refused here.
	Procedures []string `json:"procedures,omitempty" yaml:"procedures"`

	Model Model `json:"model,omitzero" yaml:"model"`
}

const (
	defaultName = "graph"
	defaultPort = "7687"

	defaultMaxRows      = 10_000
	defaultMaxBytes     = 256 << 20
	defaultMaxExecution = time.Minute
	defaultMaxDepth     = 15
	deepest             = 50
)

var defaultLimits = base.Limits{
	Concurrency: 50, Timeout: base.Duration(time.Minute), Idle: base.Duration(30 * time.Second),
}

func (c Config) withDefaults() Config {
	orDefault(&c.Name, defaultName)
	orDefault(&c.MaxRows, defaultMaxRows)
	orDefault(&c.MaxBytes, defaultMaxBytes)
	orDefault(&c.MaxExecution, base.Duration(defaultMaxExecution))
	orDefault(&c.MaxDepth, defaultMaxDepth)
	c.Procedures = append([]string(nil), c.Procedures...)
	c.Model = c.Model.withDefaults()
	return c
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate reports every field that cannot work, by name, never a value that may be secret. A missing URI is reported by
// New, for a configuration without this source is not wrong.
func (c Config) Validate() error {
	var all []error
	problem := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	if c.URI != "" {
		if _, err := parseURI(c.URI); err != nil {
			problem("uri: %w", err)
		} else if why := c.badPlaintext(); why != "" {
			problem("plaintext: %s", why)
		}
	}
	for name, text := range map[string]string{"user": c.User, "database": c.Database, "name": c.Name, "server_name": c.ServerName} {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F }) || len(text) > 256 {
			problem("%s: control characters, or longer than 256 bytes", name)
		}
	}
	if c.User == "" && c.Password.IsLiteral() {
		problem("password: set without user")
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		problem("cert_file, key_file: one is set without the other")
	}
	if c.Plaintext && (c.CAFile != "" || c.CertFile != "" || c.ServerName != "") {
		problem("plaintext: true, and so ca_file, cert_file and server_name would do nothing; leave plaintext out")
	}
	if c.MaxDepth < 0 || c.MaxDepth > deepest {
		problem("max_depth: %d is not between 1 and %d", c.MaxDepth, deepest)
	}
	for i, name := range c.Procedures {
		if err := checkAllowed(name); err != nil {
			problem("procedures[%d]: %w", i, err)
		}
	}
	all = append(all, c.Limits.Validate(), c.Model.Validate())
	return errors.Join(all...)
}

func (c Config) badPlaintext() string {
	uri, _ := parseURI(c.URI)
	switch {
	case !c.Plaintext:
		return ""
	case uri.encrypted:
		return "true, and uri asks for TLS; leave one of the two out"
	case !tlsconfig.OnThisMachine(uri.host):
		return "uri is not on this machine, and password and answers may not go over a network without TLS; leave plaintext out"
	}
	return ""
}

func (c Config) files() tlsconfig.Files {
	return tlsconfig.Files{CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile, ServerName: c.ServerName}
}

// location is a URI taken apart.
type location struct {
	host, port string
	query      string // the routing context
	routing    bool
	encrypted  bool // as its scheme says
}

func parseURI(text string) (location, error) {
	u, err := url.Parse(text)
	if err != nil { // its text holds the URI
		return location{}, errors.New("it is no URI; write neo4j://host:port or bolt://host:port")
	}
	l := location{host: u.Hostname(), port: u.Port(), query: u.RawQuery}
	scheme, secure, _ := strings.Cut(strings.ToLower(u.Scheme), "+")
	l.routing, l.encrypted = scheme == "neo4j", secure == "s"
	orDefault(&l.port, defaultPort)
	switch {
	case scheme != "neo4j" && scheme != "bolt":
		return location{}, errors.New("its scheme is not known; write neo4j://host:port for a cluster or bolt://host:port for one server")
	case secure == "ssc":
		return location{}, errors.New("the schemes with +ssc verify no certificate; write neo4j:// or bolt://, and the authority in ca_file")
	case secure != "" && secure != "s":
		return location{}, errors.New("its scheme is not known; write neo4j:// or bolt://")
	case u.User != nil:
		return location{}, errors.New("it holds a user; write that in user, and the password in password")
	case l.host == "":
		return location{}, errors.New("it holds no host; write neo4j://host:port or bolt://host:port")
	case u.Path != "" && u.Path != "/" || u.Fragment != "" || l.query != "" && !l.routing:
		return location{}, errors.New("it holds more than scheme, host and port; the name of a database belongs into database")
	}
	return l, badHost(l.host)
}

func badHost(host string) error {
	if strings.ContainsAny(host, " \t\r\n@,") {
		return errors.New("its host is not one bare name or address")
	}
	if strings.Contains(host, ":") {
		if _, err := netip.ParseAddr(host); err != nil {
			return errors.New("its host is no address")
		}
	}
	return nil
}

func (l location) address() string { return net.JoinHostPort(l.host, l.port) }

// target is the URI as the driver reads it, without TLS, which is the dialer's.
func (l location) target() string {
	scheme := "bolt"
	if l.routing {
		scheme = "neo4j"
	}
	u := url.URL{Scheme: scheme, Host: l.address(), RawQuery: l.query}
	return u.String()
}
