package clickhouse

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"
	"github.com/go-faster/city"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/loopback"
)

// answering is a server that greets and then answers the first query with what is given.
func answering(t *testing.T, greeting []byte, answer func(io.Writer)) string {
	t.Helper()
	return loopback.Serve(t, func(c net.Conn) {
		buf := make([]byte, 64<<10)
		_, _ = c.Read(buf)
		_, _ = c.Write(greeting)
		for { // hello's addendum and query may come in one piece or in two
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			if n > 1 {
				break
			}
		}
		answer(c)
		loopback.Mute(c)
	})
}

func greetingOf(revision int) []byte {
	var b proto.Buffer
	proto.ServerCodeHello.Encode(&b)
	b.PutString("x")
	b.PutInt(23)
	b.PutInt(1)
	b.PutInt(revision)
	b.PutString("UTC")
	b.PutString("x")
	b.PutInt(1)
	return b.Buf
}

func hostileClient(t *testing.T, addr string, edit func(*Config)) *Client {
	t.Helper()
	cfg := Config{Addresses: []string{addr}, Password: secret.Literal("hunter2hunter2"), Compression: "none", Limits: base.Limits{Retries: -1}}
	if edit != nil {
		edit(&cfg)
	}
	c, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// frameOf is a compressed frame whose checksum holds, whatever it says.
func frameOf(method byte, size int, data []byte) []byte {
	f := make([]byte, frameSum+frameHead, frameSum+frameHead+len(data))
	f[frameSum] = method
	binary.LittleEndian.PutUint32(f[frameSum+1:], uint32(len(data)+frameHead))
	binary.LittleEndian.PutUint32(f[frameSum+5:], uint32(size))
	f = append(f, data...)
	sum := city.CH128(f[frameSum:])
	binary.LittleEndian.PutUint64(f, sum.Low)
	binary.LittleEndian.PutUint64(f[8:], sum.High)
	return f
}

// zstdBomb becomes 128 KiB per block of four bytes, whatever its frame announces.
func zstdBomb(blocks int) []byte {
	z := []byte{0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38}
	for i := range blocks {
		last := byte(0)
		if i == blocks-1 {
			last = 1
		}
		z = append(z, 0x02|last, 0x00, 0x10, 0x00)
	}
	return z
}

// allocated is how many bytes f took in all. Tests that ask do not run beside others.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

func TestNoFrameIsBelieved(t *testing.T) { //nolint:paralleltest // it measures memory
	whole := bytes.Repeat([]byte("row "), 1000)
	w := compress.NewWriter(0, compress.LZ4)
	if err := w.Compress(whole); err != nil {
		t.Fatal(err)
	}
	good := bytes.Clone(w.Data)
	z := compress.NewWriter(0, compress.ZSTD)
	if err := z.Compress(whole); err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(good)
	damaged[len(damaged)-1] ^= 1
	large := frameOf(frameLZ4, maxFrame, nil)
	binary.LittleEndian.PutUint32(large[frameSum+1:], maxFrame)
	for name, test := range map[string]struct {
		wire   []byte
		method compress.Method
		want   string
	}{
		"lz4": {good, compress.LZ4, ""}, "none": {frameOf(frameNone, len(whole), whole), compress.LZ4, ""},
		"zstd as asked": {z.Data, compress.ZSTD, ""}, "lz4 although zstd was asked": {good, compress.ZSTD, ""},
		"zstd unasked": {z.Data, compress.LZ4, "not asked for"}, "no method": {frameOf(7, 1, []byte{1}), compress.LZ4, "not asked for"},
		"a bomb unasked": {frameOf(frameZSTD, 100, zstdBomb(12288)), compress.LZ4, "not asked for"},
		"a bomb":         {frameOf(frameZSTD, 100, zstdBomb(12288)), compress.ZSTD, "size"},
		"damaged":        {damaged, compress.LZ4, "checksum"},
		"too large":      {frameOf(frameLZ4, maxFrame+1, []byte{1}), compress.LZ4, "a frame of"},
		"a head alone":   {large, compress.LZ4, "EOF"},
		"a large lie":    {frameOf(frameLZ4, maxFrame, []byte{1, 2, 3}), compress.LZ4, "cannot hold"},
		"none that lies": {frameOf(frameNone, maxFrame, []byte{1}), compress.LZ4, "cannot hold"},
		"no head":        {frameOf(frameLZ4, 1, nil)[:20], compress.LZ4, "EOF"},
	} {
		var got []byte
		var err error
		took := allocated(func() {
			f := newFrames(newInput(bytes.NewReader(test.wire)), test.method)
			f.limit = 256 << 20
			got = make([]byte, len(whole))
			_, err = io.ReadFull(f, got)
		})
		if test.want == "" && (err != nil || !bytes.Equal(got, whole)) || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if took > 8<<20 {
			t.Errorf("%s took %d MB", name, took>>20)
		}
	}
	f := newFrames(newInput(bytes.NewReader(good)), compress.LZ4)
	f.limit = len(whole) - 1
	if _, err := f.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "believed") {
		t.Errorf("a frame above the bound of its block: %v", err)
	}
	f.raw, f.data = make([]byte, keepBuffer+1), make([]byte, keepBuffer+1)
	if f.trim(); f.raw != nil || f.data != nil {
		t.Error("an idle connection keeps large buffers")
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(frameOf(frameLZ4, 4, []byte{0x40, 'r', 'o', 'w', ' '}), true)
	f.Add(frameOf(frameNone, 2, []byte("ab")), false)
	f.Add(frameOf(frameZSTD, 100, zstdBomb(3)), true)
	f.Fuzz(func(t *testing.T, wire []byte, asked bool) {
		if len(wire) > frameSum+frameHead { // without a right checksum nothing is looked at
			sum := city.CH128(wire[frameSum:])
			binary.LittleEndian.PutUint64(wire, sum.Low)
			binary.LittleEndian.PutUint64(wire[8:], sum.High)
		}
		method := compress.LZ4
		if asked {
			method = compress.ZSTD
		}
		frames := newFrames(newInput(bytes.NewReader(wire)), method)
		frames.limit = 1 << 20
		if n, _ := io.Copy(io.Discard, frames); n > 1<<20 {
			t.Fatalf("%d bytes above the bound", n)
		}
	})
}

func blockHead(columns, n int, name, typ string) []byte {
	var b proto.Buffer
	proto.BlockInfo{BucketNum: -1}.Encode(&b)
	b.PutInt(columns)
	b.PutInt(n)
	for range max(1, min(columns, 1000)) {
		b.PutString(name)
		b.PutString(typ)
		b.PutBool(false)
	}
	return b.Buf
}

func TestNoBlockTakesMoreThanIsBelieved(t *testing.T) { //nolint:paralleltest // it measures memory
	wide := "Tuple(Int8" + strings.Repeat(",Int8", 12_000) + ")"
	zeros := io.MultiReader(bytes.NewReader(blockHead(1, 8<<20, "c", "Nothing")), io.LimitReader(zeroReader{}, 8<<20))
	for name, src := range map[string]io.Reader{
		"bare NULLs": zeros, "many types": bytes.NewReader(blockHead(200, 0, "c", wide)),
	} {
		var err error
		took := allocated(func() {
			in := newInput(src)
			in.budget = 16 << 20
			answer := table{zone: time.UTC}
			_, err = answer.block(in, revision)
		})
		if _, ok := errors.AsType[*malformedError](err); !ok || took > 48<<20 {
			t.Errorf("%s: %v after %d MB", name, err, took>>20)
		}
	}
	for want, bytes := range map[int]int64{maxBlock: -1, 384 << 20: 0, 129 << 20: 1 << 20} {
		c := hostileClient(t, "127.0.0.1:1", func(c *Config) { c.MaxBytes = bytes })
		if got := c.blockLimit(); got != want {
			t.Errorf("max_bytes %d: a block of %d is believed, want %d", bytes, got, want)
		}
	}
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestAServerThatOnlySaysHowFarItIsIsLeft(t *testing.T) {
	t.Parallel()
	var packet proto.Buffer
	proto.ServerCodeProgress.Encode(&packet)
	for range 6 {
		packet.PutInt(1)
	}
	some := bytes.Repeat(packet.Buf, 1_000)
	for name, first := range map[string]bool{"from the start": false, "after a row": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			saying := func(hurry <-chan time.Time) string { // the pace decides which bound is met first: packets or time
				return answering(t, greetingOf(revision), func(w io.Writer) {
					if first {
						_, _ = w.Write(append([]byte{byte(proto.ServerCodeData), 0}, append(blockHead(1, 1, "c", "UInt8"), 1)...))
					}
					for {
						if _, err := w.Write(some); err != nil {
							return
						}
						select {
						case <-hurry:
						case <-t.Context().Done():
							return
						}
					}
				})
			}
			pace := time.NewTicker(5 * time.Millisecond)
			defer pace.Stop()
			addr := saying(pace.C)
			c := hostileClient(t, addr, func(c *Config) { c.MaxExecution = base.Duration(50 * time.Millisecond) })
			c.account.Store(int32(accountBare)) // no grace
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			r, err := c.Query(ctx, Query{SQL: "SELECT 1"})
			if err == nil {
				for r.Next() {
				}
				err = r.Err()
			}
			if !errors.Is(err, errOvertime) || base.KindOf(err) != base.KindQuotaExceeded {
				t.Errorf("%v", err)
			}
			atOnce := make(chan time.Time)
			close(atOnce)
			patient := hostileClient(t, saying(atOnce), func(c *Config) { c.MaxExecution = -1 })
			if r, err = patient.Query(ctx, Query{SQL: "SELECT 1"}); err == nil {
				for r.Next() {
				}
				err = r.Err()
			}
			if _, ok := errors.AsType[*malformedError](err); !ok {
				t.Errorf("without max_execution: %v", err)
			}
		})
	}
}

