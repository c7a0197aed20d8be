// Command citool reads the events of go test -json and says how many contract and incident tests ran.
//
//	go test -json -run '^Test(Contract|Incident)' ./... | go run ./internal/citool -shared ../shared
//
// These tests measure the project against documents and recorded incidents that live beside the checkout. Where the
// folder is absent they skip, which is no fault. Where it is there, a skipped test, or none at all, is a failure.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	shared := flag.String("shared", "../shared", "folder with the documents and incidents; if it exists, nothing may skip")
	flag.Parse()

	tally, err := read(os.Stdin)
	if err == nil {
		_, absent := os.Stat(*shared)
		fmt.Print(tally.report())
		err = tally.verdict(absent == nil)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "citool:", err)
		os.Exit(1)
	}
}
