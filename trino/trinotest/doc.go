// Package trinotest is a Trino coordinator in process, for tests of programs that use the trino package. It speaks the
// statement protocol over HTTP or HTTPS: queueing, pages, errors within pages, prepared statements, gzip and zstd,
// spooled segments with acknowledgement, cancelling by DELETE. It keeps what it was asked, fails on demand, and answers
// from its memory what it was given: scripted replies first, then its tables.
//
// The tables are answered truly for the shape of statement that the trino package sends: one table, conditions, an order
// and a limit; DESCRIBE, SHOW CATALOGS, SCHEMAS and TABLES; system.runtime.queries; EXPLAIN in outline. There are no
// joins, no groups and no sub-queries: script a reply for such a statement.
//
// Where it differs from the real server: a statement has run before its first page is asked for; statistics hold the
// number of rows and little else; times compare by instant whatever their zone; there are no roles, no resource groups
// and no access control but user and password; session properties are recorded, and query_max_run_time is not held.
// Only the regular expressions of Go are known.
package trinotest
