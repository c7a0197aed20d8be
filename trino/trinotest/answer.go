package trinotest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// answer is one answer before it is sent.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// compressible is the length from which an answer is compressed.
const compressible = 2048

// write sends the answer, compressed if the client takes that and it is long.
func (a answer) write(w http.ResponseWriter, r *http.Request) {
	for name, values := range a.header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	body := a.body
	if encoding := accepted(r); encoding != "" && len(body) >= compressible && w.Header().Get("Content-Encoding") == "" {
		body = compress(encoding, body)
		w.Header().Set("Content-Encoding", encoding)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // the client may have gone
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
	return answer{http.StatusOK, http.Header{"Content-Type": {"application/json"}}, body}
}

// refusal is an answer in plain text, as the server gives when it is no statement that failed.
func refusal(status int, message string) answer {
	return answer{status, http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, []byte(message)}
}
