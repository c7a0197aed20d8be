// Package fault names the ways in which a source can fail, so that every fake can be told to fail in the same words
// and every test of every source reads alike.
//
// A [Fault] is a small value that says what goes wrong; a [Plan] is the list of faults that a fake works through. The
// package knows no protocol: each fake acts a fault out in its own (a [Reset] is a TCP reset everywhere, an [Error] is
// an exception packet, a SQLSTATE or an HTTP status), and says in its documentation which kinds it cannot act out.
package fault
