package archtest

import (
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the lists of third-party modules in testdata anew")

// listed is what go list tells about a package.
type listed struct {
	ImportPath string
	Deps       []string
	DepOnly    bool
	Module     *struct {
		Path string
		Main bool
	}
}

// A user who imports one source must not compile the drivers of another: the third-party modules behind each public
// package are listed in testdata, and a new one has to be written there by hand or with -update.
func TestPackagesPullOnlyTheModulesOfTheirList(t *testing.T) {
	packages := public(listPackages(t))
	if *update {
		writeLists(t, packages)
	}
	onlyInStores(t, packages)
	var known []string
	for name, modules := range packages {
		known = append(known, listPath(name))
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(listPath(name))
			if err != nil {
				t.Fatalf("%v; go test ./internal/archtest -update writes it", err)
			}
			want := strings.Fields(string(text))
			for _, module := range modules {
				if !slices.Contains(want, module) {
					t.Errorf("pulls %s, which is not in %s", module, listPath(name))
				}
			}
			for _, module := range want {
				if !slices.Contains(modules, module) {
					t.Errorf("no longer pulls %s: take it out of %s", module, listPath(name))
				}
			}
		})
	}
	for _, path := range lists(t) {
		if !slices.Contains(known, path) {
			t.Errorf("%s belongs to no package", path)
		}
	}
}

// stores are the SDKs of the stores of secrets. A list that is written anew must not let one into a source.
var stores = []string{"github.com/aws/aws-sdk-go-v2/service/secretsmanager", "github.com/hashicorp/vault"}

func onlyInStores(t *testing.T, packages map[string][]string) {
	t.Helper()
	for name, modules := range packages {
		for _, module := range modules {
			if storeOf(name) == "" && slices.ContainsFunc(stores, func(sdk string) bool { return within(module, sdk) }) {
				t.Errorf("%s pulls %s, which belongs to a store of secrets alone", name, module)
			}
		}
	}
}

// listPackages returns the packages of the module with the third-party modules behind each.
func listPackages(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-json=ImportPath,Deps,DepOnly,Module", "./...")
	cmd.Dir = root(t)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, problems.String())
	}
	owner, all := map[string]string{}, []listed{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && !p.Module.Main {
			owner[p.ImportPath] = p.Module.Path
		}
		all = append(all, p)
	}
	packages := map[string][]string{}
	for _, p := range all {
		if p.DepOnly {
			continue
		}
		name, ours := room(p.ImportPath)
		if !ours {
			continue
		}
		packages[name] = thirdParty(p.Deps, owner)
	}
	return packages
}

func thirdParty(deps []string, owner map[string]string) []string {
	modules := []string{}
	for _, dep := range deps {
		if path, ok := owner[dep]; ok {
			modules = append(modules, path)
		}
	}
	slices.Sort(modules)
	return slices.Compact(modules)
}

// public keeps the packages that a user can import.
func public(packages map[string][]string) map[string][]string {
	kept := map[string][]string{}
	for name, modules := range packages {
		if !within(name, "internal") && !within(name, "examples") {
			kept[name] = modules
		}
	}
	return kept
}

func listPath(name string) string {
	if name == "." {
		name = "sources"
	}
	return filepath.Join("testdata", strings.ReplaceAll(name, "/", "_")+".golden")
}

func lists(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "*.golden"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func writeLists(t *testing.T, packages map[string][]string) {
	t.Helper()
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range lists(t) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for name, modules := range packages {
		text := strings.Join(modules, "\n")
		if text != "" {
			text += "\n"
		}
		if err := os.WriteFile(listPath(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
