package decimal_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/fourkites/sources/internal/decimal"
)

func FuzzShortFloatsAreReadAsGoReadsThem(f *testing.F) {
	for _, seed := range []string{"0", "-0", "0.5", "-12345.678", "999999999999999", ".5", "5.", "1e3", "NaN", "", "-", ".", "0.00000000000001", "123456789.12345"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := decimal.Float([]byte(text))
		if !ok {
			return
		}
		if want, err := strconv.ParseFloat(text, 64); err != nil || math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%q: %v and not %v, %v", text, got, want, err)
		}
	})
}

func TestShortNumbersAreReadAndOthersAreLeft(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"0": true, "-1.5": true, "123456.789": true, "999999999999999": true, "0.00000000000001": true,
		"": false, "-": false, ".": false, "1e3": false, "NaN": false, "1.2.3": false, "12345678901234567": false, "+1": false, " 1": false,
	} {
		if _, ok := decimal.Float([]byte(text)); ok != want {
			t.Errorf("%q: %v", text, ok)
		}
	}
}
