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
// reflection. Literals are not asked for. Without a deadline of the context it ends after 30 seconds.
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
		found.walk(path.Base(v.Type().PkgPath()), v, 0)
	}
	return found.check(ctx, resolver)
}

// field is a stored secret with the place at which it stands.
type field struct {
	name  string
	value Value
}

type fields []field

// deepest is deeper than any configuration, and ends the walk through one that holds itself.
const deepest = 8

func (all *fields) walk(name string, v reflect.Value, depth int) {
	if depth > deepest {
		return
	}
	if secret, ok := reflect.TypeAssert[Value](v); ok {
		if secret.IsStored() {
			*all = append(*all, field{name, secret})
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				all.walk(name+"."+fieldName(f), v.Field(i), depth+1)
			}
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

// fieldName is how the field is written in a file.
func fieldName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return cmp.Or(name, f.Name)
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

// check asks through a cache, which keeps the bounds and the promises about sources that panic or ignore their context.
func (f field) check(ctx context.Context, resolver Resolver) error {
	source, err := f.value.Source(ctx, resolver)
	if err == nil {
		once := NewCache(source, CacheConfig{Poll: -1, Timeout: -1})
		_, err = once.Get(ctx)
		_ = once.Close() // what it could say is that the source ignores its context, and the error says so already
	}
	if err == nil {
		return nil
	}
	if reference, ok := f.value.Reference(); ok && !strings.Contains(err.Error(), named(reference)) {
		return fmt.Errorf("%s: %s: %w", f.name, named(reference), err)
	}
	return fmt.Errorf("%s: %w", f.name, err)
}
