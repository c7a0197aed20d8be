package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// enginesFolder is the package that starts real servers. All of its own tests are about them.
const enginesFolder = "internal/engines"

// selection is the tests that ask for a real server, and the packages that they are in.
type selection struct {
	packages []string // as go test takes them, ./folder
	tests    []string
}

// arguments are those of go test: it runs these tests, and others of the same names in the same packages.
func (s selection) arguments() string {
	return "-run ^(" + strings.Join(s.tests, "|") + ")$ " + strings.Join(s.packages, " ")
}

// realTests finds the tests below the root that ask for a real server: those that mention package engines, or anything in
// the tests of their folder that does, by name. So it may find one too many, and none too few.
func realTests(root string) (selection, error) {
	var all selection
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if path != root && foreign(path, d.Name()) {
			return fs.SkipDir
		}
		folder, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		tests, err := testsOf(path, filepath.ToSlash(folder) == enginesFolder)
		if len(tests) > 0 {
			all.packages = append(all.packages, "./"+filepath.ToSlash(folder))
			all.tests = append(all.tests, tests...)
		}
		return err
	})
	slices.Sort(all.tests)
	all.tests = slices.Compact(all.tests)
	if err == nil && len(all.tests) == 0 {
		err = errors.New("no test asks for a real server")
	}
	return all, err
}

// foreign is a folder that go test ./... leaves out.
func foreign(path, name string) bool {
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil || name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

// declaration is something at the top of a file of tests.
type declaration struct {
	names    []string
	mentions map[string]bool
	asks     bool // for a real server
}

// testsOf are the tests in a folder that ask for a real server, or all of them.
func testsOf(folder string, every bool) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		return nil, err
	}
	var all []*declaration
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		all = append(all, declarations(file)...)
	}
	spread(all)
	var tests []string
	for _, d := range all {
		if name := d.names[0]; (d.asks || every) && isTest(name) && !recorded(name) {
			tests = append(tests, name)
		}
	}
	return tests, nil
}

func isTest(name string) bool {
	return name != "TestMain" && (strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz") || strings.HasPrefix(name, "Example"))
}

// recorded tests read documents and recorded incidents, have a run of their own, and ask for no server.
func recorded(name string) bool {
	return strings.HasPrefix(name, "TestContract") || strings.HasPrefix(name, "TestIncident")
}

// spread has everything ask that mentions what asks.
func spread(all []*declaration) {
	asking := map[string]bool{}
	for grown := true; grown; {
		grown = false
		for _, d := range all {
			for name := range d.mentions {
				d.asks = d.asks || asking[name]
			}
			for _, name := range d.names {
				if d.asks && !asking[name] {
					asking[name], grown = true, true
				}
			}
		}
	}
}

func declarations(file *ast.File) []*declaration {
	engines := enginesName(file)
	var all []*declaration
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			all = append(all, declare(engines, d, d.Name))
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					all = append(all, declare(engines, s, s.Name))
				case *ast.ValueSpec:
					all = append(all, declare(engines, s, s.Names...))
				}
			}
		}
	}
	return all
}

// enginesName is what a file calls package engines; empty where it does not import it.
func enginesName(file *ast.File) string {
	for _, s := range file.Imports {
		path, err := strconv.Unquote(s.Path.Value)
		switch {
		case err != nil || !strings.HasSuffix(path, "/"+enginesFolder):
		case s.Name != nil:
			return s.Name.Name
		default:
			return "engines"
		}
	}
	return ""
}

func declare(engines string, n ast.Node, names ...*ast.Ident) *declaration {
	d := &declaration{mentions: map[string]bool{}}
	for _, name := range names {
		d.names = append(d.names, name.Name)
	}
	ast.Inspect(n, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok && !slices.Contains(names, name) {
			d.mentions[name.Name] = true
		}
		return true
	})
	d.asks = engines != "" && d.mentions[engines]
	return d
}

// choose prints what go test has to be told to run the tests that ask for a real server.
func choose(root string) error {
	found, err := realTests(root)
	if err == nil {
		fmt.Println(found.arguments())
	}
	return err
}
