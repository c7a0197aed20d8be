package engines

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// installTimeout allows for a download of 180 MB on a slow line.
const installTimeout = 8 * time.Minute

//go:embed scripts config
var files embed.FS

// cacheDir is where installations outlive the tests.
func cacheDir() (string, error) {
	if dir := os.Getenv("ENGINES_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder, set ENGINES_CACHE: %w", err)
	}
	return filepath.Join(dir, "fourkites-sources-engines"), nil
}

// install lays the embedded scripts into dir and lets the engine's own one install what is absent. It returns the
// path of the script and the cache folder.
func (e engine) install(dir string) (script, cache string, err error) {
	cache, err = cacheDir()
	if err != nil {
		return "", "", err
	}
	scripts := filepath.Join(dir, "scripts")
	if err := layScripts(scripts); err != nil {
		return "", "", err
	}
	script = filepath.Join(scripts, e.script)

	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	args := []string{script, "install", cache}
	if e.version != "" {
		args = append(args, e.version)
	}
	out, err := exec.CommandContext(ctx, "bash", args...).CombinedOutput()
	if err != nil {
		return "", "", fmt.Errorf("install %s: %w\n%s", e.name, err, tail(out))
	}
	return script, cache, nil
}

func layScripts(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := files.ReadDir("scripts")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		text, err := files.ReadFile("scripts/" + entry.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, entry.Name()), text, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// tail is the end of a log, where the reason stands.
func tail(text []byte) []byte {
	const most = 4 << 10
	return text[max(0, len(text)-most):]
}
