package fkapi

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// LoadStatus is the state of a load in one word.
type LoadStatus string

// The states that are known. A word that is not among them is kept, in the same spelling.
const (
	StatusAwaitingTrackingInfo LoadStatus = "awaiting_tracking_info"
	StatusTrackingInfoAssigned LoadStatus = "tracking_info_assigned"
	StatusTracking             LoadStatus = "tracking"
	StatusAtPickup             LoadStatus = "at_pickup"
	StatusPartiallyPickedUp    LoadStatus = "partially_picked_up"
	StatusPickedUp             LoadStatus = "picked_up"
	StatusAtTerminal           LoadStatus = "at_terminal"
	StatusLineHaul             LoadStatus = "line_haul"
	StatusOutForDelivery       LoadStatus = "out_for_delivery"
	StatusAtConsignee          LoadStatus = "at_consignee"
	StatusPartiallyDelivered   LoadStatus = "partially_delivered"
	StatusDelivered            LoadStatus = "delivered"
	StatusExpired              LoadStatus = "expired"
)

// LoadStatuses lists the known states in the order of a load's life.
func LoadStatuses() []LoadStatus {
	return []LoadStatus{
		StatusAwaitingTrackingInfo, StatusTrackingInfoAssigned, StatusTracking, StatusAtPickup, StatusPartiallyPickedUp,
		StatusPickedUp, StatusAtTerminal, StatusLineHaul, StatusOutForDelivery, StatusAtConsignee, StatusPartiallyDelivered,
		StatusDelivered, StatusExpired,
	}
}

// Known reports whether the state is one of LoadStatuses.
func (s LoadStatus) Known() bool { return slices.Contains(LoadStatuses(), s) }

// doubts is a note on a word that is not known, with the nearest known one if it is near. The service may know more
// words than are known here, so the word is no error.
func (s LoadStatus) doubts() []string {
	word := ParseLoadStatus(string(s))
	if word == "" || word.Known() {
		return nil
	}
	note := fmt.Sprintf("status: %q is none of the words that are known", word)
	nearest := slices.MinFunc(LoadStatuses(), func(a, b LoadStatus) int { return distance(word, a) - distance(word, b) })
	if distance(word, nearest) <= 1+len(word)/4 {
		note += fmt.Sprintf("; the nearest is %q", nearest)
	}
	return []string{note}
}

// distance is how many letters must be put in, taken out or changed to make one word of the other.
func distance(a, b LoadStatus) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal, row[j+1] = row[j+1], min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// ParseLoadStatus spells a state in one way: "Awaiting Tracking Info", "AWAITING-TRACKING-INFO" and
// "awaitingTrackingInfo" are awaiting_tracking_info.
func ParseLoadStatus(text string) LoadStatus { return LoadStatus(snake(text)) }

// snake spells words in lower case with underscores between them.
func snake(text string) string {
	var b strings.Builder
	gap, lower := false, false
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			gap, lower = b.Len() > 0, false
			continue
		}
		if gap || (lower && unicode.IsUpper(r)) {
			b.WriteByte('_')
		}
		gap, lower = false, unicode.IsLower(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