func exceptionOf(code int, name, message string) []byte {
	var b proto.Buffer
	proto.ServerCodeException.Encode(&b)
	b.PutInt32(int32(code))
	b.PutString(name)
	b.PutString(message)
	b.PutString("stack")
	b.PutBool(false)
	return b.Buf
}

func TestAPasswordIsInNoPartOfAServersError(t *testing.T) {
	t.Parallel()
	const password = "hunter2hunter2"
	for name, form := range map[string]string{
		"raw": password, "base64": base64.StdEncoding.EncodeToString([]byte(password)), "hex": hex.EncodeToString([]byte(password)),
		"base64 of user:password": base64.StdEncoding.EncodeToString([]byte("default:" + password)),
		"capital hex":             strings.ToUpper(hex.EncodeToString([]byte(password))), "escapes": "%68unter2hunter2",
		"every byte":         "%" + strings.Join(strings.Split(fmt.Sprintf("% x", password), " "), "%"),
		"a hidden character": "hunter2\u200bhunter2", "a NUL": "hunter2\x00hunter2", "broken text": password + "\xff",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := exceptionOf(60, "DB::"+form, "no: "+form)
			for _, addr := range []string{
				answering(t, said, func(io.Writer) {}),
				answering(t, greetingOf(revision), func(w io.Writer) { _, _ = w.Write(said) }),
			} {
				_, err := hostileClient(t, addr, nil).Query(t.Context(), Query{SQL: "SELECT 1"})
				e, ok := errors.AsType[*ServerError](err)
				if !ok || e.Code != 60 {
					t.Fatal(err)
				}
				for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), e.Name, e.Message, e.Error()} {
					if strings.Contains(text, form) && form != "%68unter2hunter2" || strings.Contains(text, password) {
						t.Errorf("it shows in %q", text)
					}
				}
			}
		})
	}
}

