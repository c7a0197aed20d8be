package clickhouse

import (
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

// checkReads refuses a statement that does not begin like one that reads.
func (c *Client) checkReads(op *base.Op, sql string) error {
	switch word, rest := cutKeyword(sql); {
	case strings.HasPrefix(word, "DESC") && describesFunction(rest):
		return base.Invalid(c.Name(), op.Name, "sql: %s takes the name of a table, or a query in parentheses", word)
	case word == "(", slices.Contains(reading, word), strings.TrimSpace(sql) == "":
		return nil // check says that the last is empty
	case slices.Contains(changing, word):
		e := base.NewError(base.KindPermission, nil).WithText("sql: " + word + " does not read")
		e.Source, e.Op, e.Sent = c.Name(), op.Name, base.NotSent
		e.Hint = "only statements that read are allowed: " + strings.Join(reading, ", ")
		return e
	}
	return base.Invalid(c.Name(), op.Name, "sql: begins with none of %s", strings.Join(reading, ", "))
}

// describesFunction reports whether a table function is described: the server would call it, in spite of readonly, and
// url and its like reach other hosts.
func describesFunction(rest string) bool {
	word, after := cutKeyword(rest)
	if word == "TABLE" {
		word, _ = cutKeyword(after)
	}
	return word != "(" && strings.Contains(rest, "(")
}

// keyword is the word that a statement begins with.
func keyword(sql string) string {
	word, _ := cutKeyword(sql)
	return word
}

// cutKeyword is the word that a text begins with, in capitals, behind space and comments, and what follows it; "(" for a
// parenthesis, and empty for anything else.
func cutKeyword(sql string) (word, rest string) {
	for {
		sql = strings.TrimLeft(sql, " \t\r\n\f\v")
		switch {
		case strings.HasPrefix(sql, "--"):
			_, sql, _ = strings.Cut(sql, "\n")
			continue
		case strings.HasPrefix(sql, "/*"):
			_, sql, _ = strings.Cut(sql[2:], "*/")
			continue
		case strings.HasPrefix(sql, "("):
			return "(", sql[1:]
		}
		end := 0
		for end < len(sql) && isLetter(sql[end]) {
			end++
		}
		if end < len(sql) && (sql[end] == '_' || sql[end] >= '0' && sql[end] <= '9' || sql[end] >= 0x80) {
			return "", sql // a longer word
		}
		return strings.ToUpper(sql[:end]), sql[end:]
	}
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
