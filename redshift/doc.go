// Package redshift reads from Amazon Redshift over the protocol of PostgreSQL.
package redshift
