// Package engines installs, starts and stops real servers of ClickHouse, PostgreSQL, Trino, Neo4j, Redis, OpenBao (which
// answers as HashiCorp Vault does) and moto (which stands for AWS) and the browser Chromium for the integration tests, and
// puts a network with faults in front of servers.
//
// It is test support: only tests import it. A test asks for a server and gets one that answers:
//
//	server := engines.ClickHouse(t)
//	server.HTTPQuery(t, engines.UserDefault, engines.PasswordDefault, "CREATE TABLE ...")
//
// The server runs on free ports of 127.0.0.1 in a folder of its own and ends with the test. A test binary that can
// share one server calls Main from TestMain and asks Shared instead.
//
// Tests that ask are skipped unless INTEGRATION=1; with INTEGRATION=1 a server that cannot be installed or started
// fails the test. Installations are kept in the folder ENGINES_CACHE, by default fourkites-sources-engines in the
// user's cache folder.
package engines
