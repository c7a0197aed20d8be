package redshift_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/redshift"
)

func bound(b *pgproto3.Backend) {
	b.Send(&pgproto3.ParseComplete{})
	b.Send(&pgproto3.BindComplete{})
}

func TestAnAnswerThatIsNotWholeIsAnErrorOfTheProtocol(t *testing.T) {
	t.Parallel()
	begun := func(b *pgproto3.Backend) {
		describe(b, oidInt4)
		row(b, "1")
	}
	for what, answer := range map[string]func(*pgproto3.Backend){
		"no end":          begun,
		"another count":   func(b *pgproto3.Backend) { begun(b); complete(b, "SELECT 9000") },
		"a count of none": func(b *pgproto3.Backend) { begun(b); complete(b, "SELECT 0") },
		"no count":        func(b *pgproto3.Backend) { begun(b); complete(b, "SELECT x") },
		"a piece":         func(b *pgproto3.Backend) { begun(b); b.Send(&pgproto3.PortalSuspended{}) },
		"no statement":    func(b *pgproto3.Backend) { bound(b); b.Send(&pgproto3.EmptyQueryResponse{}) },
		"no columns":      func(b *pgproto3.Backend) { bound(b); b.Send(&pgproto3.NoData{}); complete(b, "DROP TABLE") },
		"no answer":       bound,
		"no description":  func(b *pgproto3.Backend) { bound(b); row(b, "1"); complete(b, "SELECT 1") },
		"two descriptions": func(b *pgproto3.Backend) {
			begun(b)
			begun(b)
			complete(b, "SELECT 2")
		},
		"two answers": func(b *pgproto3.Backend) {
			begun(b)
			complete(b, "SELECT 1")
			begun(b)
			complete(b, "SELECT 1")
		},
		"two ends":       func(b *pgproto3.Backend) { begun(b); complete(b, "SELECT 1"); complete(b, "SELECT 1") },
		"rows behind it": func(b *pgproto3.Backend) { begun(b); complete(b, "SELECT 1"); row(b, "2") },
		"copied out": func(b *pgproto3.Backend) {
			b.Send(&pgproto3.CopyOutResponse{})
			b.Send(&pgproto3.CopyData{Data: []byte("1")})
			b.Send(&pgproto3.CopyDone{})
		},
		"a copy asked for":  func(b *pgproto3.Backend) { b.Send(&pgproto3.CopyInResponse{}) },
		"a login behind it": func(b *pgproto3.Backend) { b.Send(&pgproto3.AuthenticationOk{}) },
		"ready twice": func(b *pgproto3.Backend) {
			begun(b)
			complete(b, "SELECT 1")
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'T'})
		},
		"binary": func(b *pgproto3.Backend) {
			bound(b)
			b.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("n"), DataTypeOID: oidInt4, DataTypeSize: 4, Format: 1}}})
			row(b, "1234")
			complete(b, "SELECT 1")
		},
	} {
		p := newPeer(t, &peer{answer: answer})
		cfg := p.config()
		cfg.Limits.Timeout, cfg.Limits.Idle = base.Duration(5*time.Second), base.Duration(2*time.Second)
		_, err := one(t.Context(), newClient(t, cfg), "SELECT 1")
		if base.KindOf(err) != base.KindProtocol {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAnAnswerWithoutACountIsWhole(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"SELECT", "SELECT 1", "SHOW", "EXPLAIN"} { // Redshift does not count
		p := newPeer(t, &peer{answer: func(b *pgproto3.Backend) {
			describe(b, oidInt4)
			b.Send(&pgproto3.NoticeResponse{Severity: "INFO", Message: "by the way"})
			row(b, "7")
			b.Send(&pgproto3.ParameterStatus{Name: "search_path", Value: "x"})
			complete(b, tag)
		}})
		c := newClient(t, p.config())
		for range 2 {
			if v, err := one(t.Context(), c, "SELECT 1"); v != int32(7) || err != nil {
				t.Errorf("%s: %v %v", tag, v, err)
			}
		}
	}
}

func TestANumericIsANumber(t *testing.T) {
	t.Parallel()
	good := []string{"0", "-12.50", "+.5", "1e-7", "1.5E+10", "NaN", "Infinity", "-Infinity", strings.Repeat("9", 100) + ".1"}
	p := newPeer(t, &peer{answer: func(b *pgproto3.Backend) {
		describe(b, oidNumeric)
		for _, text := range good {
			row(b, text)
		}
		complete(b, fmt.Sprintf("SELECT %d", len(good)))
	}})
	answer, err := newClient(t, p.config()).Query(t.Context(), redshift.Query{SQL: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for row, err := range answer.All() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(row.Value(0)))
	}
	if !slices.Equal(got, good) {
		t.Errorf("%q", got)
	}
	for _, text := range []string{"garbage", "", "1.2.3", "1e", "e5", "--1", "-+1", "1e--1", "0x1F", "1 ", ".", "nan"} {
		p := newPeer(t, &peer{answer: func(b *pgproto3.Backend) { describe(b, oidNumeric); row(b, text); complete(b, "SELECT 1") }})
		if v, err := one(t.Context(), newClient(t, p.config()), "SELECT 1"); base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "c0") {
			t.Errorf("%q: %v %v", text, v, err)
		}
	}
}
