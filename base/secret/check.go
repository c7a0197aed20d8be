package secret

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// The bounds of a Check: how many sources it asks at once, and how long it waits where the context has no deadline.
const (
	checkedAtOnce = 8
	checkTimeout  = 30 * time.Second
)

// Check asks for every secret of the configurations that a store holds, once, side by side, and reports all that cannot be
// had, by package and field and in that order. It is for the start of a program, which would otherwise learn of each at the
// first call that needs it. Configurations are structs or pointers to them; their fields, nested ones too, are found by
// reflection. Literals are not asked for. It ends with the context, after 30 seconds where that has no deadline, and up to a
// second later where a source ignores its context.
//
// A store that issues an account for every source issues one for the check, which ends with its lease or with the store.
func Check(ctx context.Context, resolver Resolver, configs ...any) error {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, checkTimeout)
		defer cancel()
	}
	var found fields
	for _, config := range configs {
		v := reflect.Indirect(reflect.ValueOf(config))
		if !v.IsValid() || v.Kind() != reflect.Struct {
			return fmt.Errorf("secret: check: a %T is no configuration", config)
		}
		found.walk(placeOf(v.Type()), v, 0)
	}
	return found.check(ctx, resolver)
}

// placeOf names a configuration by its package; a type without a name has none.
func placeOf(t reflect.Type) string {
	if t.PkgPath() == "" {
		return "config"
	}
	return path.Base(t.PkgPath())
}

// field is a stored secret with the place at which it stands.
type field struct {
	name  string
	value Value
}

type fields []field

// deepest is deeper than any configuration, pointers, lists and maps counted, and ends the walk through one that holds itself.
const deepest = 12

func (all *fields) walk(name string, v reflect.Value, depth int) {
	if depth > deepest {
		return
	}
	if v.Type() == valueType && v.CanInterface() {
		if secret, _ := reflect.TypeAssert[Value](v); secret.IsStored() {
			*all = append(*all, field{name, secret})
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for f, field := range v.Fields() {
			all.walkField(name, f, field, depth+1)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			all.walk(fmt.Sprintf("%s[%d]", name, i), v.Index(i), depth+1)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			all.walk(fmt.Sprintf("%s[%v]", name, key), v.MapIndex(key), depth+1)
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			all.walk(name, v.Elem(), depth+1)
		}
	}
}

var valueType = reflect.TypeFor[Value]()

// walkField goes into a field under the name that it has in a file, where the fields of an embedded struct stand beside the
// others, whether its type is exported or not.
func (all *fields) walkField(name string, f reflect.StructField, v reflect.Value, depth int) {
	tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	inlined := f.Anonymous && tag == "" && f.Type != valueType
	switch {
	case inlined:
		all.walk(name, v, depth)
	case f.IsExported() && tag != "-":
		all.walk(name+"."+cmp.Or(tag, f.Name), v, depth)
	case f.IsExported():
		all.walk(name+"."+f.Name, v, depth)
	}
}

func (all fields) check(ctx context.Context, resolver Resolver) error {
	slices.SortFunc(all, func(a, b field) int { return strings.Compare(a.name, b.name) })
	problems := make([]error, len(all))
	places := make(chan struct{}, checkedAtOnce)
	var checks sync.WaitGroup
	for i, f := range all {
		checks.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			problems[i] = f.check(ctx, resolver)
		})
	}
	checks.Wait()
	return errors.Join(problems...)
}

// check asks through a cache, which keeps the bounds and the promises about openers and sources that panic or ignore their
// context.
func (f field) check(ctx context.Context, resolver Resolver) error {
	once := NewCache(SourceFunc(func(ctx context.Context) (Snapshot, error) {
		source, err := f.value.Source(ctx, resolver)
		if err != nil {
			return Snapshot{}, err
		}
		return source.Get(ctx)
	}), CacheConfig{Poll: -1, Timeout: -1})
	_, err := once.Get(ctx)
	_ = once.Close() // what it could say is that the source ignores its context, and the error says so already
	if err == nil {
		return nil
	}
	reference, _ := f.value.Reference()
	// A text of an unknown scheme may be no reference: a connection string, or a password that looks like one.
	if _, known := resolver.opener(schemeOf(reference)); known && !strings.Contains(err.Error(), named(reference)) {
		return fmt.Errorf("%s: %s: %w", f.name, named(reference), err)
	}
	return fmt.Errorf("%s: %w", f.name, err)
}
