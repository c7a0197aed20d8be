package archtest

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

var (
	// mechanisms stand at the bottom: base is built on them, so they know nothing of it.
	mechanisms = []string{"base/retry", "base/breaker", "base/limit", "base/sign", "base/secret"}

	// sources are equal rooms beside one another.
	sources = []string{
		"clickhouse", "redshift", "trino", "athena", "graph", "github", "jira", "confluence", "fkapi", "llm",
	}

	// forms are what evidence shares with the sources' lists and tools; they reach nothing.
	forms = []string{"internal/cursor", "internal/logquery", "internal/output"}

	// names is the check of identifiers; it imports nothing of ours.
	names = "internal/identifier"

	// detector says whether the race detector was built in; it imports nothing of ours.
	detector = "internal/race"

	// searcher finds planted secrets; it imports nothing of ours.
	searcher = "internal/canary"

	// support is imported by tests only, and may itself import testing.
	support = []string{"base/basetest", "internal/contract", "internal/engines", "internal/loopback", "internal/archtest", "internal/mcppeers"}
)

// assertions are the libraries that a program must never pull in: they belong to tests.
var assertions = []string{
	"testing",
	"net/http/httptest",
	"github.com/stretchr/testify",
	"github.com/google/go-cmp",
	"github.com/onsi/gomega",
	"github.com/onsi/ginkgo",
	"go.uber.org/goleak",
	"gotest.tools",
	"go.opentelemetry.io/otel/sdk",
	"github.com/getkin/kin-openapi",
	"github.com/santhosh-tekuri/jsonschema",
	"github.com/alicebob/miniredis",
}

func TestPackagesImportOnlyDownward(t *testing.T) {
	for _, f := range tree(t) {
		if f.test {
			continue
		}
		for _, imported := range f.imports() {
			to, ours := room(imported)
			if !ours {
				continue
			}
			if why := forbidden(f.room, to); why != "" {
				t.Errorf("%s imports %s: %s", f.path, to, why)
			}
		}
	}
}

func TestOnlyTestsImportTestingLibraries(t *testing.T) {
	for _, f := range tree(t) {
		if f.test || isTestSupport(f.room) {
			continue
		}
		for _, imported := range f.imports() {
			if slices.ContainsFunc(assertions, func(library string) bool { return within(imported, library) }) {
				t.Errorf("%s imports %s, which belongs into tests and *test packages", f.path, imported)
			}
		}
	}
}

func TestEveryPackageHasAPlaceInTheHouse(t *testing.T) {
	for _, f := range tree(t) {
		if kindOf(f.room) == unknown {
			t.Errorf("%s: no rule says what %s may import; give it one in imports_test.go", f.path, f.room)
		}
	}
}

type kind int

const (
	unknown kind = iota
	house        // the root: a map, no code
	mechanism
	base
	vocabulary // base/rows, base/logs, ...
	store      // base/secret/awssecret: a store of secrets with the SDK of its service
	conformance
	source
	fake // clickhouse/clickhousetest
	evidence
	mcp
	example
	internal
	checks // internal/contract, internal/engines, internal/loopback, internal/archtest, internal/mcppeers
)

func kindOf(from string) kind {
	switch {
	case from == ".":
		return house
	case slices.Contains(mechanisms, from):
		return mechanism
	case from == "base":
		return base
	case from == "base/basetest":
		return conformance
	case roomOf(from) != "" && isTestSupport(from):
		return fake
	case storeOf(from) != "":
		return store
	case within(from, "base"):
		return vocabulary
	case sourceOf(from) != "":
		return source
	case within(from, "evidence"):
		return evidence
	case within(from, "mcp"):
		return mcp
	case within(from, "examples"):
		return example
	case slices.Contains(support, from):
		return checks
	case within(from, "internal"):
		return internal
	}
	return unknown
}

// forbidden says why a package may not import another of ours, both named from the root, or nothing if it may.
func forbidden(from, to string) string {
	target := kindOf(to)
	isBase := target == base || target == mechanism || target == vocabulary
	switch kind := kindOf(from); {
	case kind == example:
		return ""
	case target == checks || target == conformance:
		return "only tests may"
	case target == fake && !within(from, to):
		return "only tests and examples may import a fake"
	case target == example || target == house:
		return "nothing may import it"
	case allowed(kind, from, to, target, isBase):
		return ""
	}
	return fmt.Sprintf("%s may not", from)
}

