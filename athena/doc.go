// Package athena reads history on S3 by Amazon Athena: callbacks, load files and logs by day, and any SQL that reads.
package athena