func TestAWrongPortIsSaidToBeOne(t *testing.T) {
	t.Parallel()
	web, secure := httptest.NewUnstartedServer(http.NotFoundHandler()), httptest.NewUnstartedServer(http.NotFoundHandler())
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.Config.ErrorLog = web.Config.ErrorLog
	web.Start()
	t.Cleanup(web.Close)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	closing := answering(t, []byte{}, nil)
	for name, test := range map[string]struct {
		addr   string
		secure bool
	}{
		"HTTP": {web.Listener.Addr().String(), false}, "HTTPS": {secure.Listener.Addr().String(), false},
		"TLS to HTTP": {web.Listener.Addr().String(), true}, "TLS to a port that hangs up": {hangsUp(t), true},
		"a port that hangs up": {hangsUp(t), false}, "silence": {closing, false}, "TLS to silence": {closing, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, limits := range []base.Limits{{Attempt: base.Duration(300 * time.Millisecond)}, {Timeout: base.Duration(300 * time.Millisecond)}} {
				limits.Retries = -1
				c := hostileClient(t, test.addr, func(c *Config) { c.Secure, c.Limits = test.secure, limits })
				r, err := c.Query(t.Context(), Query{SQL: "SELECT 1"})
				if err == nil {
					_ = r.Close()
				}
				if err == nil || !strings.Contains(err.Error(), "9000") || !strings.Contains(err.Error(), "9440") {
					t.Errorf("%v", err)
				}
			}
		})
	}
}

// hangsUp is a server that reads a little and closes.
func hangsUp(t *testing.T) string {
	t.Helper()
	return loopback.Serve(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 64<<10)) })
}

func TestAnAddressThatRefusesIsNamedOnce(t *testing.T) {
	t.Parallel()
	nobody := loopback.Nobody(t)
	err := hostileClient(t, nobody, nil).Ping(t.Context())
	if err == nil || strings.Count(err.Error(), nobody) != 1 {
		t.Errorf("%v", err)
	}
}

func TestAParameterWithoutAValueIsNamed(t *testing.T) {
	t.Parallel()
	addr := answering(t, greetingOf(revision), func(w io.Writer) {
		_, _ = w.Write(exceptionOf(456, "DB::Exception", "DB::Exception: Substitution `service` is not set"))
	})
	_, err := hostileClient(t, addr, nil).Query(t.Context(), Query{SQL: "SELECT {service:String}", Args: map[string]any{"servcie": "x", "a": 1}})
	if err == nil || !strings.Contains(err.Error(), "args[service]") || !strings.Contains(err.Error(), "a, servcie") {
		t.Errorf("%v", err)
	}
}