func allowed(kind kind, from, to string, target kind, isBase bool) bool {
	switch kind {
	case base:
		return target == mechanism
	case vocabulary:
		return target == base || target == mechanism || to == names
	case conformance:
		return isBase || to == detector || to == searcher
	case mcp:
		return isBase || target == kind
	case source, fake, store: // a store asks a service over the network, as a source does; it is no base, so no source imports it
		return isBase || target == internal || roomOf(from) == roomOf(to)
	case evidence:
		return isBase || target == source || target == evidence || slices.Contains(forms, to)
	case internal:
		return from != names && from != detector && from != searcher && (isBase || target == internal)
	}
	return false // house, mechanism, checks: nothing of ours
}

func sourceOf(room string) string {
	first, _, _ := strings.Cut(room, "/")
	if slices.Contains(sources, first) {
		return first
	}
	return ""
}

// storeOf is the package of a store of secrets, for itself and its fake.
func storeOf(room string) string {
	if rest, ok := strings.CutPrefix(room, "base/secret/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		return "base/secret/" + name
	}
	return ""
}

// roomOf is the source or the store that a package belongs to.
func roomOf(room string) string { return cmp.Or(sourceOf(room), storeOf(room)) }

// isTestSupport reports whether the package exists for tests: X/Xtest of a source or store, or one of the named few.
func isTestSupport(room string) bool {
	if slices.Contains(support, room) {
		return true
	}
	return roomOf(room) != "" && path.Base(room) == path.Base(path.Dir(room))+"test"
}

// room turns an import path of this module into a folder from its root.
func room(imported string) (string, bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

func within(room, ancestor string) bool {
	return room == ancestor || strings.HasPrefix(room, ancestor+"/")
}

func TestTheImportRulesAllowAndForbid(t *testing.T) {
	for _, test := range []struct {
		from, to string
		ok       bool
	}{
		{"base", "base/retry", true},
		{"base", "base/logs", false},
		{"base", "internal/rest", false},
		{"base/retry", "base", false},
		{"base/retry", "base/limit", false},
		{"base/fault", "base", true},
		{"base/logs", "base", true},
		{"base/history", "internal/identifier", true},
		{"base/history", "internal/rest", false},
		{"internal/identifier", "base", false},
		{"base/metrics", "base/logs", false},
		{"base/traces", "base/secret", true},
		{"base/secret/awssecret", "base", true},
		{"base/secret/awssecret", "base/secret", true},
		{"base/secret/awssecret", "internal/awschain", true},
		{"base/secret/awssecret", "internal/engines", false},
		{"base/secret/awssecret", "base/secret/vaultsecret", false},
		{"base/secret/awssecret", "base/secret/awssecret/awssecrettest", false},
		{"base/secret/awssecret/awssecrettest", "base/secret/awssecret", true},
		{"base/secret/awssecret/awssecrettest", "internal/wire", true},
		{"clickhouse", "base/secret/awssecret", false},
		{"base", "base/secret/awssecret", false},
		{"base/limit/redislimit", "clickhouse", false},
		{"base/basetest", "base/fault", true},
		{"base/basetest", "internal/canary", true},
		{"base/basetest", "internal/rest", false},
		{"internal/canary", "base", false},
		{"internal/rest", "base/retry", true},
		{"internal/rest", "internal/page", true},
		{"internal/rest", "github", false},
		{"clickhouse", "base", true},
		{"clickhouse", "base/rows", true},
		{"clickhouse", "internal/rest", true},
		{"clickhouse", "internal/engines", false},
		{"clickhouse", "internal/loopback", false},
		{"clickhouse", "fkapi", false},
		{"clickhouse", "clickhouse/clickhousetest", false},
		{"clickhouse", "base/basetest", false},
		{"clickhouse/clickhousetest", "clickhouse", true},
		{"clickhouse/clickhousetest", "base/fault", true},
		{"clickhouse/clickhousetest", "internal/golden", true},
		{"clickhouse/clickhousetest", "base/basetest", false},
		{"clickhouse/clickhousetest", "fkapi", false},
		{"clickhouse/clickhousetest", "fkapi/fkapitest", false},
		{"evidence", "clickhouse", true},
		{"evidence", "base/logs", true},
		{"evidence", "clickhouse/clickhousetest", false},
		{"evidence", "internal/cursor", true},
		{"evidence", "internal/rest", false},
		{"mcp", "base/tool", true},
		{"mcp", "clickhouse", false},
		{"mcp", "evidence", false},
		{"examples/investigate", "clickhouse/clickhousetest", true},
		{"internal/engines", "base", false},
		{".", "base", false},
	} {
		if why := forbidden(test.from, test.to); (why == "") != test.ok {
			t.Errorf("%s imports %s: allowed %v (%s), want %v", test.from, test.to, why == "", why, test.ok)
		}
	}
}
