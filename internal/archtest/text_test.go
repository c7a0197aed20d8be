package archtest

import (
	"bytes"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const mostLines = 500

// nameless are file and package names that say nothing about what is inside.
var nameless = []string{"util", "utils", "helper", "helpers", "common", "types", "misc"}

func TestNoFileIsLong(t *testing.T) {
	for _, f := range tree(t) {
		if f.lines > mostLines && !generated(f) {
			t.Errorf("%s has %d lines, at most %d: look for the second noun in it", f.path, f.lines, mostLines)
		}
	}
}

func generated(f *file) bool {
	for _, comment := range f.syntax.Comments {
		if comment.Pos() < f.syntax.Package && strings.HasPrefix(comment.Text(), "Code generated ") {
			return true
		}
	}
	return false
}

func TestFilesAndPackagesAreNamedForWhatTheyHold(t *testing.T) {
	for _, f := range tree(t) {
		name := strings.TrimSuffix(strings.TrimSuffix(path.Base(f.path), ".go"), "_test")
		if slices.Contains(nameless, name) {
			t.Errorf("%s: name the file for the noun it holds", f.path)
		}
		if slices.Contains(nameless, strings.TrimSuffix(f.syntax.Name.Name, "_test")) {
			t.Errorf("%s: name package %s for what it does", f.path, f.syntax.Name.Name)
		}
	}
}

// forbiddenText finds what must not be published: folders of one machine, hosts of package registries, credentials.
// The words are cut in two so that this file does not find itself.
var forbiddenText = regexp.MustCompile(strings.Join([]string{
	`(^|[\s"'` + "`" + `(=:])/wo` + `rk/`,
	`proxy\.go` + `lang\.org`,
	`sum\.go` + `lang\.org`,
	`registry\.np` + `mjs\.org`,
	`deb\.deb` + `ian\.org`,
	`(files\.python` + `hosted|py` + `pi)\.org`,
	`repo1?\.ma` + `ven\.(org|apache\.org)`,
	`(static|index)\.cra` + `tes\.io`,
	`AK` + `IA[0-9A-Z]{16}`,
	`gh[pousr]` + `_[A-Za-z0-9]{36}`,
	`xox[baprs]` + `-[0-9A-Za-z-]{10,}`,
	`-----BEGIN [A-Z ]*PRIVATE` + ` KEY`,
}, "|"))

func TestNoFileSpeaksOfAMachineARegistryOrACredential(t *testing.T) {
	dir := root(t)
	for _, name := range projectFiles(t, dir) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(text[:min(len(text), 8000)], 0) >= 0 {
			if !strings.Contains(name, "testdata/") {
				t.Errorf("%s is no text: a program that was built does not belong into the project", name)
			}
			continue
		}
		for number, line := range strings.Split(string(text), "\n") {
			if found := forbiddenText.FindString(line); found != "" {
				t.Errorf("%s:%d: %q does not belong into the project", name, number+1, found)
			}
		}
	}
}

func TestForbiddenTextIsFound(t *testing.T) {
	for _, text := range []string{
		"cd /wo" + "rk/main", "https://proxy.go" + "lang.org", "registry.np" + "mjs.org", "AK" + "IA0123456789ABCDEF",
		"-----BEGIN EC PRIVATE" + " KEY-----", "https://repo.ma" + "ven.apache.org/x",
	} {
		if !forbiddenText.MatchString(text) {
			t.Errorf("%q is not found", text)
		}
	}
	for _, text := range []string{"net/wo" + "rk/x", "https://pkg.go.dev", "../shared/data"} {
		if forbiddenText.MatchString(text) {
			t.Errorf("%q is taken for a forbidden text", text)
		}
	}
}

// projectFiles are the files that git tracks or would track.
func projectFiles(t *testing.T, dir string) []string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("needs git to list the files of the project")
	}
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("not a git checkout: %v", err)
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
}
