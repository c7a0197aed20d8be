package redshifttest

import (
	"context"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"
)

// session is what a connection remembers between statements.
type session struct {
	status   byte // I, T or E
	readOnly bool
	settings map[string]string
	before   map[string]string // when the transaction began
}

// knownSettings are some that Redshift has (Amazon Redshift Database Developer Guide, "Configuration reference"), with
// their defaults. Another one is refused, as are the newer ones of PostgreSQL.
var knownSettings = map[string]string{
	"statement_timeout": "0", "search_path": "$user, public", "timezone": "UTC", "datestyle": "ISO, MDY", "query_group": "unset",
	"enable_result_cache_for_session": "on", "extra_float_digits": "0", "client_encoding": "UTF8", "application_name": "",
	"wlm_query_slot_count": "1", "analyze_threshold_percent": "10", "enable_case_sensitive_identifier": "off", "describe_field_name_in_uppercase": "off",
	"transaction_read_only": "off", "server_version": "8.0.2", "use_fips_ssl": "off",
}

func newSession() session { return session{status: 'I', settings: maps.Clone(knownSettings)} }

func (s *session) failed() {
	if s.status == 'T' {
		s.status = 'E'
	}
}

func (s *session) begin(readOnly bool) {
	s.status, s.readOnly, s.before = 'T', readOnly, maps.Clone(s.settings)
	s.settings["transaction_read_only"] = map[bool]string{true: "on", false: "off"}[readOnly]
}

func (s *session) end() {
	if s.status != 'I' {
		s.settings = s.before
	}
	s.status, s.readOnly = 'I', false
}

// control obeys the statements that are about the session itself; false for any other.
func (s *session) control(tokens []token) (tag string, done bool, err error) {
	word := func(i int) string {
		if i < len(tokens) && tokens[i].kind == tokWord {
			return tokens[i].text
		}
		return ""
	}
	switch word(0) {
	case "rollback", "abort":
		s.end()
		return "ROLLBACK", true, nil
	case "commit", "end":
		s.end()
		return "COMMIT", true, nil
	}
	if s.status == 'E' {
		return "", false, fail("25P02", "current transaction is aborted, commands ignored until end of transaction block")
	}
	switch word(0) {
	case "begin", "start":
		readOnly := false
		for i := range tokens {
			readOnly = readOnly || word(i) == "read" && word(i+1) == "only"
		}
		s.begin(readOnly)
		return "BEGIN", true, nil
	case "set":
		return "SET", true, s.set(tokens[1:])
	}
	return "", false, nil
}

func (s *session) set(tokens []token) error {
	if len(tokens) > 0 && (tokens[0].text == "local" || tokens[0].text == "session") {
		tokens = tokens[1:]
	}
	if len(tokens) == 0 || tokens[0].text == "transaction" {
		return fail("25001", "transaction mode must be set before any query")
	}
	name := strings.ToLower(tokens[0].text)
	if _, known := s.settings[name]; !known {
		return fail("42704", "unrecognized configuration parameter %q", name)
	}
	if name == "transaction_read_only" {
		return fail("25001", "transaction read-write mode must be set before any query")
	}
	var words []string
	for _, t := range tokens[1:] {
		if t.kind != tokEnd && (t.kind != tokWord || t.text != "to") && t.text != "=" {
			words = append(words, t.text)
		}
	}
	s.settings[name] = strings.Join(words, "")
	return nil
}

// timeout is statement_timeout, zero for none.
func (s *session) timeout() time.Duration {
	ms, _ := strconv.Atoi(s.settings["statement_timeout"])
	return time.Duration(ms) * time.Millisecond
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// currentQuery is the statement that a connection works on, for those who want to stop it.
type currentQuery struct {
	mu     sync.Mutex
	cancel context.CancelCauseFunc
}

func (q *currentQuery) set(cancel context.CancelCauseFunc) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.cancel = cancel
}

// stop ends the statement with that error, if there is one.
func (q *currentQuery) stop(why error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.cancel != nil {
		q.cancel(why)
	}
}
