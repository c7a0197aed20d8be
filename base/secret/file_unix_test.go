//go:build unix

package secret_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/fourkites/sources/base/secret"
)

func TestAPipeInPlaceOfAFileIsRefusedAndNotWaitedFor(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	for _, reference := range []string{"file://" + path, "local://a"} {
		_, err := read(t.Context(), secret.Resolver{"local": secret.LocalFile(path)}, reference)
		if !errors.Is(err, secret.ErrUnresolved) || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: %v", reference, err)
		}
	}
}

func TestALocalFileThatIsSwappedWhileItIsReadIsCheckedItself(t *testing.T) {
	t.Parallel()
	own, resolver := localFile(t, `{"a": "own"}`, 0o600)
	open, _ := localFile(t, `{"a": "`+canary+`"}`, 0o644)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for next := own + ".next"; ; {
			for _, target := range []string{open, own + ".own"} {
				if os.Symlink(target, next) != nil || os.Rename(next, own) != nil {
					return
				}
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	write(t, own+".own", `{"a": "own"}`)
	for range 3000 {
		if snap, err := read(t.Context(), resolver, "local://a"); err == nil && snap.Reveal() != "own" {
			t.Error("a file that others can change was read")
			break
		}
	}
	close(stop)
	<-stopped
}
