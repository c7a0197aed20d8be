package redshift_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/basetest"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/redshift"
)

func TestACallFromTheLoopOverRowsDoesNotWaitForItsOwnPermit(t *testing.T) {
	t.Parallel()
	s := suiteSubject(t, basetest.Settings{Limits: base.Limits{Concurrency: 1}})
	client, ok := s.Client.(*redshift.Client)
	if !ok {
		t.Fatalf("%T", s.Client)
	}
	answer, err := client.Query(t.Context(), redshift.Query{SQL: suiteSQL})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range answer.All() {
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Read(t.Context())
		if base.KindOf(err) != base.KindLimitExceeded || !strings.Contains(err.Error(), "loop") {
			t.Errorf("a call from the loop: %v", err)
		}
		break
	}
	if n, err := s.Read(t.Context()); err != nil || n != suiteRows {
		t.Errorf("after the loop: %d rows, %v", n, err)
	}
}

func TestRowsAreReadOnce(t *testing.T) {
	t.Parallel()
	s := suiteSubject(t, basetest.Settings{})
	client, ok := s.Client.(*redshift.Client)
	if !ok {
		t.Fatalf("%T", s.Client)
	}
	answer, err := client.Query(t.Context(), redshift.Query{SQL: "SELECT id FROM suite ORDER BY id"})
	if err != nil {
		t.Fatal(err)
	}
	if all, err := rows.Collect(answer, rows.To[int64]); err != nil || len(all) != suiteRows {
		t.Fatalf("%d rows, %v", len(all), err)
	}
	for _, err := range answer.All() {
		if !errors.Is(err, base.ErrInvalid) {
			t.Errorf("a second loop: %v", err)
		}
	}
}
