package graph

import (
	"strings"
)

// statements are the texts that this package sends, for one model. What stands in angle brackets is replaced: <Class> and
// the like by the names of the model, quoted, and <n,c> by the list of what makes a symbol. All else is the same for every
// graph, and values are parameters.
type statements struct{ names *strings.Replacer }

func newStatements(m Model) statements {
	p := m.Properties
	names := []string{
		"<Class>", quote(m.Class), "<Method>", quote(m.Method), "<Service>", quote(m.Service), "<File>", quote(m.File),
		"<Repo>", quote(m.Repo), "<Log>", quote(m.Log),
		"<HAS_METHOD>", quote(m.HasMethod), "<CALLS>", quote(m.Calls), "<CONTAINS>", quote(m.Contains), "<HAS_LOG>", quote(m.HasLog),
		"<name>", quote(p.Name), "<file>", quote(p.File), "<line>", quote(p.Line), "<end>", quote(p.End),
		"<service>", quote(p.Service), "<repo>", quote(p.Repo),
	}
	plain := strings.NewReplacer(names...)
	for _, pair := range [][2]string{{"n", "c"}, {"a", "c"}, {"b", "d"}, {"c", "c"}} {
		names = append(names, "<"+pair[0]+","+pair[1]+">", plain.Replace(symbolFor(pair[0], pair[1])))
	}
	return statements{strings.NewReplacer(names...)}
}

// symbolParts is a symbol n as a list, in the order in which symbolOf reads it; c is the class of a method, or null.
const symbolParts = "[elementId(n), CASE WHEN n:<Method> THEN 'method' WHEN n:<Class> THEN 'class' WHEN n:<Service> THEN 'service' " +
	"WHEN n:<File> THEN 'file' WHEN n:<Repo> THEN 'repo' ELSE toLower(head(labels(n))) END, n.<name>, " +
	"CASE WHEN n:<Method> THEN c.<name> END, " +
	"CASE WHEN n:<Service> THEN n.<name> ELSE coalesce(n.<service>, c.<service>) END, " +
	"CASE WHEN n:<Repo> THEN n.<name> ELSE coalesce(n.<repo>, c.<repo>) END, " +
	"CASE WHEN n:<File> THEN coalesce(n.<file>, n.<name>) ELSE coalesce(n.<file>, c.<file>) END, n.<line>, n.<end>]"

// symbolFor is the list of a symbol for other variables.
func symbolFor(n, c string) string {
	return strings.NewReplacer("(n)", "("+n+")", " n:", " "+n+":", " n.", " "+n+".", "(n.", "("+n+".", " c.", " "+c+".").Replace(symbolParts)
}

// text is a statement with the names of the model in it.
func (s statements) text(lines ...string) string { return s.names.Replace(strings.Join(lines, "\n")) }
