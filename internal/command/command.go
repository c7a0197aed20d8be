// Package command is what the programs of examples share: flags, exit codes, progress on stderr, and the environment.
package command

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/fourkites/sources/internal/markdown"
)

// Progress tells on stderr what is going on: one line for each thing that begins or ends. It is safe for concurrent use.
type Progress struct {
	mu    sync.Mutex
	out   io.Writer
	began time.Time
}

// NewProgress counts the time from now.
func NewProgress(out io.Writer) *Progress { return &Progress{out: out, began: time.Now()} }

// Say prints a line with the time since the start.
func (p *Progress) Say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := markdown.OneLine(fmt.Sprintf(format, args...), markdown.MostSentence)
	_, _ = fmt.Fprintf(p.out, "%5.1fs  %s\n", time.Since(p.began).Seconds(), text)
}

// Tell prints a line that stands for itself.
func (p *Progress) Tell(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprintln(p.out, text)
}

// Environment is the process's variables.
func Environment() map[string]string {
	all := map[string]string{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		all[name] = value
	}
	return all
}

// AnyOf reports whether a variable that begins so is set.
func AnyOf(env map[string]string, prefixes []string) bool {
	for name, value := range env {
		for _, prefix := range prefixes {
			if value != "" && strings.HasPrefix(name, prefix) {
				return true
			}
		}
	}
	return false
}

// WithNearest adds to the error about an unknown flag the one that was probably meant.
func WithNearest(flags *flag.FlagSet, err error) error {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return err
	}
	best, least := "", 3
	flags.VisitAll(func(f *flag.Flag) {
		if n := distance(name, f.Name); n < least {
			best, least = f.Name, n
		}
	})
	if best == "" {
		return err
	}
	return fmt.Errorf("%w; did you mean -%s?", err, best)
}

// distance is in how many letters two words differ, neighbours that changed places counting as one.
func distance(a, b string) int {
	rows := [][]int{}
	for i := range len(a) + 1 {
		rows = append(rows, make([]int, len(b)+1))
		for j := range len(b) + 1 {
			if i == 0 || j == 0 {
				rows[i][j] = i + j
				continue
			}
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
