// Package archtest holds the rules of the house that a compiler does not check, as tests: who may import whom, what
// must be documented, how long a file may be, which third-party modules a package may pull into a user's program.
//
// It reads source text, so it works on whatever packages are there, also while one of them does not compile.
package archtest
