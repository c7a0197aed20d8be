package clickhouse_test

import (
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/clickhouse"
)

// Without its settings a statement may have another answer, so they are never left out in silence.
func TestSettingsThatCannotBeSentAreAnErrorThatNamesThem(t *testing.T) {
	t.Parallel()
	_, c := readOnly(t, nil)
	for range 2 { // the first finds out what account it is
		q := clickhouse.Query{SQL: "SELECT 1", Settings: map[string]string{"max_threads": "1", "join_use_nulls": "1"}}
		_, err := c.Query(t.Context(), q)
		if base.KindOf(err) != base.KindPermission || !strings.Contains(err.Error(), "join_use_nulls, max_threads") {
			t.Error(err)
		}
	}
	if _, err := one(t, c, "SELECT 1", nil); err != nil {
		t.Error("without settings:", err)
	}
}
