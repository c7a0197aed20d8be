package main

import (
	"io"
	"sync"

	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/command"
)

// progress also tells of the clients that a question asks. It is safe for concurrent use.
type progress struct {
	*command.Progress

	mu   sync.Mutex
	last map[string]string // outcome that was told, by client
}

func newProgress(out io.Writer) *progress {
	return &progress{Progress: command.NewProgress(out), last: map[string]string{}}
}

// source is evidence.Progress: a client is told of when it is first asked, and when what it came to changes.
func (p *progress) source(r evidence.SourceReport) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, told := p.last[r.Name]
	if r.Outcome == pending {
		if !told {
			p.last[r.Name] = ""
			p.Say("%s: asking", r.Name)
		}
		return
	}
	if r.Outcome == before {
		return
	}
	p.last[r.Name] = r.Outcome
	p.Say("%s: %s after %d ms%s", r.Name, outcomeWords(r.Outcome), r.ElapsedMS, hint(r.Hint))
}

const pending = "pending"

func hint(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}
