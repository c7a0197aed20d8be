package trinotest

import (
	"net/url"
	"strings"

	"github.com/fourkites/sources/internal/trinosql"
)

// preparedText is the statement that a request runs: what an EXECUTE names, else the body.
func preparedText(r Request) string {
	explained, text, _ := prepared(r)
	return explained + text
}

// prepared takes an EXECUTE, or the EXPLAIN of one, apart into its statement and the texts of its values.
func prepared(r Request) (explained, sql string, values []string) {
	rest := r.Body
	if at := strings.Index(rest, "EXECUTE "); at > 0 && strings.HasPrefix(rest, "EXPLAIN ") {
		explained, rest = rest[:at], rest[at:]
	}
	rest, ok := strings.CutPrefix(rest, "EXECUTE ")
	if !ok {
		return "", r.Body, nil
	}
	if literal, ok := strings.CutPrefix(rest, "IMMEDIATE "); ok {
		text, n := trinosql.Unquote(literal)
		return explained, text, trinosql.SplitValues(strings.TrimPrefix(literal[n:], " USING "))
	}
	name, using, _ := strings.Cut(rest, " USING ")
	for _, line := range r.Header.Values("X-Trino-Prepared-Statement") {
		for pair := range strings.SplitSeq(line, ",") {
			known, text, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if known != name {
				continue
			}
			if sql, err := url.QueryUnescape(text); err == nil {
				return explained, sql, trinosql.SplitValues(using)
			}
		}
	}
	return "", "", nil
}

// answer runs a statement: a scripted reply first, else what the tables hold.
func (s *Server) answer(req Request) Reply {
	for name := range req.Session() {
		s.mu.Lock()
		refused := s.refused[name]
		s.mu.Unlock()
		if refused {
			return Reply{Err: NewError(4, "Access Denied: Cannot set system session property "+name)}
		}
	}
	planned := strings.HasPrefix(req.Body, planPrefix) // asked for by the client, for a statement that may follow
	if !planned || s.plans.Load() {
		if r, ok := s.script.Next(req); ok {
			return r
		}
	}
	explained, text, values := prepared(req)
	if strings.HasPrefix(text, "EXPLAIN") && len(values) > 0 {
		return Reply{Err: userError("INVALID_PARAMETER_USAGE", "Incorrect number of parameters: a prepared EXPLAIN takes none")}
	}
	if text == "" {
		return Reply{Err: NewError(5, "Prepared statement not found")}
	}
	sql, err := trinosql.Bind(text, values)
	if err != nil {
		return replied(trinosql.Result{}, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	in := trinosql.Session{Catalog: req.Header.Get("X-Trino-Catalog"), Schema: req.Header.Get("X-Trino-Schema")}
	r, err := s.engine.Execute(in, explained+sql)
	if planned && err != nil && s.hasScript(req) { // what the fake does not understand reads nothing
		return replied(trinosql.Plan(), nil)
	}
	return replied(r, err)
}

// replied is an answer of the engine in the fake's words.
func replied(r trinosql.Result, err *trinosql.Error) Reply {
	if err != nil {
		return Reply{Err: userError(err.Name, err.Message)}
	}
	reply := Reply{Rows: r.Rows}
	for _, c := range r.Columns {
		reply.Columns = append(reply.Columns, Column(c))
	}
	return reply
}

const planPrefix = "EXPLAIN (TYPE IO, FORMAT JSON) "

// hasScript reports whether a scripted reply waits for the statement.
func (s *Server) hasScript(req Request) bool {
	_, ok := s.script.Peek(req)
	return ok
}
