//go:build !race

package race

// Enabled reports whether the race detector was built in.
const Enabled = false
