package redshift

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// checkArgs refuses what the protocol cannot bind, or what would be bound as something else.
func checkArgs(args []any) error {
	for i, arg := range args {
		if why := badArg(arg); why != "" {
			return fmt.Errorf("args[%d] ($%d): %s", i, i+1, why)
		}
	}
	return nil
}

func badArg(arg any) string {
	switch v := arg.(type) {
	case nil, bool, int, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, []byte, time.Time, driver.Valuer:
		return ""
	case string:
		switch {
		case strings.Contains(v, "\x00"):
			return "holds a NUL byte, which no text of the server can have"
		case !utf8.ValidString(v):
			return "is not UTF-8"
		}
		return ""
	}
	return fmt.Sprintf("a %T cannot be bound; give text, a number, a bool or a time, one parameter for each value", arg)
}
