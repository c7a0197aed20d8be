package trino

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/rest"
)

// Config is what an operator writes about one Trino. The zero value of each field is its default; only Host has none.
type Config struct {
	Name string `json:"name,omitempty" yaml:"name"` // of the client in errors, spans and reports; empty = trino
	Host string `json:"host,omitempty" yaml:"host"` // of the coordinator: a name or an address without a port
	Port int    `json:"port,omitempty" yaml:"port"` // 0 = 443, or 8080 when Plaintext

	User     string       `json:"user,omitempty" yaml:"user"`           // empty = the client's name, or whom the token names
	Password secret.Value `json:"password,omitzero" yaml:"password"`    // Basic, over TLS only
	Token    secret.Value `json:"token,omitzero" yaml:"token"`          // a JWT instead of a password, over TLS only
	Catalog  string       `json:"catalog,omitempty" yaml:"catalog"`     // of names without one; empty = hive
	Schema   string       `json:"schema,omitempty" yaml:"schema"`       // of names without one; empty = log
	Source   string       `json:"source,omitempty" yaml:"source"`       // names the program to resource groups; empty = the client's name
	Tags     []string     `json:"tags,omitempty" yaml:"tags"`           // client tags, for resource groups
	TimeZone string       `json:"time_zone,omitempty" yaml:"time_zone"` // of the session; empty = UTC
	Session  Session      `json:"session,omitempty" yaml:"session"`     // properties of each statement
	Schemas  []string     `json:"schemas,omitempty" yaml:"schemas"`     // as catalog.schema: the only ones that may be read; empty = all
	Tables   Tables       `json:"tables,omitzero" yaml:"tables"`        // where history lies
	Spooling string       `json:"spooling,omitempty" yaml:"spooling"`   // auto takes results from storage where the server offers it, off never; empty = auto

	Plaintext  bool   `json:"plaintext,omitempty" yaml:"plaintext"`     // HTTP without TLS; neither password nor token goes over it
	CAFile     string `json:"ca_file,omitempty" yaml:"ca_file"`         // PEM; empty = the system's
	CertFile   string `json:"cert_file,omitempty" yaml:"cert_file"`     // PEM of the client's certificate; empty = none
	KeyFile    string `json:"key_file,omitempty" yaml:"key_file"`       // PEM of its key
	ServerName string `json:"server_name,omitempty" yaml:"server_name"` // in the certificate; empty = the host
	Proxy      string `json:"proxy,omitempty" yaml:"proxy"`             // URL; empty = the environment's, none = no proxy

	Compression string `json:"compression,omitempty" yaml:"compression"` // of answers: zstd, gzip or none; empty = whichever the server prefers

	// StorageHosts are where spooled results may lie: names, addresses, or *. and a domain, without a port; empty = anywhere
	// but on this machine and at addresses that are link-local.
	StorageHosts []string `json:"storage_hosts,omitempty" yaml:"storage_hosts"`

	Limits base.Limits `json:"limits,omitzero" yaml:"limits"` // defaults: concurrency 10, timeout 5 m until the first rows, 1 m for one request, idle 30 s

	MaxRows      int64         `json:"max_rows,omitempty" yaml:"max_rows"`             // rows that one Query hands out; 0 = 10,000, negative = no cap
	MaxBytes     int64         `json:"max_bytes,omitempty" yaml:"max_bytes"`           // decoded bytes that one Query hands out; 0 = 256 MiB, negative = no cap
	MaxPage      int64         `json:"max_page_bytes,omitempty" yaml:"max_page_bytes"` // decompressed bytes of one page or segment; 0 = 64 MiB
	MaxExecution base.Duration `json:"max_execution,omitempty" yaml:"max_execution"`   // server-side time of one statement; 0 = 5 m, negative = only the caller's deadline
	MaxScan      int64         `json:"max_scan_bytes,omitempty" yaml:"max_scan_bytes"` // bytes that one statement may read; 0 = the server's own limit
}

// Session is properties of a session by name, such as join_distribution_type or hive.some_property.
type Session map[string]string

const (
	defaultName    = "trino"
	defaultCatalog = "hive"
	defaultSchema  = "log"
	securePort     = 443
	plainPort      = 8080

	defaultMaxRows      = 10_000
	defaultMaxBytes     = 256 << 20
	defaultMaxPage      = 64 << 20
	defaultMaxExecution = 5 * time.Minute

	spoolingAuto = "auto"
	spoolingOff  = "off"
)

var defaultLimits = base.Limits{
	Concurrency: 10, Timeout: base.Duration(5 * time.Minute), Attempt: base.Duration(time.Minute), Idle: base.Duration(30 * time.Second),
}

