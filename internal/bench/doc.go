// Package bench compares the module with its peers, in one run each. It is a module of its own, so that the peers never
// enter a user's module graph.
package bench
