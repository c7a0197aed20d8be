package athenatest

import (
	"cmp"
	"crypto/md5" //nolint:gosec // what S3 makes an ETag of
	"encoding/hex"
	"encoding/xml"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

// bucket is the objects under one name.
type bucket struct {
	owner   string
	denied  bool // to readers
	sealed  bool // to Athena, which writes
	objects map[string]object
}

type object struct {
	body    []byte
	changed time.Time
	etag    string
	of      *execution // whose file it is; nil = none
}

// AddBucket makes a bucket of [Account], unless it is there.
func (s *Server) AddBucket(name string) { s.AddBucketOf(Account, name) }

// AddBucketOf makes a bucket of another account.
func (s *Server) AddBucketOf(account, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[name] == nil {
		s.buckets[name] = &bucket{owner: account, objects: map[string]object{}}
	}
}

// DenyBucket has S3 answer 403 AccessDenied to whoever reads from the bucket; false lets them in again.
func (s *Server) DenyBucket(name string, denied bool) {
	s.change(name, func(b *bucket) { b.denied = denied })
}

// SealBucket has queries fail that write their results to the bucket; false lets them write again.
func (s *Server) SealBucket(name string, sealed bool) {
	s.change(name, func(b *bucket) { b.sealed = sealed })
}

// PutObject puts an object into a bucket that is there, or another in its place: its ETag changes with its content.
func (s *Server) PutObject(name, key string, body []byte) {
	s.change(name, func(b *bucket) { b.objects[key] = s.object(body, b.objects[key].of) })
}

// DeleteObject takes an object away.
func (s *Server) DeleteObject(name, key string) {
	s.change(name, func(b *bucket) { delete(b.objects, key) })
}

// Object is the content of an object; nil if there is none.
func (s *Server) Object(name, key string) []byte {
	var body []byte
	s.change(name, func(b *bucket) { body = slices.Clone(b.objects[key].body) })
	return body
}

// Objects are the keys of a bucket, in order.
func (s *Server) Objects(name string) []string {
	var keys []string
	s.change(name, func(b *bucket) { keys = slices.Sorted(maps.Keys(b.objects)) })
	return keys
}

// OmitMetadata has results laid without their .metadata from now on; false lays it again.
func (s *Server) OmitMetadata(omit bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bare = omit
}

// change works on a bucket after the queries that have ended by now have laid their files.
func (s *Server) change(name string, work func(*bucket)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running(s.now())
	if b := s.buckets[name]; b != nil {
		work(b)
	}
}

// object is content with its tag. The caller holds the lock.
func (s *Server) object(body []byte, of *execution) object {
	sum := md5.Sum(body) //nolint:gosec // as above
	return object{body: slices.Clone(body), changed: s.now(), etag: `"` + hex.EncodeToString(sum[:]) + `"`, of: of}
}

// cutLocation takes s3://bucket/key apart.
func cutLocation(location string) (bucket, key string, ok bool) {
	rest, ok := strings.CutPrefix(location, "s3://")
	bucket, key, _ = strings.Cut(rest, "/")
	return bucket, key, ok && bucket != ""
}

// lay writes the files of a result; false says that the bucket does not let it. The caller holds the lock.
func (s *Server) lay(e *execution) bool {
	name, key, _ := cutLocation(e.location)
	b := s.buckets[name]
	if b == nil || b.sealed {
		return false
	}
	b.objects[key] = s.object(e.result.file(), e)
	if !s.bare {
		b.objects[key+".metadata"] = s.object([]byte("\x0a\x04fake"+e.id), e)
	}
	return true
}

// serveObject answers S3's requests.
func (s *Server) serveObject(w http.ResponseWriter, r *http.Request) {
	action := map[string]string{http.MethodGet: "GetObject", http.MethodHead: "HeadObject"}[r.Method]
	s.record(Request{At: time.Now(), Action: action, Method: r.Method, Path: r.URL.EscapedPath(), Header: r.Header.Clone()})
	s.dated(w)
	f, strikes := s.objects.Faults.NextAt(fault.OnRequest)
	if strikes {
		if code := objectCode(f); code != "" {
			a := denial(code, r)
			if f.Kind == fault.KindStatus {
				a.Status = f.Code
			}
			for header, values := range f.Header {
				a.Header[http.CanonicalHeaderKey(header)] = values
			}
			a.Write(w)
			return
		}
	}
	a, e := s.objectAnswer(r, action)
	if e != nil {
		if wire.Pause(r.Context(), e.reply.Pause) != nil {
			return
		}
		if own := s.struck(e); own != nil && !strikes {
			f, strikes = *own, true
		}
	}
	if strikes {
		var ok bool
		if a, ok = s.objects.Act(w, r, f, a); !ok {
			return
		}
	}
	a.Write(w)
}

// objectCode is the error of S3 that a fault stands for; empty where it is another kind of fault.
func objectCode(f fault.Fault) string {
	switch f.Kind {
	case fault.KindError:
		return "InternalError"
	case fault.KindWrongPassword:
		return "InvalidAccessKeyId"
	case fault.KindStatus:
		return cmp.Or(ofStatus[f.Code], "InternalError")
	}
	return ""
}

// ofStatus is the one error for a status that several have.
var ofStatus = map[int]string{
	http.StatusForbidden: "AccessDenied", http.StatusNotFound: "NoSuchKey", http.StatusPreconditionFailed: "PreconditionFailed",
	http.StatusRequestedRangeNotSatisfiable: "InvalidRange", http.StatusServiceUnavailable: "SlowDown",
	http.StatusBadRequest: "ExpiredToken", http.StatusMethodNotAllowed: "MethodNotAllowed",
}

// statuses are those of S3's errors.
var statuses = map[string]int{
	"AccessDenied": http.StatusForbidden, "NoSuchKey": http.StatusNotFound, "NoSuchBucket": http.StatusNotFound,
	"PreconditionFailed": http.StatusPreconditionFailed, "InvalidRange": http.StatusRequestedRangeNotSatisfiable,
	"SlowDown": http.StatusServiceUnavailable, "InternalError": http.StatusInternalServerError,
	"InvalidAccessKeyId": http.StatusForbidden, "SignatureDoesNotMatch": http.StatusForbidden,
	"RequestTimeTooSkewed": http.StatusForbidden, "ExpiredToken": http.StatusBadRequest, "MethodNotAllowed": http.StatusMethodNotAllowed,
}

// denial is an error of S3; to HEAD it has no body.
func denial(code string, r *http.Request) wire.Answer {
	a := wire.Answer{Status: statuses[code], Header: http.Header{"Content-Type": {"application/xml"}}}
	if r.Method == http.MethodHead {
		return a
	}
	a.Body, _ = xml.Marshal(struct {
		XMLName                 xml.Name `xml:"Error"`
		Code, Message, Resource string
	}{Code: code, Message: code, Resource: r.URL.Path})
	return a
}

// objectAnswer is the answer to a request, and the query whose file it is about.
func (s *Server) objectAnswer(r *http.Request, action string) (wire.Answer, *execution) {
	if action == "" {
		return denial("MethodNotAllowed", r), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if code := s.refusesObject(r); code != "" {
		return denial(code, r), nil
	}
	s.running(s.now())
	name, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	b := s.buckets[name]
	owner := r.Header.Get("X-Amz-Expected-Bucket-Owner")
	switch {
	case b == nil:
		return denial("NoSuchBucket", r), nil
	case b.denied, owner != "" && owner != b.owner:
		return denial("AccessDenied", r), nil
	}
	o, known := b.objects[key]
	if !known {
		return denial("NoSuchKey", r), nil
	}
	return o.answer(r), o.of
}

func (o object) answer(r *http.Request) wire.Answer {
	if match := r.Header.Get("If-Match"); match != "" && match != "*" && strings.Trim(match, `"`) != strings.Trim(o.etag, `"`) {
		return denial("PreconditionFailed", r)
	}
	a := wire.Answer{Status: http.StatusOK, Body: o.body, Header: http.Header{
		"Etag": {o.etag}, "Last-Modified": {o.changed.UTC().Format(http.TimeFormat)}, "Accept-Ranges": {"bytes"},
		"Content-Type": {"application/octet-stream"},
	}}
	size := len(o.body)
	from, to, ranged, ok := span(r.Header.Get("Range"), size)
	switch {
	case !ok:
		return denial("InvalidRange", r)
	case ranged:
		a.Status, a.Body = http.StatusPartialContent, o.body[from:to]
		a.Header.Set("Content-Range", "bytes "+strconv.Itoa(from)+"-"+strconv.Itoa(to-1)+"/"+strconv.Itoa(size))
	}
	a.Header.Set("Content-Length", strconv.Itoa(len(a.Body)))
	return a
}

// span reads a header Range. One that is not understood is left out of account, as by S3; ok is false for one that begins
// behind the end.
func span(header string, size int) (from, to int, ranged, ok bool) {
	first, last, found := strings.Cut(strings.TrimPrefix(header, "bytes="), "-")
	a, errA := strconv.Atoi(first)
	b, errB := strconv.Atoi(last)
	switch {
	case !strings.HasPrefix(header, "bytes=") || !found, errA != nil && first != "", errB != nil && last != "", first == "" && last == "":
		return 0, size, false, true
	case first == "":
		return max(0, size-b), size, true, b > 0 && size > 0
	case last == "":
		b = size - 1
	}
	if b < a {
		return 0, size, false, a < size || last == ""
	}
	return a, min(b+1, size), true, a < size
}
