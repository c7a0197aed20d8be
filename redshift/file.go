package redshift

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/fourkites/sources/base"
)

var (
	opCarrierFiles = &base.Op{Name: "CarrierFiles", System: base.SystemDB}
	opLoadFiles    = &base.Op{Name: "LoadFiles", System: base.SystemDB}
)

// CarrierFile is one file that a carrier sent, with the records that name the load. Zero fields were NULL.
type CarrierFile struct {
	ID         string          `json:"id" db:"id"`
	S3Path     string          `json:"s3_file_path,omitempty" db:"s3_file_path"`
	Format     string          `json:"file_format,omitempty" db:"file_format"`
	DataSource string          `json:"data_source,omitempty" db:"data_source"`
	DataType   string          `json:"data_type,omitempty" db:"data_type"`
	Stage      string          `json:"stage,omitempty" db:"stage"`
	CreatedAt  time.Time       `json:"created_at,omitzero" db:"created_at"`
	Extras     map[string]any  `json:"extras,omitempty" db:",extras"`
	Records    []CarrierRecord `json:"records" db:"-"`
}

// CarrierRecord is one record of a carrier's file.
type CarrierRecord struct {
	FileID      string         `json:"file_id" db:"file_id"`
	Identifier1 string         `json:"load_identifier_1,omitempty" db:"load_identifier_1"`
	Identifier2 string         `json:"load_identifier_2,omitempty" db:"load_identifier_2"`
	Identifier3 string         `json:"load_identifier_3,omitempty" db:"load_identifier_3"`
	Identifier4 string         `json:"load_identifier_4,omitempty" db:"load_identifier_4"`
	Extras      map[string]any `json:"extras,omitempty" db:",extras"`
}

// LoadFile is one file that loads were created or updated from. Zero fields were NULL.
type LoadFile struct {
	Name      string         `json:"file_name" db:"file_name"`
	S3Path    string         `json:"s3_file_path,omitempty" db:"s3_file_path"`
	CreatedAt time.Time      `json:"created_at,omitzero" db:"created_at"`
	Extras    map[string]any `json:"extras,omitempty" db:",extras"`
}

// LoadFileRecord says that a file names a load.
type LoadFileRecord struct {
	FileName string         `json:"file_name" db:"file_name"`
	LoadID   string         `json:"load_id" db:"load_id"`
	Extras   map[string]any `json:"extras,omitempty" db:",extras"`
}

// CarrierFilesQuery asks for the carriers' files whose records name a load.
type CarrierFilesQuery struct {
	Identifiers []string `json:"identifiers" jsonschema:"how the carrier may name the load: load number, PRO number, reference numbers"`
	Limit       int      `json:"limit,omitempty" jsonschema:"files; default 100"`
}

const maxRecords = 1000

// CarrierFiles returns the carriers' files that have a record with one of the identifiers, the newest first, each with
// those records. No file means that no carrier has named the load so. When there are more files or records than were
// read, an *[base.IncompleteError] comes with them.
func (c *Client) CarrierFiles(ctx context.Context, q CarrierFilesQuery) ([]CarrierFile, error) {
	err := checkAll("identifiers", q.Identifiers, checkText)
	if len(q.Identifiers) == 0 {
		err = errors.New("identifiers: none is given; name the load")
	}
	if err != nil {
		return nil, c.invalid(opCarrierFiles, err)
	}
	records, cut, err := c.carrierRecords(ctx, q.Identifiers)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	s := newSelect(opCarrierFiles, c.tables.newLayout("carrier_files", c.tables.CarrierFiles))
	s.and(s.in("id", slices.Sorted(maps.Keys(records))))
	s.newest("created_at", "id")
	files, err := list[CarrierFile](ctx, c, s, c.limit(q.Limit, defaultLimit))
	for i := range files {
		files[i].Records = records[files[i].ID]
	}
	if err == nil && cut {
		err = base.NewIncomplete(base.Truncated, c.Name(), opCarrierFiles.Name, int64(len(files)), "more than 1,000 records match; give fewer identifiers", nil)
	}
	return files, err
}

// carrierRecords are the records that match, by the file that they are in.
func (c *Client) carrierRecords(ctx context.Context, identifiers []string) (map[string][]CarrierRecord, bool, error) {
	s := newSelect(opCarrierFiles, c.tables.newLayout("carrier_records", c.tables.CarrierRecords))
	s.and(s.oneOf([]string{"load_identifier_1", "load_identifier_2", "load_identifier_3", "load_identifier_4"},
		func(column string) string { return s.in(column, identifiers) }))
	s.newest("file_id")
	found, err := read[CarrierRecord](ctx, c, s, above(maxRecords))
	if err != nil {
		return nil, false, err
	}
	kept, more := first(found, maxRecords)
	byFile := map[string][]CarrierRecord{}
	for _, r := range kept {
		byFile[r.FileID] = append(byFile[r.FileID], r)
	}
	return byFile, more, nil
}

// LoadFiles returns the files that a load was created or updated from, the newest first. A load that came by the API
// has none.
func (c *Client) LoadFiles(ctx context.Context, trackingID string) ([]LoadFile, error) {
	if err := checkTrackingID("tracking_id", trackingID); err != nil {
		return nil, c.invalid(opLoadFiles, err)
	}
	s := newSelect(opLoadFiles, c.tables.newLayout("load_file_records", c.tables.LoadFileRecords))
	s.and(s.is("load_id", "=", trackingID))
	s.newest("file_name")
	records, err := read[LoadFileRecord](ctx, c, s, above(maxRecords))
	if err != nil || len(records) == 0 {
		return nil, err
	}
	kept, more := first(records, maxRecords)
	names := make([]string, len(kept))
	for i, r := range kept {
		names[i] = r.FileName
	}
	slices.Sort(names)
	s = newSelect(opLoadFiles, c.tables.newLayout("load_files", c.tables.LoadFiles))
	s.and(s.in("file_name", slices.Compact(names)))
	s.newest("created_at", "file_name")
	files, err := list[LoadFile](ctx, c, s, c.limit(0, defaultLimit))
	if err == nil && more {
		err = incomplete(c.Name(), opLoadFiles.Name, len(files), true)
	}
	return files, err
}
