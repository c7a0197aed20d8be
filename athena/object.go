package athena

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/fourkites/sources/base"
)

const (
	partSize  = 16 << 20 // bytes of one request
	partAhead = 2        // parts that are fetched while one is read
)

// object is the file of an answer in S3, read in parts that are fetched ahead. All of them must be of the same state of the
// file, by its ETag and its size; each is one guarded call.
type object struct {
	client      *Client
	op          *base.Op
	id          string // of the query
	bucket, key string

	cancel context.CancelFunc
	all    sync.WaitGroup
	parts  chan chan part // in order; closed after the last
	etag   string
	size   int64
}

type part struct {
	bytes []byte
	err   error
}

// bucketForm is the name of a bucket. In its place the SDK would take the ARN of something else, and ask another host.
var bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// location takes s3://bucket/key apart.
func location(text string) (bucket, key string, ok bool) {
	rest, ok := strings.CutPrefix(text, "s3://")
	bucket, key, _ = strings.Cut(rest, "/")
	return bucket, key, ok && key != "" && bucketForm.MatchString(bucket)
}

// fetch begins to fetch the file. The parts end with the context, or by close.
func (o *object) fetch(ctx context.Context) {
	ctx, o.cancel = context.WithCancel(ctx)
	o.parts = make(chan chan part, partAhead)
	first := make(chan part, 1)
	o.parts <- first
	o.all.Go(func() {
		defer close(o.parts)
		b, err := o.part(ctx, 0)
		first <- part{b, err}
		if err != nil {
			return
		}
		for from := int64(len(b)); from < o.size; from += partSize {
			next := make(chan part, 1)
			select {
			case o.parts <- next:
			case <-ctx.Done():
				return
			}
			o.all.Go(func() {
				b, err := o.part(ctx, from)
				next <- part{b, err}
			})
		}
	})
}

// next is the next part; io.EOF after the last.
func (o *object) next(ctx context.Context) ([]byte, error) {
	select {
	case waiting, more := <-o.parts:
		if !more {
			if err := ctx.Err(); err != nil {
				return nil, context.Cause(ctx)
			}
			return nil, io.EOF
		}
		select {
		case p := <-waiting:
			return p.bytes, p.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// close ends what is under way and waits for it.
func (o *object) close() {
	o.cancel()
	o.all.Wait()
}

// part is the part that begins there, in one guarded call.
func (o *object) part(ctx context.Context, from int64) ([]byte, error) {
	return base.Do(ctx, o.client.guard, o.op, func(ctx context.Context) ([]byte, error) {
		b, err := request(ctx, o.client, func(ctx context.Context, s *service) ([]byte, error) { return o.get(ctx, s, from) })
		return b, withQuery(err, o.id)
	})
}

func (o *object) get(ctx context.Context, s *service, from int64) ([]byte, error) {
	in := &s3.GetObjectInput{
		Bucket: &o.bucket, Key: &o.key, ExpectedBucketOwner: optional(o.client.config.BucketOwner),
		Range: aws.String(fmt.Sprintf("bytes=%d-%d", from, from+partSize-1)),
	}
	if from > 0 {
		in.IfMatch = &o.etag
	}
	out, err := s.objects.GetObject(ctx, in)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Body.Close() }()
	size, err := sizeOf(out, from)
	if err != nil {
		return nil, err
	}
	want := min(partSize, size-from)
	if err := o.same(from, size, want, out); err != nil {
		return nil, err
	}
	b := make([]byte, want)
	n, err := io.ReadFull(out.Body, b)
	if err != nil {
		return nil, fmt.Errorf("part of the file of the results after %d of %d bytes: %w", n, want, err)
	}
	return b, nil
}

// same holds a part to the state of the file that the first one saw.
func (o *object) same(from, size, want int64, out *s3.GetObjectOutput) error {
	etag := aws.ToString(out.ETag)
	switch {
	case want <= 0:
		return &fileError{"is empty, and not even the names of the columns stand there", cutShort}
	case aws.ToInt64(out.ContentLength) != want:
		return &fileError{fmt.Sprintf("came as %d bytes where %d were asked for", aws.ToInt64(out.ContentLength), want), cutShort}
	case from == 0 && etag == "" && size > want:
		return &fileError{"has no ETag, so nothing would tell that it was changed while it is read", changed}
	case from == 0:
		o.etag, o.size = etag, size
	case etag != o.etag, size != o.size:
		return &fileError{fmt.Sprintf("was changed while it was read: it had %d bytes and has %d", o.size, size), changed}
	}
	return nil
}

// sizeOf is the size of the whole file, of which an answer is the part that begins there.
func sizeOf(out *s3.GetObjectOutput, from int64) (int64, error) {
	if out.ContentRange == nil && from == 0 { // a store that does not know ranges gave all of it
		return aws.ToInt64(out.ContentLength), nil
	}
	place, total, _ := strings.Cut(aws.ToString(out.ContentRange), "/")
	size, err := strconv.ParseInt(total, 10, 64)
	if err != nil || size < 0 {
		return 0, malformed("a part whose range does not tell the size of the file")
	}
	if !strings.HasPrefix(place, fmt.Sprintf("bytes %d-", from)) {
		return 0, malformed("a part of %s where that from byte %d on was asked for", told([]byte(place)), from)
	}
	return size, nil
}
