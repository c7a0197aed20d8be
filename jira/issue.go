package jira

import (
	"encoding/json"
	"time"
)

// Issue is one ticket. Zero fields were missing, null, or not asked for.
type Issue struct {
	ID             string `json:"id,omitempty"`
	Key            string `json:"key,omitempty"`
	URL            string `json:"url,omitempty"` // for a person; empty where only the cloud id of the site is known
	Project        string `json:"project,omitempty"`
	ProjectName    string `json:"project_name,omitempty"`
	Type           string `json:"type,omitempty"`
	Status         string `json:"status,omitempty"`
	StatusCategory string `json:"status_category,omitempty"` // To Do, In Progress or Done, in the site's language
	Priority       string `json:"priority,omitempty"`
	Resolution     string `json:"resolution,omitempty"`

	Summary     string `json:"summary,omitempty"`
	Description string `json:"description,omitempty"` // Markdown
	Environment string `json:"environment,omitempty"` // Markdown

	Reporter User      `json:"reporter,omitzero"`
	Assignee User      `json:"assignee,omitzero"`
	Creator  User      `json:"creator,omitzero"`
	Created  time.Time `json:"created,omitzero"`
	Updated  time.Time `json:"updated,omitzero"`
	Resolved time.Time `json:"resolved,omitzero"`
	Due      time.Time `json:"due,omitzero"` // a day, as midnight UTC

	Labels           []string `json:"labels,omitempty"`
	Components       []string `json:"components,omitempty"`
	FixVersions      []string `json:"fix_versions,omitempty"`
	AffectedVersions []string `json:"affected_versions,omitempty"`
	Parent           string   `json:"parent,omitempty"` // key

	// Comments are those that came with the issue, which may be fewer than CommentsTotal: Client.Comments gives all.
	Comments      []Comment    `json:"comments,omitempty"`
	CommentsTotal int          `json:"comments_total,omitempty"`
	Attachments   []Attachment `json:"attachments,omitempty"`
	Links         []IssueLink  `json:"links,omitempty"`

	Custom map[string]json.RawMessage `json:"custom,omitempty"` // custom fields by name
	Extras map[string]json.RawMessage `json:"extras,omitempty"` // fields that are not known, by id
	// MovedFrom is the key that was asked for, where the issue has another one now.
	MovedFrom string   `json:"moved_from,omitempty"`
	Notes     []string `json:"notes,omitempty"` // doubts about what came
}

// User is one account. An account that is deleted or hidden has no more than its id.
type User struct {
	AccountID string `json:"account_id,omitempty"`
	Name      string `json:"name,omitempty"`
	Email     string `json:"email,omitempty"`
	TimeZone  string `json:"time_zone,omitempty"` // as America/Chicago
	Active    *bool  `json:"active,omitempty"`    // nil = the site does not say
}

// Comment is one comment.
type Comment struct {
	ID       string    `json:"id,omitempty"`
	Author   User      `json:"author,omitzero"`
	Body     string    `json:"body,omitempty"` // Markdown
	Created  time.Time `json:"created,omitzero"`
	Updated  time.Time `json:"updated,omitzero"`
	Internal bool      `json:"internal,omitempty"` // of a service desk, not shown to customers
	Notes    []string  `json:"notes,omitempty"`
}

// Attachment is a file of an issue without its content, which Client.AttachmentContent gives.
type Attachment struct {
	ID       string    `json:"id,omitempty"`
	Filename string    `json:"filename,omitempty"`
	MimeType string    `json:"mime_type,omitempty"`
	Size     int64     `json:"size,omitempty"` // bytes, as the site says
	Author   User      `json:"author,omitzero"`
	Created  time.Time `json:"created,omitzero"`
}

// IssueLink leads to another issue.
type IssueLink struct {
	Type      string `json:"type,omitempty"`      // as "Blocks"
	Direction string `json:"direction,omitempty"` // how this issue stands to the other, as "is blocked by"
	Key       string `json:"key,omitempty"`
	Summary   string `json:"summary,omitempty"`
	Status    string `json:"status,omitempty"`
}

// Change is one field that somebody changed.
type Change struct {
	ID       string    `json:"id,omitempty"` // of the entry of the history, which may hold several
	Author   User      `json:"author,omitzero"`
	At       time.Time `json:"at,omitzero"`
	Field    string    `json:"field,omitempty"`
	FieldID  string    `json:"field_id,omitempty"` // empty for what apps record
	From     string    `json:"from,omitempty"`     // an id, where the field has ids
	FromText string    `json:"from_text,omitempty"`
	To       string    `json:"to,omitempty"`
	ToText   string    `json:"to_text,omitempty"`
}

// RemoteLink leads out of Jira.
type RemoteLink struct {
	ID           string `json:"id,omitempty"`
	Relationship string `json:"relationship,omitempty"`
	Title        string `json:"title,omitempty"`
	URL          string `json:"url,omitempty"`
	Summary      string `json:"summary,omitempty"`
	Application  string `json:"application,omitempty"`
	Resolved     bool   `json:"resolved,omitempty"`
}

// PullRequest is one that names the issue, as the code host told Jira.
type PullRequest struct {
	ID          string    `json:"id,omitempty"`
	Title       string    `json:"title,omitempty"`
	URL         string    `json:"url,omitempty"`
	Status      string    `json:"status,omitempty"` // OPEN, MERGED, DECLINED
	Repository  string    `json:"repository,omitempty"`
	Author      string    `json:"author,omitempty"`
	Source      string    `json:"source,omitempty"`      // branch
	Destination string    `json:"destination,omitempty"` // branch
	Updated     time.Time `json:"updated,omitzero"`
}
