package redshift

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/tlsconfig"
)

// Config is what an operator writes about one Redshift. The zero value of each field is its default; only Host and
// Database have none.
type Config struct {
	Name     string `json:"name,omitempty" yaml:"name"`         // of the client in errors, spans and reports; empty = redshift
	Host     string `json:"host,omitempty" yaml:"host"`         // a name or an address without a port
	Port     int    `json:"port,omitempty" yaml:"port"`         // 0 = 5439
	Database string `json:"database,omitempty" yaml:"database"` // that the connection is made to

	User     string       `json:"user,omitempty" yaml:"user"` // empty = whom the store of the password names; with IAM: whom to ask for, empty = the identity
	Password secret.Value `json:"password,omitzero" yaml:"password"`
	IAM      IAM          `json:"iam,omitzero" yaml:"iam"` // instead of Password

	Plaintext  bool   `json:"plaintext,omitempty" yaml:"plaintext"`     // no TLS, only for localhost or a loopback address; else TLS, always verified
	CAFile     string `json:"ca_file,omitempty" yaml:"ca_file"`         // PEM; empty = the system's
	CertFile   string `json:"cert_file,omitempty" yaml:"cert_file"`     // PEM of the client's certificate, read for each handshake; empty = none
	KeyFile    string `json:"key_file,omitempty" yaml:"key_file"`       // PEM of its key
	ServerName string `json:"server_name,omitempty" yaml:"server_name"` // in the certificate; empty = the host

	Limits base.Limits `json:"limits,omitzero" yaml:"limits"` // defaults: concurrency 50, timeout 5 m, idle 2 m

	MaxRows      int64         `json:"max_rows,omitempty" yaml:"max_rows"`           // rows that one Query hands out; 0 = 10,000, negative = no cap
	MaxBytes     int64         `json:"max_bytes,omitempty" yaml:"max_bytes"`         // decoded bytes that one Query hands out; 0 = 256 MiB, negative = no cap
	MaxExecution base.Duration `json:"max_execution,omitempty" yaml:"max_execution"` // statement_timeout of one statement; 0 = 5 m, negative = only the caller's deadline

	// PlainTransactions begins transactions without READ ONLY, for clusters whose external tables refuse it. The first
	// word of a statement is still checked, and each transaction is still rolled back.
	PlainTransactions bool `json:"plain_transactions,omitempty" yaml:"plain_transactions"`

	// Schemas, if any are named, are the only ones that may be listed, described and read by Query, Explain and the tools
	// for statements: a table of another schema is base.ErrPermission. The server's own tables belong to pg_catalog. A
	// statement is held to them by its names and by search_path, which knows no others; a part of a SUPER value cannot
	// be named in FROM then. A view or function in an allowed schema may read what its owner may; the grants of the
	// account are the wall. The typed methods read the tables of Tables, wherever they are.
	Schemas []string `json:"schemas,omitempty" yaml:"schemas"`

	Tables Tables `json:"tables,omitzero" yaml:"tables"`
	// Lag is how far the warehouse is behind its sources: answers of typed methods say so in Stats.Age and Stats.Notes,
	// until Client.Lag has measured it. 0 = 10 m, negative = nothing is said.
	Lag base.Duration `json:"lag,omitempty" yaml:"lag"`
}

const (
	defaultName = "redshift"
	defaultPort = 5439

	defaultMaxRows      = 10_000
	defaultMaxBytes     = 256 << 20
	defaultMaxExecution = 5 * time.Minute
	defaultLag          = 10 * time.Minute
)

var defaultLimits = base.Limits{
	Concurrency: 50, Timeout: base.Duration(5 * time.Minute), Idle: base.Duration(2 * time.Minute),
}

func (c Config) withDefaults() Config {
	orDefault(&c.Name, defaultName)
	c.Host = strings.Trim(c.Host, "[]")
	orDefault(&c.Port, defaultPort)
	orDefault(&c.MaxRows, defaultMaxRows)
	orDefault(&c.MaxBytes, defaultMaxBytes)
	orDefault(&c.MaxExecution, base.Duration(defaultMaxExecution))
	orDefault(&c.Lag, base.Duration(defaultLag))
	c.Schemas = append([]string(nil), c.Schemas...)
	c.Tables = c.Tables.withDefaults()
	return c
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// address is host:port; the defaults are filled in.
func (c Config) address() string {
	return net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
}

// Validate reports every field that cannot work, by name, never a value that may be secret. A missing host is reported
// by New, for a configuration without this source is not wrong.
func (c Config) Validate() error {
	var all []error
	problem := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	why := badHost(c.Host)
	if why != "" {
		problem("host: %s", why)
	}
	if c.Port < 0 || c.Port > 65535 {
		problem("port: %d is not a port", c.Port)
	}
	for name, text := range map[string]string{"user": c.User, "database": c.Database, "name": c.Name, "server_name": c.ServerName} {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F }) || len(text) > 256 {
			problem("%s: control characters, or longer than 256 bytes", name)
		}
	}
	if holdsPassword(c.User) {
		problem("user: it holds a colon; write the name alone, and the password in password")
	}
	if strings.ContainsAny(c.Database, "?/=") {
		problem("database: it holds ?, / or =; write the name alone, and the password in password")
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		problem("cert_file, key_file: one is set without the other")
	}
	if c.Plaintext && (c.CAFile != "" || c.CertFile != "" || c.ServerName != "") {
		problem("plaintext: true, and so ca_file, cert_file and server_name would do nothing; leave plaintext out")
	}
	if c.Plaintext && c.Host != "" && why == "" && !tlsconfig.OnThisMachine(c.Host) {
		problem("plaintext: host is not on this machine, and password and answers may not go over a network without TLS; leave plaintext out")
	}
	if c.IAM.used() && !c.Password.IsZero() {
		problem("password: set beside iam; write one of the two")
	}
	for i, name := range c.Schemas {
		if err := checkSchema(name); err != nil {
			problem("schemas[%d]: %w", i, err)
		}
	}
	all = append(all, c.IAM.validate(), c.Limits.Validate(), c.Tables.Validate())
	return errors.Join(all...)
}

