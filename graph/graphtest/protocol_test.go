package graphtest_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/graph/graphtest"
)

const bolt54 = "6060b017" + "00000405" + "00000000" + "00000000" + "00000000"

// client speaks bytes.
type client struct {
	net.Conn
	t *testing.T
}

func dial(t *testing.T, server *graphtest.Server) client {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return client{c, t}
}

func (c client) bytes(text string) {
	c.t.Helper()
	data, err := hex.DecodeString(text)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.Write(data); err != nil {
		c.t.Fatal(err)
	}
}

// message sends one in one chunk.
func (c client) message(text string) {
	c.bytes("00" + hex.EncodeToString([]byte{byte(len(text) / 2)}) + text + "0000")
}

// answer is the tag of the next answer.
func (c client) answer() byte {
	c.t.Helper()
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		c.t.Fatal(err)
	}
	rest := make([]byte, int(head[0])<<8+int(head[1]))
	if _, err := io.ReadFull(c, rest); err != nil {
		c.t.Fatal(err)
	}
	return head[3]
}

func (c client) closed() bool {
	n, err := c.Read(make([]byte, 1))
	return n == 0 && err != nil
}

func packed(text string) string {
	return hex.EncodeToString([]byte{0x80 | byte(len(text))}) + hex.EncodeToString([]byte(text))
}

func token(password string) string {
	return "b16aa3" + packed("scheme") + packed("basic") + packed("principal") + packed(graphtest.DefaultUser) +
		packed("credentials") + "d0" + hex.EncodeToString([]byte{byte(len(password))}) + hex.EncodeToString([]byte(password))
}

const (
	hello    = "b101a0"
	pull     = "b13fa1816eff"
	reset    = "b00f"
	begin    = "b111a0"
	commit   = "b012"
	goodbye  = "b002"
	success  = 0x70
	ignored  = 0x7E
	failed   = 0x7F
	recorded = 0x71
)

func run(cypher string) string { return "b310" + packed(cypher) + "a0a0" }

// ready is a client that has logged in.
func ready(t *testing.T, server *graphtest.Server) client {
	t.Helper()
	c := dial(t, server)
	c.bytes(bolt54)
	version := make([]byte, 4)
	if _, err := io.ReadFull(c, version); err != nil || !bytes.Equal(version, []byte{0, 0, 4, 5}) {
		t.Fatalf("%x, %v", version, err)
	}
	c.message(hello)
	c.message(token(graphtest.DefaultPassword))
	if a, b := c.answer(), c.answer(); a != success || b != success {
		t.Fatalf("%x %x", a, b)
	}
	return c
}

func TestGarbageIsNoGreeting(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for name, text := range map[string]string{
		"another protocol":     hex.EncodeToString([]byte("GET / HTTP/1.1\r\n\r\n")),
		"half a greeting":      "6060b0",
		"no message":           bolt54 + "0003ffffff0000",
		"a chunk cut off":      bolt54 + "ffff01",
		"no structure":         bolt54 + "0001010000",
		"before HELLO":         bolt54 + "0002b00f0000",
		"RUN before HELLO":     bolt54 + "0006b310813aa0a00000",
		"a message of 4 GiB":   bolt54 + strings.Repeat("ffff"+strings.Repeat("00", 0xFFFF), 300),
		"a list without end":   bolt54 + "0005d6ffffffff0000",
		"goodbye before HELLO": bolt54 + "0002b0020000",
	} {
		c := dial(t, server)
		data, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write(data) // it may be cut within
		_ = c.Conn.(*net.TCPConn).CloseWrite()
		answer, _ := io.ReadAll(c)
		if len(answer) > 4 {
			t.Errorf("%s: answered %x", name, answer)
		}
	}
	eventually(t, func() bool { open, _ := server.Connections(); return open == 0 })
}

func TestNoVersionInCommonIsSaid(t *testing.T) {
	t.Parallel()
	c := dial(t, newServer(t))
	c.bytes("6060b017" + "00000006" + "00000003" + "00000000" + "00000000")
	got, err := io.ReadAll(c)
	if !bytes.Equal(got, []byte{0, 0, 0, 0}) || err != nil {
		t.Errorf("%x, %v", got, err)
	}
}

