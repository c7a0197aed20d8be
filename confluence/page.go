package confluence

import (
	"encoding/json"
	"time"
)

// Page is one page. Zero fields were missing, null, or not asked for.
type Page struct {
	ID         string `json:"id"`
	Title      string `json:"title,omitempty"`
	Space      string `json:"space,omitempty"` // key
	SpaceID    string `json:"space_id,omitempty"`
	Status     string `json:"status,omitempty"` // current, archived, draft, ...
	URL        string `json:"url,omitempty"`    // for a person
	ParentID   string `json:"parent_id,omitempty"`
	ParentType string `json:"parent_type,omitempty"` // page, folder, ...

	AuthorID string    `json:"author_id,omitempty"`
	OwnerID  string    `json:"owner_id,omitempty"`
	Created  time.Time `json:"created,omitzero"`
	Version  Version   `json:"version,omitzero"`
	Labels   []string  `json:"labels,omitempty"`

	// Body is the text as Markdown. Format is what it was made of: atlas_doc_format, storage or view; empty = no body came.
	Body   string `json:"body,omitempty"`
	Format string `json:"format,omitempty"`
	// Sections are the headings of the body in their order, without their texts: Page.Section gives one whole.
	Sections []Section `json:"sections,omitempty"`

	Extras map[string]json.RawMessage `json:"extras,omitempty"` // fields that are not known
	Notes  []string                   `json:"notes,omitempty"`  // doubts about what came
}

// Version is one state of a page.
type Version struct {
	Number   int       `json:"number,omitempty"` // from 1
	At       time.Time `json:"at,omitzero"`
	AuthorID string    `json:"author_id,omitempty"`
	Message  string    `json:"message,omitempty"`
	Minor    bool      `json:"minor,omitempty"`
}

// Section is a part of a page under a heading.
type Section struct {
	Level  int    `json:"level"`  // 1 to 6
	Title  string `json:"title"`  // without the marks of Markdown
	Anchor string `json:"anchor"` // the title in small letters with hyphens; a second one of the same ends in -2
	Body   string `json:"body,omitempty"`
}

// Child is a page below another one.
type Child struct {
	ID       string `json:"id"`
	Title    string `json:"title,omitempty"`
	Status   string `json:"status,omitempty"`
	SpaceID  string `json:"space_id,omitempty"`
	Position int    `json:"position,omitempty"` // among its siblings
}

// Hit is a page, or something else, that a search found.
type Hit struct {
	ID        string    `json:"id,omitempty"`
	Type      string    `json:"type,omitempty"` // page, blogpost, attachment, comment, ...
	Title     string    `json:"title"`
	Space     string    `json:"space,omitempty"` // key
	SpaceName string    `json:"space_name,omitempty"`
	Status    string    `json:"status,omitempty"`
	URL       string    `json:"url,omitempty"`     // for a person
	Excerpt   string    `json:"excerpt,omitempty"` // plain text around what matched
	Updated   time.Time `json:"updated,omitzero"`
	Labels    []string  `json:"labels,omitempty"`
	Why       string    `json:"why,omitempty"` // of ServiceDocs: what put it into its group
}
