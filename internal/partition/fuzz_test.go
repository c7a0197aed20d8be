package partition

import (
	"strings"
	"testing"
)

func FuzzCursor(f *testing.F) {
	f.Add(cursorLogs.EncodePosition("12345678", &position{Nanos: 1, ID: "id"}))
	f.Fuzz(func(t *testing.T, cursor string) {
		at, err := cursorLogs.DecodePosition("12345678", cursor, maxCursor)
		if err == nil && !strings.ContainsRune(at.ID, '\uFFFD') && cursorLogs.EncodePosition("12345678", &at) != cursor {
			t.Errorf("%q is read as another cursor", cursor)
		}
	})
}
