package trino

import (
	"slices"
	"time"
)

// page is one answer of the statement protocol.
type page struct {
	id       string
	next     string // where the rest is; empty at the end
	stats    wireStats
	failure  *ServerError
	rows     int // decoded into the table
	segments []segment
	encoding string // of the segments
	seen     uint   // which of the fields came
}

// wireStats is how far the server has come.
type wireStats struct {
	State           string   `json:"state"`
	Queued          bool     `json:"queued"`
	Percent         *float64 `json:"progressPercentage"`
	Nodes           int      `json:"nodes"`
	Splits          int      `json:"totalSplits"`
	QueuedSplits    int      `json:"queuedSplits"`
	RunningSplits   int      `json:"runningSplits"`
	CompletedSplits int      `json:"completedSplits"`
	CPUMillis       int64    `json:"cpuTimeMillis"`
	QueuedMillis    int64    `json:"queuedTimeMillis"`
	ElapsedMillis   int64    `json:"elapsedTimeMillis"`
	Rows            int64    `json:"processedRows"`
	Bytes           int64    `json:"processedBytes"`
	PhysicalBytes   int64    `json:"physicalInputBytes"`
	PeakMemory      int64    `json:"peakMemoryBytes"`
}

// Progress is how far a statement has come, as the server told with its last answer.
type Progress struct {
	QueryID         string        `json:"query_id"`
	State           string        `json:"state"` // QUEUED, PLANNING, RUNNING, FINISHED, FAILED, …
	Percent         float64       `json:"percent,omitempty"`
	Nodes           int           `json:"nodes,omitempty"`
	Splits          int           `json:"splits,omitempty"`
	RunningSplits   int           `json:"running_splits,omitempty"`
	CompletedSplits int           `json:"completed_splits,omitempty"`
	RowsRead        int64         `json:"rows_read,omitempty"`
	BytesRead       int64         `json:"bytes_read,omitempty"`
	PeakMemory      int64         `json:"peak_memory,omitempty"` // bytes
	CPU             time.Duration `json:"cpu_ns,omitempty"`
	Queued          time.Duration `json:"queued_ns,omitempty"`
	Elapsed         time.Duration `json:"elapsed_ns,omitempty"`
}

func (p page) progress() Progress {
	s := p.stats
	out := Progress{
		QueryID: p.id, State: s.State, Nodes: s.Nodes, Splits: s.Splits, RunningSplits: s.RunningSplits,
		CompletedSplits: s.CompletedSplits, RowsRead: s.Rows, BytesRead: s.bytesRead(), PeakMemory: s.PeakMemory,
		CPU: millis(s.CPUMillis), Queued: millis(s.QueuedMillis), Elapsed: millis(s.ElapsedMillis),
	}
	if s.Percent != nil {
		out.Percent = *s.Percent
	}
	return out
}

func (s wireStats) bytesRead() int64 { return max(s.PhysicalBytes, s.Bytes) }

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// wireError is an error object of the protocol.
type wireError struct {
	Message  string `json:"message"`
	Code     int    `json:"errorCode"`
	Name     string `json:"errorName"`
	Type     string `json:"errorType"`
	Location *struct {
		Line   int `json:"lineNumber"`
		Column int `json:"columnNumber"`
	} `json:"errorLocation"`
}

func (e wireError) server() *ServerError {
	out := &ServerError{Code: e.Code, Name: e.Name, Type: e.Type, Message: e.Message}
	if e.Location != nil {
		out.Line, out.Column = e.Location.Line, e.Location.Column
	}
	return out
}

// parsePage reads an answer in one pass; its rows go into the table.
func parsePage(b []byte, t *table) (page, error) {
	var p page
	in := &input{b: b}
	if c := in.peek(); c != '{' {
		return p, notJSON(b)
	}
	late := -1 // rows that came before the columns
	if err := in.object(func(key string) error { return p.field(key, in, t, &late) }); err != nil {
		return p, err
	}
	if in.peek() != 0 {
		return p, malformed("something follows the answer")
	}
	if late >= 0 {
		if t.cells == nil {
			return p, malformed("rows without columns")
		}
		return p, p.data(&input{b: b, at: late}, t)
	}
	return p, nil
}

// fields are those of a page that are read. Of one that came twice, nothing would tell which counts.
var fields = []string{"id", "nextUri", "stats", "error", "columns", "data"}

func (p *page) field(key string, in *input, t *table, late *int) error {
	if i := slices.Index(fields, key); i >= 0 {
		if p.seen&(1<<i) != 0 {
			return malformed("it has the field %s twice", fields[i])
		}
		p.seen |= 1 << i
	}
	switch key {
	case "id":
		return in.decode(&p.id)
	case "nextUri":
		return in.decode(&p.next)
	case "stats":
		return in.decode(&p.stats)
	case "error":
		return p.fault(in)
	case "columns":
		if t.cells == nil {
			return p.columns(in, t)
		}
	case "data":
		if t.cells != nil {
			return p.data(in, t)
		}
		if in.peek() != 'n' {
			*late = in.at
		}
	}
	_, err := in.skip()
	return err
}

// columns are decoded one by one, so that no more of them are held than are believed.
func (p *page) columns(in *input, t *table) error {
	if none, err := in.null(); none || err != nil {
		return err
	}
	var all []wireColumn
	err := in.list(func() error {
		if len(all) == maxColumns {
			return malformed("more than %d columns; select fewer", maxColumns)
		}
		all = append(all, wireColumn{})
		return in.decode(&all[len(all)-1])
	})
	if err != nil {
		return err
	}
	return t.define(all)
}

func (p *page) fault(in *input) error {
	var e *wireError
	if err := in.decode(&e); err != nil || e == nil {
		return err
	}
	p.failure = e.server()
	return nil
}

// data is rows, or where they are.
func (p *page) data(in *input, t *table) error {
	none, err := in.null()
	if none || err != nil {
		return err
	}
	if in.peek() == '{' {
		return in.object(func(key string) error { return p.spooled(key, in) })
	}
	p.rows, err = t.decode(in)
	return err
}

// spooled is one field of the object that says where rows are.
func (p *page) spooled(key string, in *input) error {
	switch {
	case key == "encoding":
		return in.decode(&p.encoding)
	case key == "segments" && in.peek() == '[':
		return in.list(func() error {
			if len(p.segments) == maxSegments {
				return malformed("more than %d segments in one page", maxSegments)
			}
			p.segments = append(p.segments, segment{})
			return in.decode(&p.segments[len(p.segments)-1])
		})
	}
	_, err := in.skip()
	return err
}

// notJSON says what came instead of an answer.
func notJSON(b []byte) error {
	start := &input{b: b}
	switch start.peek() {
	case 0:
		return malformed("it is empty")
	case '<':
		return malformed("it is a page of HTML or XML, as a login page or a proxy gives")
	}
	return malformed("%s is no JSON object", told(b[start.at:]))
}
