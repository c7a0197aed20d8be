// Package warehouse lets the questions of package evidence ask a warehouse: it makes sources of loads of what package
// redshift reads.
//
//	answer, err := evidence.LoadMetadata(ctx, id, tracking, warehouse.Loads(client), warehouse.Validations(client))
//
// It is a package of its own so that evidence needs no driver of a warehouse: who imports this one compiles that of
// Redshift and the SDK of AWS.
//
// What the warehouse has and a load has no field for is kept in its Extras; what was read from a column that says
// something else by its name, or was not taken over, its Notes say. Times are in UTC.
package warehouse
