// Package history is the vocabulary of what lies in tables by day: callbacks to customers, the files that brought a load, the
// steps of carriers' files, and the names of the tables and columns that hold them. Sources of history share it.
package history

import (
	"time"

	"github.com/fourkites/sources/base"
)

// Callback is one call of a customer's endpoint. Its fields are not the table's columns: rows of a statement of
// one's own go into a struct of one's own.
type Callback struct {
	ID          string    `json:"id,omitempty"`
	Time        time.Time `json:"time"`
	TrackingID  string    `json:"tracking_id,omitempty"`
	LoadNumber  string    `json:"load_number,omitempty"`
	CompanyID   string    `json:"company_id,omitempty"`
	ConfigID    string    `json:"config_id,omitempty"`
	MessageType string    `json:"message_type,omitempty"`
	URL         string    `json:"url,omitempty"`
	Status      string    `json:"status,omitempty"` // of HTTP, as the table holds it
	Delivered   bool      `json:"delivered"`        // the status is 2xx
	Error       string    `json:"error,omitempty"`
	Date        string    `json:"date"` // the partition
}

// Delivery selects callbacks by their end.
type Delivery string

// The customer's endpoint answered 2xx, or anything else, nothing included.
const (
	AnyDelivery  Delivery = ""
	Delivered    Delivery = "delivered"
	NotDelivered Delivery = "not_delivered"
)

// CallbacksOptions says which callbacks are wanted. Every condition that is set must hold. Window is required.
type CallbacksOptions struct {
	Window      base.Window `json:"window"`
	TrackingID  string      `json:"tracking_id,omitempty"`
	LoadNumber  string      `json:"load_number,omitempty"`
	CompanyID   string      `json:"company_id,omitempty"`
	MessageType string      `json:"message_type,omitempty"`
	Delivery    Delivery    `json:"delivery,omitempty"`
	OldestFirst bool        `json:"oldest_first,omitempty"` // default: newest first
	Limit       int         `json:"limit,omitempty"`        // 0 = Config.MaxRows, negative = none, never above the operator's cap
}
