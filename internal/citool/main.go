// Command citool reads the events of go test -json and says how many contract and incident tests ran.
//
//	go test -json -run '^Test(Contract|Incident)' ./... | go run ./internal/citool -shared ../shared
//
// These tests measure the project against documents and recorded incidents that live beside the checkout. Where the
// folder is absent they skip, which is no fault. Where it is there, a skipped test, or none at all, is a failure.
//
// With -budgets it reads what go test -bench prints instead and fails where a benchmark misses its budget. With -real it
// reads nothing, and prints the arguments with which go test runs the tests that ask for a real server, and no others.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	shared := flag.String("shared", "../shared", "folder with the documents and incidents; if it exists, nothing may skip")
	budgeted := flag.Bool("budgets", false, "read the results of benchmarks and check their budgets")
	real := flag.Bool("real", false, "print the arguments of go test for the tests that ask for a real server")
	flag.Parse()

	var err error
	switch {
	case *real:
		err = choose(".")
	case *budgeted:
		err = spend(os.Stdin)
	default:
		err = count(os.Stdin, *shared)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "citool:", err)
		os.Exit(1)
	}
}

func count(in io.Reader, shared string) error {
	tally, err := read(in)
	if err != nil {
		return err
	}
	_, absent := os.Stat(shared)
	fmt.Print(tally.report())
	return tally.verdict(absent == nil)
}

func spend(in io.Reader) error {
	all, err := measure(in)
	if err != nil {
		return err
	}
	report, err := all.check(budgets)
	fmt.Print(report)
	return err
}
