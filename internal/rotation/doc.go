// Package rotation rotates the credential of every source while calls run, and counts what that costs: no call may fail, no
// connection and no goroutine may be left.
//
// It is tests only. Against fakes, which check the credential, they always run; against real servers where INTEGRATION=1
// says so. The table that the test logs has a row for each source, store and server.
package rotation
