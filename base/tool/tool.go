package tool

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/fourkites/sources/base"
)

// Tool is a declaration bound to what answers it. It is safe for concurrent use.
type Tool interface {
	Name() string
	Description() string
	// InputSchema and OutputSchema are shared: they must not be changed. They are nil when the types have no schema.
	InputSchema() *jsonschema.Schema
	OutputSchema() *jsonschema.Schema
	// ReadOnly reports whether the tool changes nothing.
	ReadOnly() bool
	// Check is [Declaration.Check].
	Check() error
	// Call takes and gives JSON objects of the schemas. Empty arguments mean {}. An argument that the tool does not
	// have is refused, never ignored.
	Call(ctx context.Context, args json.RawMessage) (json.RawMessage, error)
}

// Caller calls tools by name: a session with a remote server, or a [Set]. An error that it gives is a *base.Error.
type Caller interface {
	CallTool(ctx context.Context, name string, args json.RawMessage) (json.RawMessage, error)
}

// Set is some tools in process, callable by name.
type Set []Tool

// CallTool calls the tool of that name; an unknown name is refused with the nearest known one.
func (s Set) CallTool(ctx context.Context, name string, args json.RawMessage) (json.RawMessage, error) {
	at := slices.IndexFunc(s, func(t Tool) bool { return t.Name() == name })
	if at >= 0 {
		return s[at].Call(ctx, args)
	}
	names := make([]string, len(s))
	for i, t := range s {
		names[i] = t.Name()
	}
	return nil, base.Invalid("", name, "there is no such tool%s", suggestion(name, names))
}

type bound[In, Out any] struct {
	Declaration[In, Out]
	run func(context.Context, In) (Out, error)
}

func (b *bound[In, Out]) InputSchema() *jsonschema.Schema {
	s, _ := b.build()
	return s.in
}

func (b *bound[In, Out]) OutputSchema() *jsonschema.Schema {
	s, _ := b.build()
	return s.out
}

func (b *bound[In, Out]) ReadOnly() bool { return !b.writes }

// Call hides the declaration's own Call, which is for the other side.
func (b *bound[In, Out]) Call(ctx context.Context, args json.RawMessage) (json.RawMessage, error) {
	s, err := b.build()
	if err != nil {
		return nil, base.NewError(base.KindInternal, err)
	}
	var in In
	if err := decode(b.name, s.in, args, &in); err != nil {
		return nil, err
	}
	out, err := b.run(ctx, in)
	if err != nil {
		return nil, err
	}
	answer, err := json.Marshal(out)
	if err != nil {
		e := base.NewError(base.KindInternal, err).WithText("the answer has no JSON form")
		e.Op = b.name
		return nil, e
	}
	return answer, nil
}
