// Package race tells tests whether the race detector watches them. It makes code five to twenty times slower, and looks for
// the same races however often a loop goes round: a test of volume makes fewer rounds under it.
package race

// Of is the number of rounds to make: all of them, or few under the race detector.
func Of(all, few int) int {
	if Enabled {
		return few
	}
	return all
}
