// Package rows is the tabular answer that every query language gives: typed columns in batches, read as batches, as
// rows, or as the caller's own structs.
//
// A source implements [Cursor] and hands out [Rows]. A caller reads them in one of these ways, each of which closes
// them at its end:
//
//	for load, err := range rows.ToStruct[Load](r) { … }     // one struct per row, columns matched to fields
//	loads, err := rows.Collect(r, rows.ToStruct[Load])      // all of them in one slice
//	for batch, err := range r.Batches() { … }               // the columns as they arrive, nothing copied
//	for row, err := range r.All() { … }                     // values by position or name
//	for r.Next() { err = r.Scan(&id, &name) }; err = r.Err() // one row at a time; the caller closes
//
// An iterator that ends without an error has yielded everything that matched. One that was stopped by a cap yields, last
// of all, a *base.IncompleteError that errors.Is finds as base.ErrTruncated.
package rows
