package evidence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
)

// maxAsked is how many questions of one inquiry run at a time.
const maxAsked = 8

// inquiry asks several clients side by side and keeps the account: one row per client, what could not be seen, and the
// evidence that was found. A failure, even a panic, of one client never reaches another. It is safe for concurrent use;
// report is called after wait.
//
// Ids of evidence are as stable as the order of the calls of add: add from one goroutine, after wait.
type inquiry struct {
	window   base.Window // what the report is about: rows tell what of it was covered. Zero = everything counts.
	progress Progress
	permits  chan struct{}
	running  sync.WaitGroup
	telling  sync.Mutex // held while progress is told, so that it hears things in their order

	mu      sync.Mutex
	asked   int // questions so far; their numbers order what was not seen
	rows    []*sourceRow
	gaps    []gap
	items   []Item
	known   map[itemKey]string
	counted map[ItemType]int
}

// gap is something that could not be looked at.
type gap struct {
	question int // in whose course it was found
	text     string
}

// itemKey tells whether two items are the same piece of evidence.
type itemKey struct {
	source, service, summary string
	kind                     ItemType
	at                       int64
	ref                      Ref
}

// newInquiry begins an account. The window may be zero, progress nil.
func newInquiry(window base.Window, progress Progress) *inquiry {
	return &inquiry{
		window: window, progress: progress, permits: make(chan struct{}, maxAsked),
		known: map[itemKey]string{}, counted: map[ItemType]int{},
	}
}

// start asks the client a question in a goroutine of its own; about names it for a reader, as in "logs of load 7". run
// gives how many things were found; what it found, it leaves where its owner looks after wait. A permit is waited for
// inside of the goroutine, so a question may start others, but must not wait for them.
func (q *inquiry) start(ctx context.Context, client, about string, run func(context.Context) (int, error)) {
	row, number := q.open(client)
	q.running.Go(func() { _ = q.answer(ctx, row, number, about, run) })
}

// ask is start and wait for that one question. It gives the error of run; a panic is an internal error.
func (q *inquiry) ask(ctx context.Context, client, about string, run func(context.Context) (int, error)) error {
	row, number := q.open(client)
	return q.answer(ctx, row, number, about, run)
}

// about sets the window that the report is about, where it was not known at first.
func (q *inquiry) about(window base.Window) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.window = window
}

// wait returns when every question that was started has ended.
func (q *inquiry) wait() { q.running.Wait() }

// skip notes that a client was not asked. A client that was asked otherwise keeps the outcome of that.
func (q *inquiry) skip(client, why string) {
	q.mu.Lock()
	row := q.row(client)
	row.note(why)
	q.mu.Unlock()
	q.tell(row)
}

// lack is skip for a source that there is no client of: what stays unseen without it is said.
func (q *inquiry) lack(role, unseen string) {
	q.skip(role, "no client was given")
	q.unseen("%s: %s: no client was given", role, unseen)
}

// unseen notes something that was not looked at. The same words count once.
func (q *inquiry) unseen(format string, args ...any) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.gap(q.asked, fmt.Sprintf(format, args...))
}

func (q *inquiry) gap(question int, text string) {
	if !slices.ContainsFunc(q.gaps, func(g gap) bool { return g.text == text }) {
		q.gaps = append(q.gaps, gap{question, text})
	}
}

// add keeps a piece of evidence and gives its id, such as "log-3". The same piece keeps its first id.
func (q *inquiry) add(item Item) string {
	if !item.Time.IsZero() {
		item.Time = item.Time.UTC()
	}
	key := itemKey{item.Source, item.Service, item.Summary, item.Type, item.Time.UnixNano(), item.Ref}
	q.mu.Lock()
	defer q.mu.Unlock()
	if id, ok := q.known[key]; ok {
		return id
	}
	q.counted[item.Type]++
	item.ID = fmt.Sprintf("%s-%d", item.Type, q.counted[item.Type])
	q.known[key] = item.ID
	q.items = append(q.items, item)
	return item.ID
}

