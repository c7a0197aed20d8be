package history

import "github.com/fourkites/sources/base"

// FilesOptions says which rows of a load are wanted. TrackingID and Window are required; the window counts by its days.
type FilesOptions struct {
	TrackingID  string      `json:"tracking_id"`
	Window      base.Window `json:"window"`
	OldestFirst bool        `json:"oldest_first,omitempty"` // by day; default: newest first
	Limit       int         `json:"limit,omitempty"`        // 0 = Config.MaxRows, negative = none, never above the operator's cap
}

// LoadFile is one row about a file that brought a load, by API or otherwise.
type LoadFile struct {
	TrackingID string         `json:"tracking_id"`
	Date       string         `json:"date"`   // the partition
	Fields     map[string]any `json:"fields"` // all other columns, as the table has them; no NULLs
}

// Location is one step of a carrier's file on its way to a location: file, worker, outcome.
type Location struct {
	TrackingID string         `json:"tracking_id"`
	Date       string         `json:"date"`   // the partition
	Fields     map[string]any `json:"fields"` // all other columns, as the table has them; no NULLs
}
