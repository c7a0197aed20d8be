package fkapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/document"
)

// Company is one company of the network. Zero fields were missing or null.
type Company struct {
	ID        string                     `json:"id,omitempty"`
	Permalink string                     `json:"permalink,omitempty"` // the key by which loads and relationships name it
	Name      string                     `json:"name,omitempty"`
	Type      string                     `json:"type,omitempty"`
	Status    string                     `json:"status,omitempty"`
	Active    *bool                      `json:"active,omitempty"` // nil = the service does not say
	SCACs     []string                   `json:"scacs,omitempty"`
	CreatedAt time.Time                  `json:"createdAt,omitzero"`
	Extras    map[string]json.RawMessage `json:"extras,omitempty"`
	Notes     []string                   `json:"notes,omitempty"`
}

// UnmarshalJSON reads a company of the service or its own encoding.
func (c *Company) UnmarshalJSON(data []byte) error {
	d, err := document.Own(data)
	if err != nil {
		return fmt.Errorf("company: %w", err)
	}
	*c = readCompany(d)
	c.Notes = d.Doubts(c.Notes)
	return nil
}

func readCompany(d document.Document) Company {
	c := Company{
		Notes: d.Unfold(), ID: d.Text("id"), Permalink: d.Text("permalink"), Name: d.Text("name", "companyName"),
		Type: d.Text("type", "companyType"), Status: d.Text("status"), Active: optionalFlag(d, "active", "isActive"),
		SCACs: d.Texts("scacs", "allScacs", "scac"), CreatedAt: d.Time("createdAt", "created_at"),
	}
	c.Extras = d.Extras()
	return c
}

func optionalFlag(d document.Document, names ...string) *bool {
	if v, known := d.Flag(names...); known {
		return &v
	}
	return nil
}

// Relationship is what one company has agreed with another.
type Relationship struct {
	ID            string                     `json:"id,omitempty"`
	Active        *bool                      `json:"active,omitempty"`        // nil = the service does not say
	Status        string                     `json:"status,omitempty"`        // "live" is good
	AllowTracking *bool                      `json:"allowTracking,omitempty"` // nil = the service does not say
	ExternalID    string                     `json:"externalId,omitempty"`
	AllSCACs      []string                   `json:"allScacs,omitempty"`
	SuperFiles    []SuperFile                `json:"superFileConfigurations,omitempty"`
	Target        Company                    `json:"targetCompany,omitzero"`
	Type          string                     `json:"relationshipType,omitempty"`
	CreatedAt     time.Time                  `json:"createdAt,omitzero"`
	Extras        map[string]json.RawMessage `json:"extras,omitempty"`
	Notes         []string                   `json:"notes,omitempty"`
}

// SuperFile says how the carrier's files name the loads of the relationship.
type SuperFile struct {
	ID          string                     `json:"id,omitempty"`
	Identifiers []Identifier               `json:"identifiers,omitempty"` // identifier1 to identifier4, those that are set
	Extras      map[string]json.RawMessage `json:"extras,omitempty"`
}

// Identifier is one column by which a file's record finds its load.
type Identifier struct {
	Position int    `json:"position"` // 1 to 4
	Key      string `json:"key,omitempty"`
	Type     string `json:"type,omitempty"`
	Regex    string `json:"regex,omitempty"`
}

// UnmarshalJSON reads a relationship of the service or its own encoding.
func (r *Relationship) UnmarshalJSON(data []byte) error {
	d, err := document.Own(data)
	if err != nil {
		return fmt.Errorf("relationship: %w", err)
	}
	*r = readRelationship(d)
	return nil
}

func readRelationship(d document.Document) Relationship {
	r := Relationship{
		Notes: d.Unfold(), ID: d.Text("id"), Active: optionalFlag(d, "active"), Status: d.Text("status"),
		AllowTracking: optionalFlag(d, "allowTracking", "allow_tracking"), ExternalID: d.Text("externalId", "external_id"),
		AllSCACs: d.Texts("allScacs", "all_scacs"), Type: d.Text("relationshipType", "relationship_type"),
		CreatedAt: d.Time("createdAt", "created_at"),
	}
	if inner, ok := d.Object("targetCompany", "target_company"); ok {
		r.Target = readCompany(inner)
	}
	files, _ := d.Objects("superFileConfigurations", "super_file_configurations")
	for _, inner := range files {
		r.SuperFiles = append(r.SuperFiles, readSuperFile(inner))
	}
	r.Extras = d.Extras()
	r.Notes = d.Doubts(r.Notes)
	return r
}

func readSuperFile(d document.Document) SuperFile {
	d.Unfold()
	f := SuperFile{ID: d.Text("id")}
	for n := 1; n <= 4; n++ {
		if inner, ok := d.Object(fmt.Sprintf("identifier%d", n)); ok {
			f.Identifiers = append(f.Identifiers, Identifier{
				Position: n, Key: inner.Text("key"), Type: inner.Text("type"), Regex: inner.Text("regex"),
			})
		}
	}
	kept, _ := d.Objects("identifiers")
	for _, inner := range kept {
		f.Identifiers = append(f.Identifiers, Identifier{
			Position: inner.Count("position"), Key: inner.Text("key"), Type: inner.Text("type"), Regex: inner.Text("regex"),
		})
	}
	f.Extras = d.Extras()
	return f
}

// Live reports whether the status is "live", in any spelling.
func (r Relationship) Live() bool { return strings.EqualFold(strings.TrimSpace(r.Status), "live") }

// isTrue takes what the service does not say for false.
func isTrue(v *bool) bool { return v != nil && *v }
