package athena

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/history"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/rest"
)

// Config is what an operator writes about one Athena. The zero value of each field is its default, so that the zero Config
// is the workgroup primary of the region us-east-1. Without Key the credentials are those of the AWS chain:
// environment, shared files, web identity, container, instance role.
type Config struct {
	Name     string `json:"name,omitempty" yaml:"name"`         // of the client in errors, spans and reports; empty = athena
	Region   string `json:"region,omitempty" yaml:"region"`     // empty = us-east-1
	Endpoint string `json:"endpoint,omitempty" yaml:"endpoint"` // URL of Athena's API, https:// unless it is on this machine; empty = that of the region
	// S3Endpoint is the URL of the object store that holds results, addressed by path, https:// likewise; empty = S3 of the region.
	S3Endpoint string `json:"s3_endpoint,omitempty" yaml:"s3_endpoint"`

	// Key is an access key to sign with instead of those of the AWS chain: its id, its secret and, of a temporary one, its
	// session token, with colons between them. Empty = the chain.
	Key secret.Value `json:"key,omitzero" yaml:"key"`

	Workgroup string `json:"workgroup,omitempty" yaml:"workgroup"` // empty = primary
	Catalog   string `json:"catalog,omitempty" yaml:"catalog"`     // of names without one; empty = AwsDataCatalog
	Database  string `json:"database,omitempty" yaml:"database"`   // of names without one; empty = raw_data_db
	// OutputLocation is where results are written, as s3://bucket/folder/; empty = where the workgroup says.
	OutputLocation string         `json:"output_location,omitempty" yaml:"output_location"`
	BucketOwner    string         `json:"bucket_owner,omitempty" yaml:"bucket_owner"` // account that must own the bucket of results, 12 digits; empty = not checked
	Schemas        []string       `json:"schemas,omitempty" yaml:"schemas"`           // as catalog.database: the only ones that may be read; empty = all
	Tables         history.Tables `json:"tables,omitzero" yaml:"tables"`              // where history lies; a table without a database is one of Database
	// Results says how answers of more than a page are read: auto from their file in S3 where there is one, pages never.
	// Empty = auto.
	Results string `json:"results,omitempty" yaml:"results"`

	CAFile   string `json:"ca_file,omitempty" yaml:"ca_file"`     // PEM; empty = the system's
	CertFile string `json:"cert_file,omitempty" yaml:"cert_file"` // PEM of the client's certificate; empty = none
	KeyFile  string `json:"key_file,omitempty" yaml:"key_file"`   // PEM of its key
	Proxy    string `json:"proxy,omitempty" yaml:"proxy"`         // URL; empty = the environment's, none = no proxy

	Limits base.Limits `json:"limits,omitzero" yaml:"limits"` // defaults: concurrency 25, timeout 5 m until a query has ended, 1 m for one request

	MaxRows      int64         `json:"max_rows,omitempty" yaml:"max_rows"`             // rows that one Query hands out; 0 = 10,000, negative = no cap
	MaxBytes     int64         `json:"max_bytes,omitempty" yaml:"max_bytes"`           // decoded bytes that one Query hands out; 0 = 256 MiB, negative = no cap
	MaxExecution base.Duration `json:"max_execution,omitempty" yaml:"max_execution"`   // time of one query, the queue included; 0 = 5 m, negative = only the caller's deadline
	MaxScan      int64         `json:"max_scan_bytes,omitempty" yaml:"max_scan_bytes"` // bytes that one query may read; 0 = only the workgroup's limit
	ScanPrice    float64       `json:"scan_price_usd,omitempty" yaml:"scan_price_usd"` // of 10^12 bytes read, for Stats; 0 = 5, negative = none is told
	ReuseMaxAge  base.Duration `json:"reuse_max_age,omitempty" yaml:"reuse_max_age"`   // age up to which an earlier answer to the same statement may be given; whole minutes up to 7 days; 0 = never
}

const (
	defaultName     = "athena"
	defaultRegion   = "us-east-1"
	defaultGroup    = "primary"
	defaultCatalog  = "AwsDataCatalog"
	defaultDatabase = "raw_data_db"

	defaultMaxRows      = 10_000
	defaultMaxBytes     = 256 << 20
	defaultMaxExecution = 5 * time.Minute
	defaultPrice        = 5

	maxReuse = 7 * 24 * time.Hour

	resultsAuto  = "auto"
	resultsPages = "pages"
)

var defaultLimits = base.Limits{Concurrency: 25, Timeout: base.Duration(5 * time.Minute), Attempt: base.Duration(time.Minute)}

