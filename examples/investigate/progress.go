package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/fourkites/sources/evidence"
)

// progress tells on stderr what is going on: one line for each thing that begins or ends. It is safe for concurrent use.
type progress struct {
	mu    sync.Mutex
	out   io.Writer
	began time.Time
	last  map[string]string // outcome that was told, by client
}

func newProgress(out io.Writer) *progress {
	return &progress{out: out, began: time.Now(), last: map[string]string{}}
}

// say prints a line with the time since the start.
func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line(format, args...)
}

// tell prints a line that stands for itself.
func (p *progress) tell(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprintln(p.out, text)
}

func (p *progress) line(format string, args ...any) {
	_, _ = fmt.Fprintf(p.out, "%5.1fs  %s\n", time.Since(p.began).Seconds(), oneLine(fmt.Sprintf(format, args...), mostSentence))
}

// source is evidence.Progress: a client is told of when it is first asked, and when what it came to changes.
func (p *progress) source(r evidence.SourceReport) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, told := p.last[r.Name]
	if r.Outcome == pending {
		if !told {
			p.last[r.Name] = ""
			p.line("%s: asking", r.Name)
		}
		return
	}
	if r.Outcome == before {
		return
	}
	p.last[r.Name] = r.Outcome
	p.line("%s: %s after %d ms%s", r.Name, outcomeWords(r.Outcome), r.ElapsedMS, hint(r.Hint))
}

const pending = "pending"

func hint(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}