func TestTheBestVersionOfTheRangeIsTaken(t *testing.T) {
	t.Parallel()
	for proposal, want := range map[string]string{"00080805": "00000805", "00020305": "00000305", "00020404": "00000404", "00010905": "00000805"} {
		c := dial(t, newServer(t))
		c.bytes("6060b017" + "000001ff" + proposal + "00000000" + "00000000")
		got := make([]byte, 4)
		if _, err := io.ReadFull(c, got); err != nil || hex.EncodeToString(got) != want {
			t.Errorf("%s: %x, %v; want %s", proposal, got, err, want)
		}
	}
}

func TestAfterAFailureEverythingIsIgnoredUntilReset(t *testing.T) {
	t.Parallel()
	c := ready(t, newServer(t))
	c.message(run("nonsense"))
	got := []byte{c.answer()} // a RESET that is there already stops what comes before it
	for _, m := range []string{pull, begin, commit, reset, run("RETURN 1"), pull} {
		c.message(m)
	}
	for range 7 {
		got = append(got, c.answer())
	}
	if diff := cmp.Diff([]byte{failed, ignored, ignored, ignored, success, success, recorded, success}, got); diff != "" {
		t.Error(diff)
	}
	c.message(goodbye)
	if !c.closed() {
		t.Error("open after GOODBYE")
	}
}

func TestMessagesOutOfTurnAreFailures(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for name, messages := range map[string][]string{
		"PULL without RUN": {pull}, "COMMIT without BEGIN": {commit}, "ROLLBACK without BEGIN": {"b013"}, "an unknown message": {"b07a"},
		"HELLO again": {hello}, "LOGON again": {token("x")}, "BEGIN twice": {begin, begin}, "RUN while streaming": {run("RETURN 1"), run("RETURN 1")},
		"PULL of nothing": {run("RETURN 1"), "b13fa1816e00"},
	} {
		c := ready(t, server)
		var last byte
		for _, m := range messages {
			c.message(m)
			last = c.answer()
		}
		if last != failed {
			t.Errorf("%s: %x", name, last)
		}
	}
}

func TestResetStopsWhatRuns(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.ReplyTo("slow", graphtest.Reply{Fields: []string{"n"}, Records: [][]any{{1}}, Delay: time.Hour})
	c := ready(t, server)
	c.message(begin)
	c.message(run("slow"))
	c.answer()
	eventually(t, func() bool { return server.Running() == 1 })
	c.message(reset)
	if a, b := c.answer(), c.answer(); a != ignored || b != success {
		t.Errorf("%x %x", a, b)
	}
	if r := server.Requests()[0]; !r.Cancelled || !r.Finished || len(server.Transactions()) != 0 {
		t.Errorf("%+v, %v", r, server.Transactions())
	}
}

func TestAWrongPasswordEndsTheConnection(t *testing.T) {
	t.Parallel()
	c := dial(t, newServer(t))
	c.bytes(bolt54)
	_, _ = io.ReadFull(c, make([]byte, 4))
	c.message(hello)
	c.message(token("wrong"))
	if a, b := c.answer(), c.answer(); a != success || b != failed || !c.closed() {
		t.Errorf("%x %x", a, b)
	}
}

func TestSeveralAnswersAreReadInTurnsWithinOneTransaction(t *testing.T) {
	t.Parallel()
	c := ready(t, newServer(t))
	one := "b13fa2816e01" + packed("qid")
	discard := "b12fa2816eff" + packed("qid")
	for _, m := range []string{begin, run("UNWIND[1,2]ASa"), reset, begin} {
		c.message(m)
		c.answer()
	}
	longer := "b310d0" + hex.EncodeToString([]byte{byte(len("UNWIND [1, 2] AS a RETURN a"))}) + hex.EncodeToString([]byte("UNWIND [1, 2] AS a RETURN a")) + "a0a0"
	var got []byte
	for _, m := range []string{longer, longer, one + "00", one + "01", one + "00", discard + "01", commit} {
		c.message(m)
	}
	for range 10 {
		got = append(got, c.answer())
	}
	want := []byte{success, success, recorded, success, recorded, success, recorded, success, success, success}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
