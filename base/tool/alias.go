package tool

import "context"

// Aliased is another name, with parameters of its own, for a declared tool: programs that know the older name need no
// change. It is made by [Alias].
type Aliased[A, In, Out any] struct {
	Declaration[A, Out]
	convert func(A) (In, error)
}

// Alias declares another name for the tool d. convert turns the alias's input A into the tool's own; it is called for
// every call, and its error is the answer. An alias of a tool that writes, writes.
func Alias[A, In, Out any](d Declaration[In, Out], name, description string, convert func(A) (In, error)) Aliased[A, In, Out] {
	alias := Declare[A, Out](name, description)
	alias.writes = d.writes
	return Aliased[A, In, Out]{alias, convert}
}

// Alias is the same tool under another name.
func (d Declaration[In, Out]) Alias(name string) Declaration[In, Out] {
	d.name = name
	return d
}

// Bind makes the tool that calls run, which is the function that the aliased tool is bound to.
func (a Aliased[A, In, Out]) Bind(run func(context.Context, In) (Out, error)) Tool {
	return a.Declaration.Bind(func(ctx context.Context, args A) (Out, error) {
		in, err := a.convert(args)
		if err != nil {
			var none Out
			return none, err
		}
		return run(ctx, in)
	})
}
