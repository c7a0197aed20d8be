package redshift

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"
)

// boundArgs are the values that are bound: a driver.Valuer is asked for its value here, once, so that the driver gets
// nothing that it could take for more than a value.
func boundArgs(args []any) ([]any, error) {
	bound := make([]any, len(args))
	for i, arg := range args {
		v, err := valueOf(arg)
		if err == nil {
			err = checkArg(v)
		}
		if err != nil {
			return nil, fmt.Errorf("args[%d] ($%d): %w", i, i+1, err)
		}
		bound[i] = v
	}
	return bound, nil
}

// valueOf is the value of an argument; a nil pointer is NULL.
func valueOf(arg any) (v any, err error) {
	if _, own := arg.(pgtype.Timestamp); own { // as this package binds a time without a zone
		return arg, nil
	}
	valuer, ok := arg.(driver.Valuer)
	if !ok {
		return arg, nil
	}
	if p := reflect.ValueOf(arg); p.Kind() == reflect.Pointer && p.IsNil() {
		return nil, nil
	}
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("the Value method of %T panicked", arg)
		}
	}()
	return valuer.Value()
}

// checkArg refuses what the protocol cannot bind, or what would be bound as something else.
func checkArg(arg any) error {
	switch v := arg.(type) {
	case nil, bool, int, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, []byte, time.Time, pgtype.Timestamp:
		return nil
	case string:
		switch {
		case strings.Contains(v, "\x00"):
			return errors.New("holds a NUL byte, which no text of the server can have")
		case !utf8.ValidString(v):
			return errors.New("is not UTF-8")
		}
		return nil
	}
	what := fmt.Sprintf("a %T", arg)
	switch arg.(type) {
	case map[string]any:
		what = "an object"
	case []any:
		what = "a list"
	}
	return fmt.Errorf("%s cannot be bound; give text, a number, a bool or a time, one parameter for each value", what)
}
