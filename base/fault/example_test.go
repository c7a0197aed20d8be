package fault_test

import (
	"fmt"

	"github.com/fourkites/sources/base/fault"
)

func ExamplePlan() {
	var plan fault.Plan
	plan.Add(fault.Error(241, "memory limit exceeded"), 1)
	plan.Add(fault.Cut(64), 1)
	for {
		f, ok := plan.Next()
		if !ok {
			break
		}
		fmt.Println(f)
	}
	// Output:
	// error 241
	// cut after 64 bytes
}
