package evidence_test

import (
	"testing"

	"github.com/fourkites/sources/internal/engines"
)

func TestMain(m *testing.M) { engines.Main(m) }
