package canary_test

import (
	"fmt"

	"github.com/fourkites/sources/internal/canary"
)

func Example() {
	set := canary.New("example")
	password := set.Password("Config.Password")
	for _, leak := range set.Sweep("the log", fmt.Sprintf("level=ERROR cause=%q", "refused "+password)) {
		fmt.Println(leak.Where, leak.Field)
	}
	fmt.Println(set.Tally().Found)
	// Output:
	// the log Config.Password
	// 1
}
