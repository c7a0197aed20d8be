// Package statuspage holds the tests of base.StatusHandler in a real browser. They are here, and not in base, so that
// nothing that drives a browser comes near base.
package statuspage
