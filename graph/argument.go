package graph

import (
	"errors"
	"fmt"
	"time"
)

const deepestArg = 16

// checkArg refuses what the driver would refuse with the value in its error, or take apart by reflection.
func checkArg(v any, depth int) error {
	if depth > deepestArg {
		return errors.New("it is nested too deep; make it flatter")
	}
	switch v := v.(type) {
	case nil, bool, string, int, int8, int16, int32, int64, uint8, uint16, uint32, float32, float64, []byte, time.Time,
		[]string, []int, []int64, []float64, []bool:
		return nil
	case []any:
		for _, one := range v {
			if err := checkArg(one, depth+1); err != nil {
				return err
			}
		}
		return nil
	case []map[string]any:
		for _, one := range v {
			if err := checkArg(one, depth+1); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		for _, one := range v {
			if err := checkArg(one, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("a value of the type %T; write text, numbers, bool, time.Time, or slices and maps of those", v)
}