// checkSchema refuses what is no schema, nor database.schema.
func checkSchema(name string) error {
	parts := strings.Split(name, ".")
	if len(parts) > 2 || slices.Contains(parts, "") || strings.ContainsAny(name, " \t") {
		return errors.New("empty, or with a space or a second dot; write schema or database.schema, each on its own")
	}
	return checkName(name, false)
}

// holdsPassword reports whether a user is followed by something, as in user:password. Users that AWS issues have a prefix
// with a colon (GetClusterCredentials of the Redshift API).
func holdsPassword(user string) bool {
	for _, prefix := range []string{"IAM:", "IAMA:", "IAMR:"} {
		if name, ok := strings.CutPrefix(user, prefix); ok {
			user = name
			break
		}
	}
	return strings.Contains(user, ":")
}

func badHost(host string) string {
	switch {
	case strings.Contains(host, "://") || strings.ContainsAny(host, "/@?#, \t\r\n"):
		return "it must be one bare name or address, without scheme, user or path"
	case strings.Count(host, ":") == 1, strings.Contains(host, "]:"):
		return "it holds a port; write that in port"
	case strings.ContainsAny(host, "[]:"):
		bare, open := strings.CutPrefix(host, "[")
		bare, closed := strings.CutSuffix(bare, "]")
		if _, err := netip.ParseAddr(bare); err != nil || open != closed {
			return "it is no address"
		}
	}
	return ""
}

// IAM has the client ask AWS for a temporary user and password of the database. The zero value asks for none.
type IAM struct {
	ClusterID string `json:"cluster_id,omitempty" yaml:"cluster_id"` // of a provisioned cluster
	Workgroup string `json:"workgroup,omitempty" yaml:"workgroup"`   // of Redshift Serverless, instead of ClusterID
	Region    string `json:"region,omitempty" yaml:"region"`         // empty = AWS_REGION or the profile's
	Endpoint  string `json:"endpoint,omitempty" yaml:"endpoint"`     // URL of the AWS API, http only on this machine; empty = that of the region
	// Duration is how long a password is asked for, 15 minutes to an hour; 0 = 15 m. The password of an open connection
	// may end: only new connections need one.
	Duration base.Duration `json:"duration,omitempty" yaml:"duration"`
	// Groups of the database that the user joins for the session. Only with ClusterID and a user.
	Groups []string `json:"groups,omitempty" yaml:"groups"`
}

func (i IAM) used() bool { return i.ClusterID != "" || i.Workgroup != "" }

const (
	shortestPassword = 15 * time.Minute
	longestPassword  = time.Hour
)

func (i IAM) validate() error {
	var all []error
	if i.ClusterID != "" && i.Workgroup != "" {
		all = append(all, errors.New("iam.workgroup: set beside iam.cluster_id; write one of the two"))
	}
	if !i.used() && (i.Region != "" || i.Endpoint != "" || i.Duration != 0 || len(i.Groups) > 0) {
		all = append(all, errors.New("iam: neither cluster_id nor workgroup is set, so the rest of it would do nothing"))
	}
	if d := i.Duration.D(); d != 0 && (d < shortestPassword || d > longestPassword) {
		all = append(all, fmt.Errorf("iam.duration: %s is not between %s and %s", d, shortestPassword, longestPassword))
	}
	if i.Endpoint != "" {
		u, err := url.Parse(i.Endpoint)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
			all = append(all, errors.New("iam.endpoint: it must be the URL of an AWS endpoint, without user"))
		} else if u.Scheme == "http" && !tlsconfig.OnThisMachine(u.Hostname()) {
			all = append(all, errors.New("iam.endpoint: it is not on this machine, and a password may not go over a network without TLS; write https"))
		}
	}
	return errors.Join(all...)
}
