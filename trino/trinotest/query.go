package trinotest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base/fault"
)

// The states of a query, in the server's words.
const (
	stateQueued   = "QUEUED"
	stateRunning  = "RUNNING"
	stateFinished = "FINISHED"
	stateFailed   = "FAILED"
)

// query is one statement from its arrival to its end.
type query struct {
	id       string
	slug     string
	request  Request
	began    time.Time
	reply    Reply
	pages    []json.RawMessage // rows, as the data of each page
	counts   []int             // rows of each page
	segments []json.RawMessage // instead of pages
	failure  *Error            // after the pages
	fault    *fault.Fault      // of the first page with rows
	struck   bool              // by it
	state    string
	over     chan struct{} // closed when the query was cancelled
}

func (s *Server) newQuery(req Request) *query {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	q := &query{
		id:   fmt.Sprintf("%s_%05d_fake1", req.At.UTC().Format("20060102_150405"), s.number),
		slug: fmt.Sprintf("y%08x", s.number*2654435761%(1<<32)), request: req, began: req.At, state: stateQueued,
		over: make(chan struct{}),
	}
	s.queries[q.id] = q
	s.history = append(s.history, q)
	return q
}

// failing is a query for the sake of a fault.
func (s *Server) failing(req Request) *query {
	return &query{id: "20250101_000000_00000_fault", slug: "y0", request: req, state: stateQueued, over: make(chan struct{})}
}

// run answers a statement before its first page is asked for.
func (s *Server) run(req Request) *query {
	q := s.newQuery(req)
	reply := s.answer(req)
	s.mu.Lock()
	defer s.mu.Unlock()
	q.reply, q.failure = reply, reply.Err
	q.pages, q.counts = reply.render(s.pageRows)
	if s.storage != nil && strings.Contains(req.Header.Get("X-Trino-Query-Data-Encoding"), "json") && len(q.pages) > 0 {
		q.segments = s.spool(q, req.Header.Get("X-Trino-Query-Data-Encoding"))
	}
	return q
}

// begun is the answer to a statement.
func (s *Server) begun(q *query) answer {
	return jsonAnswer(map[string]any{
		"id": q.id, "infoUri": s.base(q.request.Host) + "/ui/query.html?" + q.id, "nextUri": s.link(q, q.request.Host, "queued", 1),
		"stats": q.stats(stateQueued), "warnings": []any{},
	})
}

func (s *Server) link(q *query, host, phase string, token int) string {
	return fmt.Sprintf("%s/v1/statement/%s/%s/%s/%d", s.base(host), phase, q.id, q.slug, token)
}

// base is what links are made with: the host is the one that the request was addressed to, as at the real server.
func (s *Server) base(host string) string {
	if s.authority != nil || s.ahead {
		return "https://" + host
	}
	return "http://" + host
}

func (q *query) stats(state string) map[string]any {
	n := int64(0)
	for _, c := range q.counts {
		n += int64(c)
	}
	return map[string]any{
		"state": state, "queued": state == stateQueued, "scheduled": state != stateQueued, "progressPercentage": 50.0,
		"nodes": 1, "totalSplits": 2, "queuedSplits": 0, "runningSplits": 1, "completedSplits": 1, "cpuTimeMillis": 3,
		"queuedTimeMillis": 1, "elapsedTimeMillis": 5, "processedRows": n, "processedBytes": n * 8, "physicalInputBytes": n * 9,
		"peakMemoryBytes": 1 << 20,
	}
}

// linked finds the query of a link.
func (s *Server) linked(parts []string) (q *query, token int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, known := s.queries[parts[3]]
	token, err := strconv.Atoi(parts[5])
	return q, token, known && err == nil && token >= 0 && q.slug == parts[4]
}

// delayed waits as the reply says; false when the client went away.
func (s *Server) delayed(q *query, token int, r *http.Request) bool {
	wait := q.reply.Pause
	if strings.Contains(r.URL.Path, "/queued/") {
		if wait = 0; token == 1 {
			wait = q.reply.Delay
		}
		if token > q.reply.Queued { // with the first rows
			wait += q.reply.Pause
		}
	}
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-q.over:
		return true
	case <-r.Context().Done():
	}
	return false
}

