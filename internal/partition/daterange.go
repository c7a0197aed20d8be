package partition

import (
	"fmt"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
)

const maxRangeDays = 366

// DateRange reads two days, both included, or a number of days until now.
func DateRange(text string, now time.Time) (base.Window, error) {
	text = strings.TrimSpace(text)
	bad := fmt.Errorf("date_range: %.60q is not a range of days; write it as 2025-01-01..2025-01-31, or 7d", text)
	days := 0
	if n, err := fmt.Sscanf(text, "%dd", &days); n == 1 && err == nil && text == fmt.Sprintf("%dd", days) {
		if days < 1 || days > maxRangeDays {
			return base.Window{}, bad
		}
		now = now.UTC().Truncate(time.Second).Add(time.Second)
		return base.Window{From: now.AddDate(0, 0, -days), To: now}, nil
	}
	first, last := text, text
	for _, sign := range []string{"..", "/", ",", " to "} {
		if a, b, ok := strings.Cut(text, sign); ok {
			first, last = strings.TrimSpace(a), strings.TrimSpace(b)
			break
		}
	}
	from, err := time.Parse(time.DateOnly, first)
	if err != nil {
		return base.Window{}, bad
	}
	to, err := time.Parse(time.DateOnly, last)
	if err != nil || to.Before(from) {
		return base.Window{}, bad
	}
	return base.Window{From: from, To: to.AddDate(0, 0, 1)}, nil
}
