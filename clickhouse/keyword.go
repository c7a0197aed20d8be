package clickhouse

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
)

// reading are the words that statements begin with which read and leave nothing behind. The server's own readonly is the
// gate against writes; it lets through what changes the session (USE) or other queries (KILL QUERY).
var reading = []string{"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS"}

// changing are words that a statement begins with which is not for Query at all, so that the error can say so.
var changing = []string{
	"ALTER", "ATTACH", "BACKUP", "BEGIN", "CHECK", "COMMIT", "CREATE", "DELETE", "DETACH", "DROP", "EXCHANGE", "EXECUTE", "GRANT",
	"INSERT", "KILL", "MOVE", "OPTIMIZE", "RENAME", "REPLACE", "RESTORE", "REVOKE", "ROLLBACK", "SET", "SYSTEM", "TRUNCATE",
	"UNDROP", "UPDATE", "USE",
}

// session are the words that change nothing but the connection, which the next call may or may not get.
var session = []string{"BEGIN", "COMMIT", "ROLLBACK", "SET", "USE"}

// reaching are the table functions that read from other hosts, run a program or open a file of a database; each may have
// a form for clusters. The server refuses them under readonly = 1 where it reads a table, but calls them where it only
// needs their columns, and an account with readonly = 2 may use them. cluster is not among them: it asks the hosts that
// the server's own operator named.
var reaching = []string{
	"arrowflight", "azureblobstorage", "cosn", "deltalake", "deltalakeazure", "deltalakelocal", "deltalakes3", "executable", "gcs",
	"hdfs", "hive", "hudi", "iceberg", "icebergazure", "iceberghdfs", "iceberglocal", "icebergs3", "jdbc", "mongodb", "mysql", "odbc",
	"oss", "paimon", "paimonazure", "paimonhdfs", "paimonlocal", "paimons3", "postgresql", "redis", "remote", "remotesecure", "s3",
	"sqlite", "url", "ytsaurus",
}

// checkReads refuses a statement that is not of a form that reads tables.
func (c *Client) checkReads(op *base.Op, sql string) error {
	tokens, err := lex(sql)
	if err != nil {
		return base.Invalid(c.Name(), op.Name, "%s", err.Error())
	}
	if len(tokens) > 0 && tokens[0].kind == tokenWord && slices.Contains(changing, strings.ToUpper(tokens[0].text)) {
		e := base.NewError(base.KindPermission, nil).WithText("sql: " + strings.ToUpper(tokens[0].text) + " does not read")
		e.Source, e.Op, e.Sent = c.Name(), op.Name, base.NotSent
		e.Hint = "only statements that read are allowed: " + strings.Join(reading, ", ")
		return e
	}
	if strings.TrimSpace(sql) == "" {
		return nil // check says so
	}
	if err := readsOnly(tokens); err != nil {
		return base.Invalid(c.Name(), op.Name, "sql: %s", err.Error())
	}
	return nil
}

// readsOnly reports why the statement is not one of the forms that read.
func readsOnly(all []token) error {
	if at := slices.IndexFunc(all, func(t token) bool { return t.is(";") }); at >= 0 {
		for _, t := range all[at:] {
			if !t.is(";") {
				return errors.New("more than one statement; send one at a time, without what follows the ;")
			}
		}
		all = all[:at]
	}
	if err := reachesOut(all); err != nil {
		return err
	}
	if selects(all) {
		return nil
	}
	switch word, rest := cutWord(all); word {
	case "DESCRIBE", "DESC":
		return describes(word, rest)
	case "EXISTS":
		return existence(rest)
	case "EXPLAIN":
		return explains(rest)
	case "SHOW":
		if next, _ := cutWord(rest); next != "" {
			return nil // the server answers each form from its own system tables
		}
		return errors.New("SHOW of nothing; write SHOW TABLES, SHOW CREATE TABLE name or the like")
	}
	return fmt.Errorf("begins with none of %s", strings.Join(reading, ", "))
}

// cutWord is the bare word at the beginning, in capitals, and what follows it; empty when there is none.
func cutWord(all []token) (word string, rest []token) {
	if len(all) == 0 || all[0].kind != tokenWord {
		return "", all
	}
	return strings.ToUpper(all[0].text), all[1:]
}

