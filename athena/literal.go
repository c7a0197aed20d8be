package athena

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fourkites/sources/internal/partition"
	"github.com/fourkites/sources/internal/sqlguard"
)

// maxLiteral is the longest parameter that Athena takes.
const maxLiteral = 1024

// literals are values as the service reads them: parameters are SQL.
func literals(args []any) ([]string, error) {
	var all []string
	for i, arg := range args {
		text, err := literal(arg)
		if err == nil && len(text) > maxLiteral {
			err = fmt.Errorf("%d bytes as a literal, and Athena takes %d; compare with a shorter value, or write it into the statement", len(text), maxLiteral)
		}
		if err != nil {
			return nil, fmt.Errorf("args[%d]: %w", i, err)
		}
		all = append(all, text)
	}
	return all, nil
}

// number is the form of a number in SQL.
var number = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

func literal(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "NULL", nil
	case string:
		if strings.Contains(v, "\x00") {
			return "", errors.New("a text with a NUL byte")
		}
		if !utf8.ValidString(v) {
			return "", errors.New("a text that is not UTF-8; bind it as []byte")
		}
		return sqlguard.QuoteText(v), nil
	case bool:
		return strings.ToUpper(strconv.FormatBool(v)), nil
	case []byte:
		return "X'" + strings.ToUpper(hex.EncodeToString(v)) + "'", nil
	case json.Number:
		if !number.MatchString(v.String()) {
			return "", errors.New("not a number")
		}
		return v.String(), nil
	case time.Time:
		return timestamp(v.UTC(), " UTC")
	case partition.Timestamp:
		return timestamp(time.Time(v), "")
	}
	return otherLiteral(reflect.ValueOf(v))
}

func timestamp(at time.Time, zone string) (string, error) {
	if y := at.Year(); y < 1 || y > 9999 {
		return "", errors.New("a time of a year that is not between 1 and 9999")
	}
	return "TIMESTAMP '" + at.Format("2006-01-02 15:04:05.000000000") + zone + "'", nil
}

func otherLiteral(v reflect.Value) (string, error) {
	switch {
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), nil
	case v.CanUint():
		if v.Uint() > math.MaxInt64 {
			return "", errors.New("a number above what bigint holds")
		}
		return strconv.FormatUint(v.Uint(), 10), nil
	case v.CanFloat():
		return float(v.Float(), v.Type().Bits()), nil
	case v.Kind() == reflect.String:
		return literal(v.String())
	case v.Kind() == reflect.Bool:
		return literal(v.Bool())
	case v.Kind() == reflect.Slice:
		all := make([]string, v.Len())
		for i := range all {
			one, err := literal(v.Index(i).Interface())
			if err != nil {
				return "", err
			}
			all[i] = one
		}
		return "ARRAY[" + strings.Join(all, ", ") + "]", nil
	}
	return "", fmt.Errorf("a %s cannot be bound; convert it to text, a number, a time, or a list of these", v.Type())
}

// float is a number of type double, not decimal.
func float(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "nan()"
	case math.IsInf(f, 1):
		return "infinity()"
	case math.IsInf(f, -1):
		return "-infinity()"
	}
	return strings.Replace(strconv.FormatFloat(f, 'E', -1, bits), "E+", "E", 1)
}
