package fkapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
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
	d, err := readOwn(data)
	if err != nil {
		return fmt.Errorf("company: %w", err)
	}
	*c = readCompany(d)
	c.Notes = d.doubts(c.Notes)
	return nil
}

func readCompany(d document) Company {
	c := Company{
		Notes: d.unfold(), ID: d.text("id"), Permalink: d.text("permalink"), Name: d.text("name", "companyName"),
		Type: d.text("type", "companyType"), Status: d.text("status"), Active: optionalFlag(d, "active", "isActive"),
		SCACs: d.texts("scacs", "allScacs", "scac"), CreatedAt: d.time("createdAt", "created_at"),
	}
	c.Extras = d.extras()
	return c
}

func optionalFlag(d document, names ...string) *bool {
	if v, known := d.flag(names...); known {
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
	d, err := readOwn(data)
	if err != nil {
		return fmt.Errorf("relationship: %w", err)
	}
	*r = readRelationship(d)
	return nil
}

func readRelationship(d document) Relationship {
	r := Relationship{
		Notes: d.unfold(), ID: d.text("id"), Active: optionalFlag(d, "active"), Status: d.text("status"),
		AllowTracking: optionalFlag(d, "allowTracking", "allow_tracking"), ExternalID: d.text("externalId", "external_id"),
		AllSCACs: d.texts("allScacs", "all_scacs"), Type: d.text("relationshipType", "relationship_type"),
		CreatedAt: d.time("createdAt", "created_at"),
	}
	if inner, ok := d.object("targetCompany", "target_company"); ok {
		r.Target = readCompany(inner)
	}
	files, _ := d.objects("superFileConfigurations", "super_file_configurations")
	for _, inner := range files {
		r.SuperFiles = append(r.SuperFiles, readSuperFile(inner))
	}
	r.Extras = d.extras()
	r.Notes = d.doubts(r.Notes)
	return r
}

func readSuperFile(d document) SuperFile {
	d.unfold()
	f := SuperFile{ID: d.text("id")}
	for n := 1; n <= 4; n++ {
		if inner, ok := d.object(fmt.Sprintf("identifier%d", n)); ok {
			f.Identifiers = append(f.Identifiers, Identifier{
				Position: n, Key: inner.text("key"), Type: inner.text("type"), Regex: inner.text("regex"),
			})
		}
	}
	kept, _ := d.objects("identifiers")
	for _, inner := range kept {
		f.Identifiers = append(f.Identifiers, Identifier{
			Position: inner.count("position"), Key: inner.text("key"), Type: inner.text("type"), Regex: inner.text("regex"),
		})
	}
	f.Extras = d.extras()
	return f
}

// Live reports whether the status is "live", in any spelling.
func (r Relationship) Live() bool { return strings.EqualFold(strings.TrimSpace(r.Status), "live") }

// isTrue takes what the service does not say for false.
func isTrue(v *bool) bool { return v != nil && *v }
