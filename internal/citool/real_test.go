package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree writes files, by their paths, below a new folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestEveryTestThatAsksForARealServerIsChosen(t *testing.T) {
	t.Parallel()
	const imports = "import (\n\"testing\"\n\"example.com/m/internal/engines\"\n)\n"
	root := tree(t, map[string]string{
		"go.mod": "module example.com/m\n",
		"a/direct_test.go": "package a_test\n" + imports + `
func TestMain(m *testing.M) { engines.Main(m) }
func TestDirect(t *testing.T) { engines.Shared(t) }
func TestAlone(t *testing.T) {}
type store struct{ server *engines.Server }
func (s store) Ask(t *testing.T) {}
var servers = map[string]func(testing.TB) *engines.Server{"new": engines.Shared}
func open(t *testing.T) { engines.Shared(t) }
`,
		"a/other_test.go": `package a_test
import "testing"
func TestByAFunction(t *testing.T) { twice(t) }
func twice(t *testing.T) { open(t) }
func TestByATable(t *testing.T) { for range servers {} }
func TestByAMethod(t *testing.T) { var x interface{ Ask(*testing.T) }; x.Ask(t) }
func TestIncidentIsFound(t *testing.T) { var x interface{ Ask(*testing.T) }; x.Ask(t) }
func TestOfNothing(t *testing.T) {}
	func FuzzIt(f *testing.F) { f.Fuzz(func(t *testing.T, _ string) { open(t) }) }
`,
		"b/named_test.go":                "package b\nimport (\n\"testing\"\nreal \"example.com/m/internal/engines\"\n)\nfunc TestNamed(t *testing.T) { real.Shared(t) }\n",
		"c/none_test.go":                 "package c\nimport \"testing\"\nfunc TestPlain(t *testing.T) {}\n",
		"internal/engines/own_test.go":   "package engines\nimport \"testing\"\nfunc TestOwn(t *testing.T) {}\n",
		"bench/go.mod":                   "module example.com/bench\n",
		"bench/far_test.go":              "package bench\n" + imports + "func TestOfAnotherModule(t *testing.T) { engines.Shared(t) }\n",
		"a/testdata/not_built_test.go":   "package x\n" + imports + "func TestNotBuilt(t *testing.T) { engines.Shared(t) }\n",
		".tools/x/not_a_package_test.go": "this is no Go\n",
	})
	got, err := realTests(root)
	want := selection{
		packages: []string{"./a", "./b", "./internal/engines"},
		tests:    []string{"FuzzIt", "TestByAFunction", "TestByAMethod", "TestByATable", "TestDirect", "TestNamed", "TestOwn"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(selection{})); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if args := got.arguments(); !strings.HasPrefix(args, "-run ^(FuzzIt|") || !strings.HasSuffix(args, "|TestOwn)$ ./a ./b ./internal/engines") {
		t.Error(args)
	}
}

func TestNoTestOfARealServerIsAnError(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"none asks":      "package c\nimport \"testing\"\nfunc TestPlain(t *testing.T) {}\n",
		"it is not read": "package c\nfunc (\n",
	} {
		if found, err := realTests(tree(t, map[string]string{"c/c_test.go": text})); err == nil {
			t.Errorf("%s: %+v", name, found)
		}
	}
}
