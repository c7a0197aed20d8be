package wire_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

func TestWhatIsWrittenIsCutOrSlow(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		fault fault.Fault
		want  string
		err   error
	}{
		{fault.Fault{}, "one two", nil},
		{fault.Slow(2, time.Microsecond), "one two", nil},
		{fault.Cut(5), "one t", wire.ErrShaped},
		{fault.Cut(0), "", wire.ErrShaped},
		{fault.Cut(100), "one two", nil},
	} {
		near, far := net.Pipe()
		read := make(chan string, 1)
		go func() {
			all, _ := io.ReadAll(far)
			read <- string(all)
		}()
		w := wire.NewShaped(t.Context(), near)
		w.Shape(tc.fault)
		err := w.Send([]byte("one "))
		if err == nil {
			err = w.Send([]byte("two"))
		}
		_ = near.Close()
		if got := <-read; got != tc.want || !errors.Is(err, tc.err) {
			t.Errorf("%v: %q, %v", tc.fault, got, err)
		}
	}
}
