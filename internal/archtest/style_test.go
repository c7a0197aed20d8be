package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"
)

func TestTestsWaitForEventsAndNeverSleep(t *testing.T) {
	for _, f := range tree(t) {
		if !f.test {
			continue
		}
		for _, call := range realSleeps(f.syntax) {
			t.Errorf("%s:%d: time.Sleep on the real clock; use testing/synctest, a channel, or a ticker with a deadline",
				f.path, f.line(call.Pos()))
		}
	}
}

func TestLibrariesNeverPrintExitOrRegister(t *testing.T) {
	for _, f := range tree(t) {
		if f.test || f.program() || within(f.room, "examples") || f.room == "internal/engines" {
			continue
		}
		for _, found := range sideEffects(f.syntax) {
			t.Errorf("%s:%d: %s in a library", f.path, f.line(found.pos), found.what)
		}
	}
}

// realSleeps finds time.Sleep outside of synctest.Test, inside of which the clock is not real.
func realSleeps(syntax *ast.File) []*ast.CallExpr {
	var found []*ast.CallExpr
	ast.Inspect(syntax, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch callee(call) {
		case "synctest.Test":
			return false
		case "time.Sleep":
			found = append(found, call)
		}
		return true
	})
	return found
}

type effect struct {
	pos  token.Pos
	what string
}

var effects = []string{
	"fmt.Print", "fmt.Printf", "fmt.Println", "print", "println", "os.Exit",
	"log.Print", "log.Printf", "log.Println", "log.Fatal", "log.Fatalf", "log.Fatalln", "log.Panic", "log.Panicf", "log.Panicln",
	"slog.Debug", "slog.Info", "slog.Warn", "slog.Error", "slog.SetDefault",
}

// sideEffects finds what a library does to its program unasked: printing, logging to a global logger, ending the
// process, and init.
func sideEffects(syntax *ast.File) []effect {
	var found []effect
	ast.Inspect(syntax, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" {
				found = append(found, effect{n.Pos(), "func init"})
			}
		case *ast.CallExpr:
			if name := callee(n); slices.Contains(effects, name) {
				found = append(found, effect{n.Pos(), name})
			}
		}
		return true
	})
	return found
}

// callee is the called function as written: "time.Sleep", "println".
func callee(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name + "." + f.Sel.Name
		}
	}
	return ""
}

func parseText(name, text string) (*file, error) {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &file{path: name, room: ".", syntax: syntax, fset: fset}, nil
}

func TestSleepsAndSideEffectsAreFound(t *testing.T) {
	syntax := parse(t, `package p

func init() { fmt.Println("x") }

func (s) init() {}

func f() {
	println("y")
	time.Sleep(1)
	synctest.Test(t, func(t *testing.T) { time.Sleep(1) })
	os.Exit(1)
	fmt.Fprintln(w, "allowed")
}
`)
	if got := len(realSleeps(syntax)); got != 1 {
		t.Errorf("%d sleeps found, want 1", got)
	}
	var names []string
	for _, found := range sideEffects(syntax) {
		names = append(names, found.what)
	}
	if want := []string{"func init", "fmt.Println", "println", "os.Exit"}; !slices.Equal(names, want) {
		t.Errorf("found %v, want %v", names, want)
	}
}