// page is the answer to a link. Tokens count the polls of the queue first, then the pages.
func (s *Server) page(q *query, token int, r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]any{"id": q.id, "infoUri": s.base(r.Host) + "/ui/query.html?" + q.id, "warnings": []any{}}
	queued := strings.Contains(r.URL.Path, "/queued/")
	switch {
	case q.state == stateFailed:
		return failed(out, q)
	case queued && token <= q.reply.Queued:
		out["nextUri"], out["stats"] = s.link(q, r.Host, "queued", token+1), q.stats(stateQueued)
		return jsonAnswer(out)
	case queued:
		token = 0
	}
	q.state = stateRunning
	if len(q.reply.Columns) > 0 {
		out["columns"] = q.reply.columns()
	}
	last := len(q.pages)
	if q.segments != nil {
		last = len(q.segments)
	}
	if token >= last {
		if q.failure != nil {
			q.state = stateFailed
			return failed(out, q)
		}
		q.state = stateFinished
		out["stats"] = q.stats(stateFinished)
		return jsonAnswer(out)
	}
	out["nextUri"], out["stats"] = s.link(q, r.Host, "executing", token+1), q.stats(stateRunning)
	if q.segments != nil {
		out["data"] = q.segments[token]
	} else {
		out["data"] = q.pages[token]
	}
	return joined(out)
}

func failed(out map[string]any, q *query) answer {
	e := q.failure
	if e == nil {
		e = &Error{65536, "GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR", "the query failed"}
	}
	out["stats"] = q.stats(stateFailed)
	out["error"] = map[string]any{
		"message": e.Message, "errorCode": e.Code, "errorName": e.Name, "errorType": e.Type,
		"failureInfo": map[string]any{"type": "io.trino.spi.TrinoException", "message": e.Message, "stack": []string{}},
	}
	return jsonAnswer(out)
}

// joined writes an answer around rows that are rendered already.
func joined(out map[string]any) answer {
	data, _ := out["data"].(json.RawMessage)
	delete(out, "data")
	a := jsonAnswer(out)
	body := make([]byte, 0, len(a.Body)+len(data)+8)
	body = append(body, a.Body[:len(a.Body)-1]...)
	body = append(body, `,"data":`...)
	body = append(body, data...)
	a.Body = append(body, '}')
	return a
}

// struck is the fault that strikes this page: once, or each time while a plan lasts.
func (s *Server) struck(q *query, token int) *fault.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := q.fault
	if f == nil || q.struck && s.http.Faults.Left() >= 0 {
		return nil
	}
	if f.Kind == fault.KindError {
		if f.After > 0 && token < f.After/max(1, s.pageRows) {
			return nil
		}
		q.state = stateFailed
	}
	q.struck = true
	return f
}

// spool makes the segments: the first page inline, the others in storage.
func (s *Server) spool(q *query, offered string) []json.RawMessage {
	encoding := "json"
	if strings.Contains(offered, "json+zstd") {
		encoding = "json+zstd"
	}
	var all []json.RawMessage
	offset := 0
	for i, page := range q.pages {
		body, metadata := []byte(page), map[string]any{"rowOffset": offset, "rowsCount": q.counts[i]}
		offset += q.counts[i]
		if encoding == "json+zstd" && i > 0 {
			metadata["uncompressedSize"] = len(body)
			body = compress("zstd", body)
		}
		metadata["segmentSize"] = len(body)
		segment := map[string]any{"type": "inline", "data": base64.StdEncoding.EncodeToString(body), "metadata": metadata}
		if i > 0 {
			id := s.storage.put(body)
			segment = map[string]any{
				"type": "spooled", "uri": s.storage.http.URL() + "/" + id + "?X-Amz-Signature=presigned", "metadata": metadata,
				"ackUri": s.base(q.request.Host) + "/v1/spooled/ack/" + id, "headers": map[string]any{storageHeader: []string{storageKey}},
			}
		}
		raw, _ := json.Marshal(map[string]any{"encoding": encoding, "metadata": map[string]any{}, "segments": []any{segment}})
		all = append(all, raw)
	}
	return all
}

// Queries are the statements that came, oldest first, with the state that each is in.
func (s *Server) Queries() []QueryState {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []QueryState
	for _, q := range s.history {
		all = append(all, QueryState{ID: q.id, SQL: q.request.SQL, State: q.state})
	}
	return slices.Clip(all)
}

// QueryState is one statement and how far it has come: QUEUED, RUNNING, FINISHED or FAILED.
type QueryState struct{ ID, SQL, State string }
