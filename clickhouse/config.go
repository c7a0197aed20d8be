package clickhouse

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
)

// Config is what an operator writes about one ClickHouse. The zero value of each field is its default; only Host, or
// Addresses, has none.
type Config struct {
	Name      string   `json:"name,omitempty" yaml:"name"`           // of the client in errors, spans and reports; empty = clickhouse
	Host      string   `json:"host,omitempty" yaml:"host"`           // a name or an address without a port
	Port      int      `json:"port,omitempty" yaml:"port"`           // of the native protocol; 0 = 9000, or 9440 when Secure
	Addresses []string `json:"addresses,omitempty" yaml:"addresses"` // several replicas as host or host:port, tried in turn; instead of Host

	User     string       `json:"user,omitempty" yaml:"user"` // empty = whom the store of the password names, else default
	Password secret.Value `json:"password,omitzero" yaml:"password"`
	Database string       `json:"database,omitempty" yaml:"database"` // of names without one; empty = signoz_logs

	Secure     bool   `json:"secure,omitempty" yaml:"secure"`           // TLS, always verified
	CAFile     string `json:"ca_file,omitempty" yaml:"ca_file"`         // PEM; empty = the system's
	CertFile   string `json:"cert_file,omitempty" yaml:"cert_file"`     // PEM of the client's certificate, read for each connection; empty = none
	KeyFile    string `json:"key_file,omitempty" yaml:"key_file"`       // PEM of its key
	ServerName string `json:"server_name,omitempty" yaml:"server_name"` // in the certificate; empty = the host

	Compression string `json:"compression,omitempty" yaml:"compression"` // lz4, zstd or none; empty = lz4

	Limits base.Limits `json:"limits,omitzero" yaml:"limits"` // defaults: concurrency 15, timeout 60 s, idle 60 s

	MaxRows      int64         `json:"max_rows,omitempty" yaml:"max_rows"`           // rows that one Query hands out; 0 = 10,000, negative = no cap
	MaxBytes     int64         `json:"max_bytes,omitempty" yaml:"max_bytes"`         // decoded bytes that one Query hands out, or that a method gathers at once; 0 = 256 MiB, negative = no cap
	MaxExecution base.Duration `json:"max_execution,omitempty" yaml:"max_execution"` // server-side time of one query; 0 = 5 m, negative = only the caller's deadline

	AllowWrites bool   `json:"allow_writes,omitempty" yaml:"allow_writes"` // Exec and Insert are refused without it
	Tables      Tables `json:"tables,omitzero" yaml:"tables"`
}

const (
	defaultName     = "clickhouse"
	defaultUser     = "default"
	defaultDatabase = "signoz_logs"
	defaultPort     = 9000
	securePort      = 9440

	defaultMaxRows      = 10_000
	defaultMaxBytes     = 256 << 20
	defaultMaxExecution = 5 * time.Minute
)

var defaultLimits = base.Limits{
	Concurrency: 15, Timeout: base.Duration(time.Minute), Idle: base.Duration(time.Minute),
}

func (c Config) withDefaults() Config {
	orDefault(&c.Name, defaultName)
	orDefault(&c.User, defaultUser)
	orDefault(&c.Database, defaultDatabase)
	orDefault(&c.Compression, "lz4")
	orDefault(&c.MaxRows, defaultMaxRows)
	orDefault(&c.MaxBytes, defaultMaxBytes)
	orDefault(&c.MaxExecution, base.Duration(defaultMaxExecution))
	if c.Port == 0 {
		c.Port = defaultPort
		if c.Secure {
			c.Port = securePort
		}
	}
	c.Addresses = slices.Clone(c.Addresses)
	c.Tables = c.Tables.withDefaults()
	return c
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// addresses are host:port of every replica; the defaults are filled in.
func (c Config) addresses() []string {
	if len(c.Addresses) == 0 {
		return []string{net.JoinHostPort(strings.Trim(c.Host, "[]"), strconv.Itoa(c.Port))}
	}
	all := make([]string, 0, len(c.Addresses))
	for _, a := range c.Addresses {
		if _, _, err := net.SplitHostPort(a); err != nil {
			a = net.JoinHostPort(strings.Trim(a, "[]"), strconv.Itoa(c.Port))
		}
		all = append(all, a)
	}
	return all
}

func (c Config) compression() (proto.Compression, compress.Method) {
	switch c.Compression {
	case "none":
		return proto.CompressionDisabled, compress.None
	case "zstd":
		return proto.CompressionEnabled, compress.ZSTD
	}
	return proto.CompressionEnabled, compress.LZ4
}

// Validate reports every field that cannot work, by name, never a value that may be secret. A missing host is reported
// by New, for a configuration without this source is not wrong.
func (c Config) Validate() error {
	var all []error
	problem := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	if c.Host != "" && len(c.Addresses) > 0 {
		problem("host: set beside addresses; write one of the two")
	}
	if c.Host != "" {
		if why := badHost(c.Host); why != "" {
			problem("host: %s", why)
		}
	}
	if c.Port < 0 || c.Port > 65535 {
		problem("port: %d is not a port", c.Port)
	}
	if why := webPort(c.Port); why != "" {
		problem("port: %s", why)
	}
	for i, a := range c.Addresses {
		if why := badAddress(a); why != "" {
			problem("addresses[%d]: %s", i, why)
		}
	}
	for name, text := range map[string]string{"user": c.User, "database": c.Database, "name": c.Name, "server_name": c.ServerName} {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F }) || len(text) > 256 {
			problem("%s: control characters, or longer than 256 bytes", name)
		}
	}
	if !slices.Contains([]string{"", "lz4", "zstd", "none"}, c.Compression) {
		problem("compression: none of lz4, zstd, none")
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		problem("cert_file, key_file: one is set without the other")
	}
	if !c.Secure && (c.CAFile != "" || c.CertFile != "" || c.ServerName != "") {
		problem("secure: false, and so ca_file, cert_file and server_name would do nothing; set secure")
	}
	all = append(all, c.Limits.Validate(), c.Tables.Validate())
	return errors.Join(all...)
}

// webPort says of the ports of ClickHouse's HTTP interface that they are such.
func webPort(port int) string {
	if port == 8123 || port == 8443 {
		return fmt.Sprintf("%d is that of the HTTP interface; write the native one, usually 9000, or 9440 with secure", port)
	}
	return ""
}

func badHost(host string) string {
	switch {
	case strings.Contains(host, "://") || strings.ContainsAny(host, "/@?# \t\r\n"):
		return "it must be a bare name or address, without scheme, user or path"
	case strings.Count(host, ":") == 1:
		return "it holds a port; write that in port"
	}
	return ""
}

func badAddress(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = address, "1"
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 {
		return "the port is not a number from 1 to 65535"
	}
	if why := webPort(n); why != "" {
		return "port " + why
	}
	if host == "" {
		return "the host is missing"
	}
	if strings.Contains(host, "://") || strings.ContainsAny(host, "/@?# \t\r\n") {
		return "it must be host or host:port, without scheme, user or path"
	}
	return ""
}
