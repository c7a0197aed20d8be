package trinotest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/fourkites/sources/internal/wire"
)

// answer is one answer before it is sent.
type answer wire.Answer

// compressible is the length from which an answer is compressed.
const compressible = 2048

// write sends the answer, compressed if the client takes that and it is long.
func (a answer) write(w http.ResponseWriter, r *http.Request) {
	if encoding := accepted(r); encoding != "" && len(a.Body) >= compressible && a.Header.Get("Content-Encoding") == "" {
		a.Body = compress(encoding, a.Body)
		w.Header().Set("Content-Encoding", encoding)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
	wire.Answer(a).Write(w)
}

func accepted(r *http.Request) string {
	for word := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		if word = strings.TrimSpace(word); word == "gzip" || word == "zstd" {
			return word
		}
	}
	return ""
}

func compress(encoding string, body []byte) []byte {
	var b bytes.Buffer
	if encoding == "zstd" {
		z, err := zstd.NewWriter(&b, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if err != nil {
			return body
		}
		_, _ = z.Write(body) // a buffer takes everything
		_ = z.Close()
		return b.Bytes()
	}
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	_, _ = z.Write(body) // a buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

func jsonAnswer(value any) answer {
	body, err := json.Marshal(value)
	if err != nil {
		return refusal(http.StatusInternalServerError, "the fake cannot encode its answer")
	}
	return answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
}

// refusal is an answer in plain text, as the server gives when it is no statement that failed.
func refusal(status int, message string) answer {
	return answer{Status: status, Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, Body: []byte(message)}
}
