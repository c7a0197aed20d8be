package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/fourkites/sources/base"
)

// The bounds that catalogs of tools hold, so that every model and every host can take the tool.
const (
	MaxName        = 48   // characters of a name
	MaxDescription = 1024 // bytes of a description
	MaxProperties  = 15   // properties at the top of an input
)

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Declaration describes a tool with the input In and the output Out, both structs. It is made by [Declare], is never
// changed after, and is safe for concurrent use. The zero Declaration has no name; Check refuses it.
type Declaration[In, Out any] struct {
	name, description string
	writes            bool
	schemas           func() (schemas, error)
}

type schemas struct{ in, out *jsonschema.Schema }

// Declare describes a tool that only reads. The name is lower case with underscores, <source>_<verb>_<noun>. Check
// says whether the declaration is one that every host takes.
func Declare[In, Out any](name, description string) Declaration[In, Out] {
	return Declaration[In, Out]{
		name: name, description: description,
		schemas: sync.OnceValues(func() (schemas, error) {
			in, err := Schema[In]()
			if err != nil {
				return schemas{}, fmt.Errorf("tool %s: input: %w", name, err)
			}
			out, err := Schema[Out]()
			if err != nil {
				return schemas{}, fmt.Errorf("tool %s: output: %w", name, err)
			}
			return schemas{in, out}, nil
		}),
	}
}

// Writing is the same declaration for a tool that changes something.
func (d Declaration[In, Out]) Writing() Declaration[In, Out] {
	d.writes = true
	return d
}

// Name is the tool's name.
func (d Declaration[In, Out]) Name() string { return d.name }

// Description is the text that a model chooses the tool by.
func (d Declaration[In, Out]) Description() string { return d.description }

// Check reports what a host could refuse: a name of another form or too long, a text that is missing or too long, too
// many properties, a type that has no schema.
func (d Declaration[In, Out]) Check() error {
	switch {
	case !nameForm.MatchString(d.name):
		return fmt.Errorf("tool %q: the name must be lower case letters, digits and underscores, and begin with a letter", d.name)
	case len(d.name) > MaxName:
		return fmt.Errorf("tool %s: the name has %d characters, more than %d", d.name, len(d.name), MaxName)
	case d.description == "":
		return fmt.Errorf("tool %s: the description is empty", d.name)
	case len(d.description) > MaxDescription:
		return fmt.Errorf("tool %s: the description has %d bytes, more than %d", d.name, len(d.description), MaxDescription)
	}
	s, err := d.build()
	if err != nil {
		return err
	}
	if n := len(s.in.Properties); n > MaxProperties {
		return fmt.Errorf("tool %s: the input has %d properties, more than %d", d.name, n, MaxProperties)
	}
	return nil
}

func (d Declaration[In, Out]) build() (schemas, error) {
	if d.schemas == nil {
		return schemas{}, fmt.Errorf("tool %q: not made by Declare", d.name)
	}
	return d.schemas()
}

// Bind makes the tool that calls run. run is called from any number of goroutines.
func (d Declaration[In, Out]) Bind(run func(context.Context, In) (Out, error)) Tool {
	return &bound[In, Out]{Declaration: d, run: run}
}

// Call calls the tool where it is served and reads its answer.
func (d Declaration[In, Out]) Call(ctx context.Context, c Caller, in In) (Out, error) {
	var out Out
	args, err := json.Marshal(in)
	if err != nil {
		return out, base.Invalid("", d.name, "the input has no JSON form: %s", err)
	}
	answer, err := c.CallTool(ctx, d.name, args)
	if err != nil {
		return out, err
	}
	if err := json.NewDecoder(bytes.NewReader(answer)).Decode(&out); err != nil {
		e := base.NewError(base.KindProtocol, err).WithText("the answer is not what the tool declares")
		e.Op = d.name
		return out, e
	}
	return out, nil
}
