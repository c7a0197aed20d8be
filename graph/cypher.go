package graph

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

// A caller's statement is held to reading three times: by the access mode of its transaction, by the type that its plan
// has, and here, by its words, for both let through what acts beside the graph: LOAD CSV reads any URL and the host's files,
// TERMINATE TRANSACTION and some procedures act on other calls, some run a text as Cypher.

// checkReading refuses a statement that does more than read, or that is two. extra are the procedures that the operator
// allows.
func checkReading(cypher string, extra []string) error {
	all, err := lex(cypher)
	if err != nil {
		return err
	}
	if first := firstWord(all); strings.EqualFold(first, "PROFILE") {
		return errors.New("PROFILE runs the statement for its plan; write EXPLAIN, or leave it out")
	}
	for i := range all {
		if err := checkToken(all, i, extra); err != nil {
			return err
		}
	}
	return nil
}

func checkToken(all []token, i int, extra []string) error {
	t, next := all[i], at(all, i+1)
	switch {
	case t.sign(";") && next.kind != tokenEnd && !next.sign(";"):
		return errors.New("two statements; send one, without what stands behind the semicolon")
	case t.is("LOAD") && next.is("CSV"):
		return writes("LOAD CSV is not allowed: it reads any URL, and files of the server")
	case t.is("TERMINATE") && next.kind == tokenWord && len(next.text) >= 11 && strings.EqualFold(next.text[:11], "TRANSACTION"):
		return writes("TERMINATE TRANSACTION is not allowed: it ends other calls")
	case t.is("CALL") && !member(all, i) && !at(all, i-1).sign(":") && next.named():
		return checkProcedure(chain(all, i+1), extra)
	case t.named() && !member(all, i):
		return checkFunction(all, i, extra)
	}
	return nil
}

func at(all []token, i int) token {
	if i < 0 || i >= len(all) {
		return token{}
	}
	return all[i]
}

// member reports whether the token belongs to what stands before its dot. What stands behind the two dots of a range
// begins by itself.
func member(all []token, i int) bool { return at(all, i-1).sign(".") && !at(all, i-2).sign(".") }

// chain is the dotted name that begins at i.
func chain(all []token, i int) string {
	parts := []string{all[i].text}
	for at(all, i+1).sign(".") && at(all, i+2).named() {
		i += 2
		parts = append(parts, all[i].text)
	}
	return strings.Join(parts, ".")
}

// checkFunction refuses a call of a function that does more than compute. A name without a dot is the server's own.
func checkFunction(all []token, i int, extra []string) error {
	name, j := chain(all, i), i
	for at(all, j+1).sign(".") && at(all, j+2).named() {
		j += 2
	}
	if !at(all, j+1).sign("(") || !strings.Contains(name, ".") || at(all, i-1).is("CALL") {
		return nil
	}
	if why := acting(name); why != "" {
		return writes("the function %s is not allowed: %s", name, why)
	}
	if matches(name, harmlessFunctions) || matches(name, extra) {
		return nil
	}
	return writes("the function %s is not known to be harmless; an operator can allow it in procedures", name)
}

func checkProcedure(name string, extra []string) error {
	if why := acting(name); why != "" {
		return writes("the procedure %s is not allowed: %s", name, why)
	}
	if matches(name, harmlessProcedures) || matches(name, extra) {
		return nil
	}
	return writes("the procedure %s is not known to be harmless; an operator can allow it in procedures", name)
}

// firstWord is the keyword that a statement begins with, behind EXPLAIN and the options behind CYPHER.
func firstWord(all []token) string {
	for i := 0; i < len(all); i++ {
		switch t := all[i]; {
		case t.is("EXPLAIN"):
		case t.is("CYPHER"):
			i = afterOptions(all, i+1) - 1
		case t.kind == tokenWord:
			return t.text
		default:
			return ""
		}
	}
	return ""
}

// afterOptions is where the options of CYPHER end: a version, and names with their values.
func afterOptions(all []token, i int) int {
	for {
		switch {
		case at(all, i).kind == tokenSign && (all[i].text == "." || all[i].text >= "0" && all[i].text <= "9"):
			i++
		case at(all, i).kind == tokenWord && at(all, i+1).sign("="):
			i += 3
		default:
			return i
		}
	}
}

// explained reports whether a statement only asks for a plan.
func explained(all []token) bool {
	for i := 0; i < len(all); i++ {
		switch {
		case all[i].is("EXPLAIN"):
			return true
		case all[i].is("CYPHER"):
			i = afterOptions(all, i+1) - 1
		default:
			return false
		}
	}
	return false
}

// readers are the keywords that a statement of the type s may begin with: those that change begin with another, and what a
// CALL may call was looked at.
var readers = []string{"SHOW", "CALL", "OPTIONAL", "MATCH", "WITH", "UNWIND", "RETURN"}

// plan asks the server what the statement would do, and refuses what does more than read. The answer is kept: it depends
// on nothing but the text.
func (s *stream) plan() error {
	cypher := s.ask.query.Cypher
	all, err := lex(cypher)
	if err != nil || explained(all) || s.client.plans.known(cypher) {
		return err
	}
	result, err := s.tx.Run(s.quiet, "EXPLAIN "+cypher, s.ask.query.Args)
	if err != nil {
		return err
	}
	summary, err := result.Consume(s.quiet)
	if err != nil {
		return err
	}
	if err := checkType(summary.StatementType(), firstWord(all)); err != nil {
		return err
	}
	if err := s.client.checkNames(summary); err != nil {
		return err
	}
	s.client.plans.keep(cypher)
	return nil
}

// unknownNames are the codes of notifications with which a server says that nothing in the database has such a name.
var unknownNames = []string{
	"Neo.ClientNotification.Statement.UnknownLabelWarning", "Neo.ClientNotification.Statement.UnknownRelationshipTypeWarning",
}

// checkNames refuses a statement about labels or types that the database does not have: its answer would be empty, and
// nobody could tell that from an answer about a graph that has them.
func (c *Client) checkNames(summary neo4j.ResultSummary) error {
	for _, n := range summary.Notifications() {
		if slices.Contains(unknownNames, n.Code()) {
			return &unknownNameError{c.guard.Clean(n.Description())}
		}
	}
	return nil
}

func checkType(t neo4j.StatementType, first string) error {
	switch t {
	case neo4j.StatementTypeReadOnly:
		return nil
	case neo4j.StatementTypeSchemaWrite:
		for _, word := range readers {
			if strings.EqualFold(first, word) {
				return nil
			}
		}
		return writes("the statement changes the schema or the server; only statements that read are allowed")
	}
	return writes("the statement would change the graph; only statements that read are allowed")
}

// plans are the statements that are known to read. The zero value knows none.
type plans struct {
	mu  sync.Mutex
	all map[string]struct{}
}

// Longer statements are asked about each time: they are seldom the same.
const (
	plansKept   = 256
	longestPlan = 16 << 10
)

func (p *plans) known(cypher string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.all[cypher]
	return ok
}

func (p *plans) keep(cypher string) {
	if len(cypher) > longestPlan {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil || len(p.all) >= plansKept {
		p.all = map[string]struct{}{}
	}
	p.all[cypher] = struct{}{}
}
