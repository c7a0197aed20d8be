package trinosql

import (
	"strings"
)

// Row is the values of the columns by their names in lower case.
type Row map[string]any

// Table is what the engine holds under one name.
type Table struct {
	Catalog, Schema, Name string
	Columns               []Column
	Rows                  []Row
}

// View reports whether the table is called a view: its name begins with vw_.
func (t *Table) View() bool { return strings.HasPrefix(t.Name, "vw_") }

func (t *Table) add(values []any) {
	r := Row{}
	for i, c := range t.Columns {
		r[strings.ToLower(c.Name)] = nil
		if i < len(values) {
			r[strings.ToLower(c.Name)] = widened(values[i])
		}
	}
	t.Rows = append(t.Rows, r)
}

// widened makes one of the engine's own types of a value.
func widened(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case int32:
		return int64(v)
	case map[string]string:
		return mapOf(v)
	}
	return v
}
