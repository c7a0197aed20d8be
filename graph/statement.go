package graph

// statements are the texts that this package sends, made once for a model.
type statements struct{ m Model }

func newStatements(m Model) statements { return statements{m} }
