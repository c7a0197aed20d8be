package archtest

import (
	"go/ast"
	"slices"
	"testing"
)

func TestEveryExportIsDocumented(t *testing.T) {
	for _, f := range tree(t) {
		if f.test || f.program() {
			continue
		}
		for _, bare := range undocumented(f.syntax) {
			t.Errorf("%s:%d: %s has no doc comment", f.path, f.line(bare.Pos()), bare.Name)
		}
	}
}

func TestEveryPackageIsDocumentedOnce(t *testing.T) {
	documented := map[string][]string{}
	for _, f := range tree(t) {
		if f.test {
			continue
		}
		if _, seen := documented[f.room]; !seen {
			documented[f.room] = nil
		}
		if f.syntax.Doc != nil {
			documented[f.room] = append(documented[f.room], f.path)
		}
	}
	for room, files := range documented {
		if len(files) != 1 {
			t.Errorf("%s: package comment in %d files %v, want one", room, len(files), files)
		}
	}
}

// undocumented returns the exported names of a file that no comment explains.
func undocumented(syntax *ast.File) []*ast.Ident {
	var bare []*ast.Ident
	for _, declaration := range syntax.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && d.Name.IsExported() && receiverIsExported(d) {
				bare = append(bare, d.Name)
			}
		case *ast.GenDecl:
			bare = append(bare, undocumentedIn(d)...)
		}
	}
	return bare
}

// undocumentedIn looks into a group: the comment of the group speaks for its constants and variables, not for types.
func undocumentedIn(group *ast.GenDecl) []*ast.Ident {
	var bare []*ast.Ident
	for _, spec := range group.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			alone := group.Doc != nil && !group.Lparen.IsValid()
			if s.Name.IsExported() && s.Doc == nil && !alone {
				bare = append(bare, s.Name)
			}
		case *ast.ValueSpec:
			if group.Doc != nil || s.Doc != nil || s.Comment != nil {
				continue
			}
			for _, name := range s.Names {
				if name.IsExported() {
					bare = append(bare, name)
				}
			}
		}
	}
	return bare
}

// receiverIsExported reports whether a function is seen from outside: no receiver, or one of an exported type.
func receiverIsExported(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	receiver := d.Recv.List[0].Type
	for {
		switch r := receiver.(type) {
		case *ast.StarExpr:
			receiver = r.X
		case *ast.IndexExpr:
			receiver = r.X
		case *ast.IndexListExpr:
			receiver = r.X
		case *ast.Ident:
			return r.IsExported()
		default:
			return true
		}
	}
}

func TestUndocumentedExportsAreFound(t *testing.T) {
	const text = `package p

func Bare() {}

// Told does.
func Told() {}

type (
	Hidden struct{}
	// Seen is.
	Seen struct{}
)

// Alone is.
type Alone[T any] struct{}

func (Alone[T]) Method() {}

func (*Alone[T]) private() {}

type quiet struct{}

func (quiet) Method2() {}

// The group speaks.
const (
	A = 1
	B = 2
)

var C, d = 1, 2
var E = 3 // explained
`
	syntax := parse(t, text)
	var names []string
	for _, bare := range undocumented(syntax) {
		names = append(names, bare.Name)
	}
	if want := []string{"Bare", "Hidden", "Method", "C"}; !slices.Equal(names, want) {
		t.Errorf("found %v, want %v", names, want)
	}
}

func parse(t *testing.T, text string) *ast.File {
	t.Helper()
	f, err := parseText("p.go", text)
	if err != nil {
		t.Fatal(err)
	}
	return f.syntax
}
