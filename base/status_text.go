package base

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
)

// verdict is the state of the whole in one sentence.
func (r statusReport) verdict() string {
	var ill []string
	for _, s := range r.Sources {
		if s.State != Ready {
			name := shortName(s.Source)
			if s.Optional {
				name += " (optional)"
			}
			ill = append(ill, name+" is "+s.State.String())
		}
	}
	all := len(r.Sources)
	switch {
	case all == 0:
		return "No source is watched."
	case len(ill) == 0 && all == 1:
		return "The one source is ready."
	case len(ill) == 0:
		return fmt.Sprintf("All %d sources are ready.", all)
	}
	ready := all - len(ill)
	const named = 3
	if more := len(ill) - named; more > 0 {
		ill = append(ill[:named], fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("Ready: %d of %d. %s.", ready, all, strings.Join(ill, ", "))
}

// shortName keeps a long name from filling the sentence.
func shortName(name string) string {
	const most = 40
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return name
}

// reason says why a source is in its state, and what it is short of.
func (s sourceStatus) reason() string {
	var parts []string
	if text := s.cause(); text != "" {
		parts = append(parts, text)
	}
	if a := s.Activity; a != nil {
		switch {
		case a.Waiting == 1:
			parts = append(parts, "1 call waits for a permit")
		case a.Waiting > 1:
			parts = append(parts, number(a.Waiting)+" calls wait for a permit")
		}
		if a.QuotaWait > 0 {
			parts = append(parts, "the source's quota is used up")
		}
		if a.Unasked > 0 && a.UnaskedAge < remembered {
			parts = append(parts, "the shared limit could not be asked")
		}
	}
	return strings.Join(parts, "; ")
}

// remembered is for how long the page speaks of a shared limit that could not be asked: a source with few calls has no
// other sign that it can.
const remembered = time.Minute

func (s sourceStatus) cause() string {
	after := ""
	if s.Kind != KindUnknown {
		after = ": " + s.Kind.String()
	}
	switch {
	case s.State == Unproven:
		return "no call has told anything yet"
	case s.State == Ready:
		return ""
	case s.Breaker == "open":
		return "breaker open" + after
	case s.Breaker == "half-open":
		return "breaker is trying the source again" + after
	case s.ProbeErr != KindUnknown && s.ProbeErr == s.Kind:
		return "the last probe failed" + after
	case s.State == Down:
		return "the client was closed"
	}
	return "the last call failed" + after
}

// statusForms are how the page writes numbers; its script writes them alike.
var statusForms = template.FuncMap{
	"span": spanText, "since": agoText, "count": countText, "number": number, "permits": permitsText, "used": usedText, "budget": budgetText, "quota": quotaText,
	"ago": func(d *time.Duration, none string) string {
		if d == nil {
			return none
		}
		return agoText(*d)
	},
}

// twoDigits keeps one decimal of a small number.
func twoDigits(n float64) string {
	if n < 9.95 {
		return strings.TrimSuffix(strconv.FormatFloat(n, 'f', 1, 64), ".0")
	}
	return strconv.FormatFloat(math.Round(n), 'f', 0, 64)
}

// spanText is a length of time with its units, in as many digits as are read at a glance.
func spanText(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 0.005:
		return "0 ms"
	case ms < 0.995:
		return strconv.FormatFloat(ms, 'f', 2, 64) + " ms"
	case ms < 999.5:
		return twoDigits(ms) + " ms"
	case ms < 59_950:
		return twoDigits(ms/1000) + " s"
	}
	s := int(math.Round(ms / 1000))
	switch {
	case s < 3600:
		return pair(s/60, "min", s%60, "s")
	case s < 24*3600:
		return pair(s/3600, "h", s/60%60, "min")
	}
	return pair(s/3600/24, "d", s/3600%24, "h")
}

func pair(large int, unit string, small int, part string) string {
	text := strconv.Itoa(large) + " " + unit
	if small > 0 {
		text += " " + strconv.Itoa(small) + " " + part
	}
	return text
}

func agoText(d time.Duration) string {
	if d < time.Second {
		return "just now"
	}
	return spanText(d.Truncate(time.Second)) + " ago"
}

func number(n int) string { return countText(int64(n)) }

// countText sets the thousands apart.
func countText(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

func usedText(a *Activity) string {
	if a == nil {
		return "–"
	}
	if a.Permits > 0 {
		return countText(a.PermitsUsed) + " of " + countText(a.Permits)
	}
	return countText(a.PermitsUsed)
}

func permitsText(a *Activity) string {
	if a != nil && a.Permits == 0 {
		return usedText(a) + ", no bound"
	}
	return usedText(a)
}

func quotaText(a *Activity) string {
	switch {
	case a == nil:
		return "–"
	case a.QuotaWait > 0:
		return spanText(a.QuotaWait)
	}
	return "not closed"
}

func budgetText(a *Activity) string {
	switch {
	case a == nil:
		return "–"
	case a.RetryBudget == nil:
		return "no bound"
	}
	return twoDigits(a.RetryBudget.Tokens) + " of " + twoDigits(a.RetryBudget.Most) + " left"
}