func (c Config) withDefaults() Config {
	orDefault(&c.Name, defaultName)
	orDefault(&c.Region, defaultRegion)
	orDefault(&c.Workgroup, defaultGroup)
	orDefault(&c.Catalog, defaultCatalog)
	orDefault(&c.Database, defaultDatabase)
	orDefault(&c.Results, resultsAuto)
	orDefault(&c.MaxRows, defaultMaxRows)
	orDefault(&c.MaxBytes, defaultMaxBytes)
	orDefault(&c.MaxExecution, base.Duration(defaultMaxExecution))
	orDefault(&c.ScanPrice, defaultPrice)
	c.Schemas = slices.Clone(c.Schemas)
	c.Tables = c.Tables.WithDefaults()
	return c
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// The forms of names that AWS takes.
var (
	regionForm    = regexp.MustCompile(`^[a-z]{2,}(-[a-z0-9]+)+$`)
	workgroupForm = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,128}$`)
	accountForm   = regexp.MustCompile(`^[0-9]{12}$`)
	outputForm    = regexp.MustCompile(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[ -~]*)?$`)
)

// Validate reports every field that cannot work, by name.
func (c Config) Validate() error {
	var all []error
	problem := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	for _, f := range []struct {
		name, text, want string
		form             *regexp.Regexp
	}{
		{"region", c.Region, "the name of a region, such as us-east-1", regionForm},
		{"workgroup", c.Workgroup, "the name of a workgroup: letters, digits, dots, hyphens and underscores", workgroupForm},
		{"bucket_owner", c.BucketOwner, "the 12 digits of an account", accountForm},
		{"output_location", c.OutputLocation, "of the form s3://bucket/folder/, its bucket of 3 to 63 small letters, digits, dots and hyphens", outputForm},
	} {
		if f.text != "" && !f.form.MatchString(f.text) {
			problem("%s: not %s", f.name, f.want)
		}
	}
	for _, f := range []struct{ name, text string }{{"name", c.Name}, {"catalog", c.Catalog}, {"database", c.Database}} {
		if !plainName(f.text) {
			problem("%s: control characters or letters beyond ASCII, or longer than 255 bytes", f.name)
		}
	}
	for i, name := range c.Schemas {
		if catalog, schema, ok := strings.Cut(name, "."); !ok || catalog == "" || schema == "" || strings.Contains(schema, ".") {
			problem("schemas[%d]: not catalog.database", i)
		}
	}
	all = append(all, c.checkNetwork(), c.checkBounds(), c.Limits.Validate(), c.Tables.Validate())
	return errors.Join(all...)
}

func (c Config) checkNetwork() error {
	var all []error
	for _, f := range []struct{ name, text string }{{"endpoint", c.Endpoint}, {"s3_endpoint", c.S3Endpoint}} {
		if why := badEndpoint(f.text); why != "" {
			all = append(all, fmt.Errorf("%s: %s", f.name, why))
		}
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		all = append(all, errors.New("cert_file, key_file: one is set without the other"))
	}
	if err := rest.CheckProxy(c.Proxy); err != nil {
		all = append(all, fmt.Errorf("proxy: %w", err))
	}
	return errors.Join(all...)
}

// badEndpoint says what is wrong with the URL of a service; empty = nothing.
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

func (c Config) checkBounds() error {
	var all []error
	if !slices.Contains([]string{"", resultsAuto, resultsPages}, c.Results) {
		all = append(all, errors.New("results: neither auto nor pages"))
	}
	if c.MaxScan < 0 {
		all = append(all, errors.New("max_scan_bytes: negative; 0 leaves the limit to the workgroup"))
	}
	if c.ScanPrice != c.ScanPrice || c.ScanPrice > 1e6 {
		all = append(all, errors.New("scan_price_usd: not a price"))
	}
	if why := badAge(c.ReuseMaxAge.D()); why != "" {
		all = append(all, errors.New("reuse_max_age: "+why))
	}
	return errors.Join(all...)
}

// badAge says what is wrong with the age of an answer that may be given again; empty = nothing.
func badAge(age time.Duration) string {
	switch {
	case age < 0, age > maxReuse:
		return "not between 0 (never) and 7 days"
	case age%time.Minute != 0:
		return "not a whole number of minutes, in which Athena counts"
	}
	return ""
}

// plainName reports whether the text can be a name: bounded, printable.
func plainName(text string) bool {
	return len(text) <= 255 && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}
