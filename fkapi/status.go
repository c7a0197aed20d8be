package fkapi

import (
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
