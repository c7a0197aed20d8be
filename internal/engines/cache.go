package engines

import (
	"os"
	"path/filepath"
	"testing"
)

// Cache returns the folder of that name in which installations outlive the tests, and makes it. The test is skipped where
// one that asks for a server would be.
func Cache(t testing.TB, name string) string {
	t.Helper()
	require(t)
	dir, err := cacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
