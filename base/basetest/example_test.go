package basetest_test

import (
	"fmt"
	"testing"

	"github.com/fourkites/sources/base/basetest"
	"github.com/fourkites/sources/base/fault"
)

// A source's test gives its harness to Run, which runs each row as a sub-test.
func ExampleRun() {
	harness := basetest.Harness{
		Family:    basetest.HTTP,
		New:       newDocuments, // a fake and a client for it, made as the row's Settings say
		Secrets:   []string{planted},
		Transient: fault.Status(503),
		Skip:      map[string]string{"F41": "the client only reads"},
	}
	testPromises := func(t *testing.T) { basetest.Run(t, harness) } // func TestTheClientKeepsThePromisesOfEverySource
	fmt.Println(testPromises != nil, harness.Skip["F41"])
	// Output: true the client only reads
}
