package trino

import (
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
	in.at++
	late := -1 // rows that came before the columns
	for first := true; ; first = false {
		more, err := in.more(first, '}')
		if err != nil {
			return p, err
		}
		if !more {
			break
		}
		if err := p.field(in, t, &late); err != nil {
			return p, err
		}
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

func (p *page) field(in *input, t *table, late *int) error {
	key, err := in.plain()
	if err != nil {
		return err
	}
	if err := in.expect(':'); err != nil {
		return err
	}
	switch string(key) {
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
	_, err = in.skip()
	return err
}

func (p *page) columns(in *input, t *table) error {
	var all []wireColumn
	if err := in.decode(&all); err != nil || all == nil {
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
		var spooled spooledData
		err := in.decode(&spooled)
		p.segments, p.encoding = spooled.Segments, spooled.Encoding
		return err
	}
	p.rows, err = t.decode(in)
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
