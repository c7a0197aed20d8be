package trino_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

// hugeWindow is a frame of zstd that asks for a window of 512 MiB and then holds one block of a repeated byte.
const hugeWindow = "\x28\xb5\x2f\xfd\x00\x98" + "\x02\x00\x10" + " " + "\x03\x00\x00" + " "

// It runs alone: it counts what is allocated.
func TestAFrameOfZstdCannotTakeMemoryByItsHeader(t *testing.T) { //nolint:paralleltest // it measures the process
	server := started(t)
	server.ReplyTo("bulk", trinotest.Bulk(10, 1))
	client := clientOf(t, server, func(c *trino.Config) { c.MaxPage = 1 << 20 })
	if err := client.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := fault.Status(http.StatusOK)
	f.Message, f.Header = hugeWindow, http.Header{"Content-Encoding": {"zstd"}}
	server.FailNext(f, 1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"}))
	runtime.ReadMemStats(&after)
	if base.KindOf(err) != base.KindTooLarge {
		t.Errorf("%v", err)
	}
	if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 32 {
		t.Errorf("%d bytes took %d MiB", len(hugeWindow), took)
	}
}

func TestAnswersComeInTheCompressionThatIsAskedFor(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("bulk", trinotest.Bulk(500, 4))
	for compression, asked := range map[string]string{"": "zstd, gzip", "zstd": "zstd", "gzip": "gzip", "none": "identity"} {
		client := clientOf(t, server, func(c *trino.Config) { c.Compression = compression })
		if n, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"})); n != 2000 || err != nil {
			t.Errorf("%q: %d rows, %v", compression, n, err)
		}
		all := server.Requests()
		if got := all[len(all)-1].Header.Get("Accept-Encoding"); got != asked {
			t.Errorf("%q: asked for %q", compression, got)
		}
	}
}

func TestADamagedAnswerSaysWhatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	var whole bytes.Buffer
	z := gzip.NewWriter(&whole)
	_, _ = z.Write([]byte(oneColumn("bigint", "[[1]]")))
	_ = z.Close()
	checksum := bytes.Clone(whole.Bytes())
	checksum[len(checksum)-8] ^= 1
	for body, want := range map[string]string{"no gzip at all": "gzip: invalid header", string(checksum): "gzip: invalid checksum"} {
		client := handler(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte(body))
		})
		_, err := client.Query(t.Context(), trino.Query{SQL: "SELECT 1"})
		if base.KindOf(err) != base.KindProtocol || !strings.Contains(err.Error(), "the answer does not decompress: "+want) ||
			!strings.Contains(err.Error(), "damaged on the way") {
			t.Errorf("%v", err)
		}
	}
}

func TestHintsNameTheSettingsOfThisClient(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server, func(c *trino.Config) { c.Plaintext = false })
	_, err := client.Query(t.Context(), trino.Query{SQL: "SELECT 1"})
	if err == nil || !strings.Contains(err.Error(), "check host, port and plaintext") || strings.Contains(err.Error(), "base URL") {
		t.Errorf("%v", err)
	}
}
