package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/internal/markdown"
)

// asked is how one question to one source went.
type asked struct {
	Source    string        `json:"source"`
	Question  string        `json:"question"`
	Outcome   string        `json:"outcome"` // a base.Outcome in one word, or "skipped"
	Found     int           `json:"found"`
	ElapsedMS int64         `json:"elapsed_ms"`
	Calls     int           `json:"calls"`
	Attempts  int           `json:"attempts"` // of all calls; what is more than Calls are retries
	Age       time.Duration `json:"age_ns,omitempty"`
	Reason    string        `json:"reason,omitempty"` // why it is not all
}

// retried is how many attempts were not the first of their call.
func (a asked) retried() int { return max(0, a.Attempts-a.Calls) }

// whole reports whether the answer is all that the source has.
func (a asked) whole() bool {
	return a.Outcome == base.Data.String() || a.Outcome == base.NoData.String()
}

const skipped = "skipped"

// inquiry asks questions side by side and keeps the account of them. Its rows stand in the order in which the questions
// were asked. It is safe for concurrent use.
type inquiry struct {
	progress *command.Progress
	running  sync.WaitGroup

	mu      sync.Mutex
	rows    []*asked
	notSeen []string
}

// start asks in a goroutine of its own. run gives how many things it found; it leaves them where its owner looks after
// wait.
func (q *inquiry) start(ctx context.Context, source, question string, run func(context.Context) (int, error)) {
	row := &asked{Source: source, Question: question}
	q.add(row)
	q.running.Go(func() {
		var stats base.Stats
		began := time.Now()
		n, err := run(base.WithStats(ctx, &stats))
		q.end(row, n, time.Since(began), stats, err)
	})
}

func (q *inquiry) wait() { q.running.Wait() }

func (q *inquiry) add(row *asked) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rows = append(q.rows, row)
}

func (q *inquiry) end(row *asked, n int, took time.Duration, stats base.Stats, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	row.Found, row.ElapsedMS, row.Calls, row.Attempts, row.Age = n, took.Milliseconds(), stats.Calls, stats.Attempts, stats.Age
	row.Outcome = base.OutcomeOf(n, err).String()
	if err != nil {
		row.Reason = markdown.OneLine(err.Error(), markdown.MostSentence)
		q.lack("%s: %s: %s", row.Source, row.Question, row.Reason)
	}
	q.progress.Say("%s: %s: %s, %d found, after %d ms", row.Source, row.Question, row.Outcome, n, row.ElapsedMS)
}

// skip notes questions that nobody can be asked.
func (q *inquiry) skip(source, why string, questions ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, question := range questions {
		q.rows = append(q.rows, &asked{Source: source, Question: question, Outcome: skipped, Reason: why})
		q.lack("%s: %s: not asked: %s", source, question, why)
	}
}

// unseen notes something that was not looked at.
func (q *inquiry) unseen(format string, args ...any) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lack(format, args...)
}

// lack is unseen for who holds mu. The same words count once.
func (q *inquiry) lack(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(q.notSeen, text) {
		q.notSeen = append(q.notSeen, text)
	}
}

// account is what was asked, and what was not seen.
func (q *inquiry) account() ([]asked, []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := make([]asked, 0, len(q.rows))
	for _, row := range q.rows {
		all = append(all, *row)
	}
	return all, append([]string{}, q.notSeen...)
}