// report writes the account into a report: its evidence, sources, and what was not seen. Lists are never nil.
func (q *inquiry) report(r *Report) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r.Evidence = append([]Item{}, q.items...)
	r.Sources = []SourceReport{}
	for _, row := range q.rows {
		r.Sources = append(r.Sources, row.report(q.window))
	}
	gaps := slices.Clone(q.gaps)
	slices.SortStableFunc(gaps, func(a, b gap) int { return a.question - b.question })
	r.NotSeen = []string{}
	for _, g := range gaps {
		r.NotSeen = append(r.NotSeen, g.text)
	}
}

// row is the row of a client, made when it is first named. The caller holds mu.
func (q *inquiry) row(client string) *sourceRow {
	for _, row := range q.rows {
		if row.name == client {
			return row
		}
	}
	row := &sourceRow{name: client}
	q.rows = append(q.rows, row)
	return row
}

func (q *inquiry) open(client string) (*sourceRow, int) {
	q.mu.Lock()
	row := q.row(client)
	first := row.asked == 0
	row.asked++
	q.asked++
	number := q.asked
	q.mu.Unlock()
	if first {
		q.tell(row)
	}
	return row, number
}

func (q *inquiry) answer(ctx context.Context, row *sourceRow, number int, about string, run func(context.Context) (int, error)) error {
	var stats base.Stats
	n, err := 0, q.permit(ctx)
	if err == nil {
		q.mu.Lock()
		row.enter(time.Now())
		q.mu.Unlock()
		n, err = guarded(base.WithStats(ctx, &stats), run)
		<-q.permits
		q.mu.Lock()
		row.leave(time.Now())
		q.mu.Unlock()
	}
	q.mu.Lock()
	row.close(outcomeOf(n, err), stats, err)
	if missing := missingOf(err); missing != "" {
		q.gap(number, fmt.Sprintf("%s: %s: %s", row.name, about, missing))
	}
	q.mu.Unlock()
	q.tell(row)
	return err
}

func (q *inquiry) permit(ctx context.Context) error {
	select {
	case q.permits <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (q *inquiry) tell(row *sourceRow) {
	if q.progress == nil {
		return
	}
	q.telling.Lock()
	defer q.telling.Unlock()
	q.mu.Lock()
	now := row.report(q.window)
	q.mu.Unlock()
	q.progress(now)
}

// guarded turns a panic of run into an error.
func guarded(ctx context.Context, run func(context.Context) (int, error)) (n int, err error) {
	defer func() {
		if value := recover(); value != nil {
			n, err = 0, base.NewError(base.KindInternal, nil).WithText(fmt.Sprintf("the client panicked: %v", value))
		}
	}()
	return run(ctx)
}

// unknownError says that a source does not know the one thing that it was asked for: an answer, which leaves nothing
// unseen. base.ErrNotFound alone does not say so, for it may be a table that is not there.
type unknownError struct{ error }

// Unwrap gives what the source said.
func (e unknownError) Unwrap() error { return e.error }

// one is what a question for one thing gives to its inquiry.
func one(err error) (int, error) {
	switch {
	case err == nil:
		return 1, nil
	case base.KindOf(err) == base.KindNotFound:
		return 0, unknownError{err}
	}
	return 0, err
}

// outcomeOf is base.OutcomeOf, where not to know the thing is an answer.
func outcomeOf(n int, err error) base.Outcome {
	if _, unknown := errors.AsType[unknownError](err); unknown {
		return base.NoData
	}
	return base.OutcomeOf(n, err)
}

// missingOf says what an error leaves unseen.
func missingOf(err error) string {
	if _, unknown := errors.AsType[unknownError](err); unknown || err == nil {
		return ""
	}
	if e, ok := errors.AsType[*base.IncompleteError](err); ok {
		text := fmt.Sprintf("%s after %d: %s", e.Outcome, e.Seen, e.Missing)
		if cause := e.Unwrap(); cause != nil {
			text += ": " + oneLine(cause.Error())
		}
		return text
	}
	return oneLine(err.Error())
}