// selects reports whether it is a SELECT, with parentheses before it or not.
func selects(all []token) bool {
	for len(all) > 0 && all[0].is("(") {
		all = all[1:]
	}
	word, _ := cutWord(all)
	return word == "SELECT" || word == "WITH"
}

// describes allows the name of a table, and a query in parentheses. The server would call a table function to learn its
// columns, in spite of readonly.
func describes(word string, all []token) error {
	if next, rest := cutWord(all); next == "TABLE" && len(rest) > 0 {
		all = rest
	}
	if isTableName(all) || enclosed(all) && selects(all) {
		return nil
	}
	return fmt.Errorf("%s takes the name of a table alone, or a SELECT in parentheses", word)
}

func existence(all []token) error {
	for {
		next, rest := cutWord(all)
		if len(rest) == 0 || !slices.Contains([]string{"TEMPORARY", "TABLE", "VIEW", "DICTIONARY", "DATABASE"}, next) {
			break
		}
		all = rest
	}
	if isTableName(all) {
		return nil
	}
	return errors.New("EXISTS takes the name of a table, view, dictionary or database alone")
}

// explains allows SELECT alone behind the kind of the explanation and its settings: EXPLAIN TABLE OVERRIDE calls a table
// function.
func explains(all []token) error {
	for {
		next, rest := cutWord(all)
		if !slices.Contains([]string{"AST", "SYNTAX", "QUERY", "TREE", "PLAN", "PIPELINE", "ESTIMATE"}, next) {
			break
		}
		all = rest
	}
	for len(all) > 3 && all[0].kind == tokenWord && all[1].is("=") {
		if all = all[3:]; all[0].is(",") {
			all = all[1:]
		}
	}
	if selects(all) {
		return nil
	}
	return errors.New("EXPLAIN takes a SELECT")
}

// isTableName reports whether the tokens are [database.]name and nothing else.
func isTableName(all []token) bool {
	rest, ok := cutName(all)
	if ok && len(rest) > 0 && rest[0].is(".") {
		rest, ok = cutName(rest[1:])
	}
	return ok && len(rest) == 0
}

// cutName takes one name off, or a parameter that stands for one.
func cutName(all []token) ([]token, bool) {
	switch {
	case len(all) == 0:
		return all, false
	case all[0].kind == tokenWord, all[0].kind == tokenName:
		return all[1:], true
	case len(all) >= 5 && all[0].is("{") && all[2].is(":") && all[3].is("Identifier") && all[4].is("}"):
		return all[5:], true
	}
	return all, false
}

// enclosed reports whether one pair of parentheses holds everything.
func enclosed(all []token) bool {
	depth := 0
	for i, t := range all {
		switch {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		}
		if depth <= 0 {
			return t.is(")") && depth == 0 && i == len(all)-1
		}
	}
	return false
}

// reachesOut refuses calls of table functions that leave the server. A column may have such a name: only a name with a
// parenthesis behind it is a call.
func reachesOut(all []token) error {
	for i := 1; i < len(all); i++ {
		name := all[i-1]
		if !all[i].is("(") || name.kind == tokenText || name.kind == tokenSymbol {
			continue
		}
		if name.kind == tokenName && strings.Contains(name.text, `\`) {
			return errors.New("the name of a function holds a backslash; write it without")
		}
		low := strings.ToLower(name.text)
		_, found := slices.BinarySearch(reaching, strings.TrimSuffix(low, "cluster"))
		if !found && low == "file" && i > 1 { // as a scalar function it is the account's to have or not
			before := all[i-2]
			found = before.is("FROM") || before.is("JOIN") || before.is("TABLE")
		}
		if found {
			return fmt.Errorf("%.40s(…) would read from outside of the server; read a table (a column of that name goes without a parenthesis behind it)", name.text)
		}
	}
	return nil
}

// keyword is the word that a statement begins with, in capitals.
func keyword(sql string) (string, error) {
	l := lexer{sql: sql}
	t, err := l.next()
	if err != nil || t.kind != tokenWord {
		return "", err
	}
	return strings.ToUpper(t.text), nil
}
