package warehouse

import (
	"context"
	"reflect"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/redshift"
)

// noReader stands for a reader that is nil, such as a client whose making failed: it refuses what the reader would panic
// at.
type noReader struct{}

func (noReader) Name() string { return "warehouse" }

func (noReader) Load(context.Context, string) (redshift.Load, error) {
	return redshift.Load{}, absent("Loads")
}

func (noReader) ValidationAttempts(context.Context, redshift.AttemptsQuery) (redshift.Attempts, error) {
	return redshift.Attempts{}, absent("Validations")
}

func absent(op string) error {
	return base.Invalid("warehouse", op, "reader: is nil; pass a client that was made")
}

// holdsNil reports whether there is no reader, or a nil pointer of one.
func holdsNil(reader any) bool {
	v := reflect.ValueOf(reader)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}
