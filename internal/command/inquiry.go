package command

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/markdown"
)

// Asked is how one question to one source went.
type Asked struct {
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

// Retried is how many attempts were not the first of their call.
func (a Asked) Retried() int { return max(0, a.Attempts-a.Calls) }

// Whole reports whether the answer is all that the source has.
func (a Asked) Whole() bool {
	return a.Outcome == base.Data.String() || a.Outcome == base.NoData.String()
}

// Skipped is the outcome of a question that nobody could be asked.
const Skipped = "skipped"

// Inquiry asks questions side by side and keeps the account of them. Make it with NewInquiry. Its rows stand in the order in which the questions
// were asked. It is safe for concurrent use.
type Inquiry struct {
	progress *Progress
	running  sync.WaitGroup

	mu      sync.Mutex
	rows    []*Asked
	notSeen []string
}

// NewInquiry makes one that tells on p what comes back.
func NewInquiry(p *Progress) *Inquiry { return &Inquiry{progress: p} }

// Start asks in a goroutine of its own. run gives how many things it found; it leaves them where its owner looks after
// Wait.
func (q *Inquiry) Start(ctx context.Context, source, question string, run func(context.Context) (int, error)) {
	row := &Asked{Source: source, Question: question}
	q.Add(row)
	q.running.Go(func() {
		var stats base.Stats
		began := time.Now()
		n, err := run(base.WithStats(ctx, &stats))
		q.end(row, n, time.Since(began), stats, err)
	})
}

// Wait returns when every question has its answer.
func (q *Inquiry) Wait() { q.running.Wait() }

// Say tells of the progress.
func (q *Inquiry) Say(format string, args ...any) { q.progress.Say(format, args...) }

// Add takes a row over.
func (q *Inquiry) Add(row *Asked) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rows = append(q.rows, row)
}

func (q *Inquiry) end(row *Asked, n int, took time.Duration, stats base.Stats, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	row.Found, row.ElapsedMS, row.Calls, row.Attempts, row.Age = n, took.Milliseconds(), stats.Calls, stats.Attempts, stats.Age
	row.Outcome = base.OutcomeOf(n, err).String()
	if err != nil {
		row.Reason = markdown.OneLine(err.Error(), markdown.MostSentence)
		q.lack("%s: %s: %s", row.Source, row.Question, row.Reason)
	}
	q.Say("%s: %s: %s, %d found, after %d ms", row.Source, row.Question, row.Outcome, n, row.ElapsedMS)
}

// Skip notes questions that nobody can be asked.
func (q *Inquiry) Skip(source, why string, questions ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, question := range questions {
		q.rows = append(q.rows, &Asked{Source: source, Question: question, Outcome: Skipped, Reason: why})
		q.lack("%s: %s: not asked: %s", source, question, why)
	}
}

// Unseen notes something that was not looked at.
func (q *Inquiry) Unseen(format string, args ...any) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lack(format, args...)
}

// lack is Unseen for who holds mu. The same words count once.
func (q *Inquiry) lack(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(q.notSeen, text) {
		q.notSeen = append(q.notSeen, text)
	}
}

// Account is what was asked, and what was not seen.
func (q *Inquiry) Account() ([]Asked, []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := make([]Asked, 0, len(q.rows))
	for _, row := range q.rows {
		all = append(all, *row)
	}
	return all, append([]string{}, q.notSeen...)
}
