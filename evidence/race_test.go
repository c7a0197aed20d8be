//go:build race

package evidence_test

// raced says that the race detector is on, which makes a search through recorded incidents ten times slower.
const raced = true