func (c Config) withDefaults() Config {
	orDefault(&c.Name, defaultName)
	if c.Token.IsZero() {
		orDefault(&c.User, c.Name)
	}
	orDefault(&c.Source, c.Name)
	orDefault(&c.Catalog, defaultCatalog)
	orDefault(&c.Schema, defaultSchema)
	orDefault(&c.TimeZone, "UTC")
	orDefault(&c.Spooling, spoolingAuto)
	orDefault(&c.MaxRows, defaultMaxRows)
	orDefault(&c.MaxBytes, defaultMaxBytes)
	orDefault(&c.MaxPage, defaultMaxPage)
	orDefault(&c.MaxExecution, base.Duration(defaultMaxExecution))
	if c.Port == 0 {
		c.Port = securePort
		if c.Plaintext {
			c.Port = plainPort
		}
	}
	c.Tags, c.Schemas, c.Session = slices.Clone(c.Tags), slices.Clone(c.Schemas), maps.Clone(c.Session)
	c.StorageHosts = slices.Clone(c.StorageHosts)
	c.Tables = c.Tables.WithDefaults()
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
	return net.JoinHostPort(strings.Trim(c.Host, "[]"), strconv.Itoa(c.Port))
}

func (c Config) url() string {
	if c.Plaintext {
		return "http://" + c.address()
	}
	return "https://" + c.address()
}

// Validate reports every field that cannot work, by name, never a value that may be secret. A missing host is reported
// by New, for a configuration without this source is not wrong.
func (c Config) Validate() error {
	var all []error
	problem := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	if c.Host != "" {
		if why := badHost(c.Host); why != "" {
			problem("host: %s", why)
		}
	}
	if c.Port < 0 || c.Port > 65535 {
		problem("port: %d is not a port", c.Port)
	}
	for _, f := range []struct{ name, text string }{
		{"name", c.Name},
		{"user", c.User},
		{"catalog", c.Catalog},
		{"schema", c.Schema},
		{"source", c.Source},
		{"time_zone", c.TimeZone},
		{"server_name", c.ServerName},
	} {
		if !headerText(f.text) {
			problem("%s: control characters or letters beyond ASCII, or longer than 256 bytes", f.name)
		}
	}
	for i, tag := range c.Tags {
		if !headerText(tag) || tag == "" || strings.Contains(tag, ",") {
			problem("tags[%d]: empty, or holds a comma or a control character", i)
		}
	}
	for i, name := range c.Schemas {
		if catalog, schema, ok := strings.Cut(name, "."); !ok || catalog == "" || schema == "" || strings.Contains(schema, ".") {
			problem("schemas[%d]: not catalog.schema", i)
		}
	}
	all = append(all, c.checkSecurity(), c.checkChoices(), c.Session.validate("session"), c.Limits.Validate(), c.Tables.Validate())
	return errors.Join(all...)
}

func (c Config) checkSecurity() error {
	var all []error
	if !c.Password.IsZero() && !c.Token.IsZero() {
		all = append(all, errors.New("password, token: both are set; write one of the two"))
	}
	if !c.Password.IsZero() && c.User == "" {
		all = append(all, errors.New("user: missing beside a password"))
	}
	if strings.Contains(c.User, ":") { // often a password, which would go into headers and logs
		all = append(all, errors.New("user: holds a colon, which no name of a user may; write a password into password"))
	}
	if c.Plaintext && (!c.Password.IsZero() || !c.Token.IsZero()) {
		all = append(all, errors.New("plaintext: neither password nor token may go over HTTP without TLS; leave plaintext out"))
	}
	if c.Plaintext && (c.CAFile != "" || c.CertFile != "" || c.ServerName != "") {
		all = append(all, errors.New("plaintext: true, and so ca_file, cert_file and server_name would do nothing; leave plaintext out"))
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		all = append(all, errors.New("cert_file, key_file: one is set without the other"))
	}
	if err := rest.CheckProxy(c.Proxy); err != nil {
		all = append(all, fmt.Errorf("proxy: %w", err))
	}
	return errors.Join(all...)
}

func (c Config) checkChoices() error {
	var all []error
	if !slices.Contains([]string{"", "zstd", "gzip", "none"}, c.Compression) {
		all = append(all, errors.New("compression: none of zstd, gzip, none"))
	}
	if !slices.Contains([]string{"", spoolingAuto, spoolingOff}, c.Spooling) {
		all = append(all, errors.New("spooling: neither auto nor off"))
	}
	for i, host := range c.StorageHosts {
		if why := badStorageHost(host); why != "" {
			all = append(all, fmt.Errorf("storage_hosts[%d]: %s", i, why))
		}
	}
	if c.MaxPage < 0 {
		all = append(all, errors.New("max_page_bytes: negative; one page is always bounded"))
	}
	if c.MaxScan < 0 {
		all = append(all, errors.New("max_scan_bytes: negative; 0 leaves the limit to the server"))
	}
	return errors.Join(all...)
}

// ownProperties are the client's own; no Session may set them.
var ownProperties = []string{"query_max_run_time", "query_max_scan_physical_bytes"}

func (s Session) validate(field string) error {
	var all []error
	for _, name := range slices.Sorted(maps.Keys(s)) {
		switch {
		case !isPropertyName(name):
			all = append(all, fmt.Errorf("%s: one of its keys is no name of a session property", field))
		case slices.Contains(ownProperties, name):
			all = append(all, fmt.Errorf("%s: %s is the client's own; use max_execution or max_scan_bytes", field, name))
		}
	}
	return errors.Join(all...)
}

func isPropertyName(name string) bool {
	for _, r := range name {
		if r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return name != "" && len(name) <= 128
}

// headerText reports whether the text can be the value of a header.
func headerText(text string) bool {
	return len(text) <= 256 && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
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
