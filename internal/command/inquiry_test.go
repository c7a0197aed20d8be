package command_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/command"
)

func TestAnInquiryKeepsTheAccountOfWhatWasAsked(t *testing.T) {
	t.Parallel()
	var told bytes.Buffer
	q := command.NewInquiry(command.NewProgress(&told))
	q.Start(t.Context(), "shop", "orders", func(ctx context.Context) (int, error) {
		base.AddStats(ctx, base.Stats{Calls: 1, Attempts: 3})
		return 2, nil
	})
	q.Start(t.Context(), "shop", "returns", func(context.Context) (int, error) { return 0, errors.New("the shelf is closed") })
	q.Skip("store", "STORE_HOST is not set", "stock", "prices")
	q.Unseen("what came before May")
	q.Unseen("what came before May")
	q.Wait()
	all, notSeen := q.Account()
	if len(all) != 4 || all[0].Found != 2 || all[0].Retried() != 2 || !all[0].Whole() || all[1].Whole() || all[2].Outcome != command.Skipped {
		t.Errorf("%+v", all)
	}
	if text := strings.Join(notSeen, "\n"); len(notSeen) != 4 || !strings.Contains(text, "shop: returns: the shelf is closed") || !strings.Contains(text, "store: prices: not asked: STORE_HOST is not set") {
		t.Errorf("%q", notSeen)
	}
	if !strings.Contains(told.String(), "shop: orders: data, 2 found") {
		t.Errorf("%q", told.String())
	}
}
