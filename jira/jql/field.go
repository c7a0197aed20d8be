package jql

import "strconv"

// Field is one that a search may name. The zero Field is none, and is refused.
type Field struct {
	name string
	text bool // searched by ~
	list bool // compared by = and IN
}

// The fields that every site has.
var (
	Project        = Field{name: "project", list: true}
	Key            = Field{name: "key", list: true}
	Type           = Field{name: "issuetype", list: true}
	Status         = Field{name: "status", list: true}
	StatusCategory = Field{name: "statusCategory", list: true}
	Priority       = Field{name: "priority", list: true}
	Resolution     = Field{name: "resolution", list: true}
	Labels         = Field{name: "labels", list: true}
	Component      = Field{name: "component", list: true}
	FixVersion     = Field{name: "fixVersion", list: true}
	Affected       = Field{name: "affectedVersion", list: true}
	Parent         = Field{name: "parent", list: true}
	Assignee       = Field{name: "assignee", list: true}
	Reporter       = Field{name: "reporter", list: true}
	Creator        = Field{name: "creator", list: true}

	Text        = Field{name: "text", text: true} // all fields of text and the comments
	Summary     = Field{name: "summary", text: true}
	Description = Field{name: "description", text: true}
	Comment     = Field{name: "comment", text: true}
	Environment = Field{name: "environment", text: true}

	Created  = Field{name: "created"}
	Updated  = Field{name: "updated"}
	Resolved = Field{name: "resolved"}
	Due      = Field{name: "due"}
)

// Custom is the custom field with that number, as in customfield_10010.
func Custom(number uint64) Field {
	return Field{name: "cf[" + strconv.FormatUint(number, 10) + "]", text: true, list: true}
}

// String is the field's name in a search.
func (f Field) String() string { return f.name }
