// Package canary plants secrets and searches everything that a program says for them.
//
// A [Set] makes secrets that are long, random and full of letters that encodings change. Its Sweep finds each of them in
// a text, or twelve letters in a row of one: raw, percent-encoded, escaped for JSON, Go or HTML, in any three of these
// around each other, in base64 wherever the secret begins in a longer text, in hexadecimal, and as the numbers of its
// bytes. SweepValue prints a value, or the tree of an error, in every way in which programs print, and sweeps that.
package canary
