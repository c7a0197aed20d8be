package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
)

// mailed is a ticket of this subject and text.
func mailed(subject, text string) string {
	return "From: a@b.example\nDate: Tue, 16 Sep 2025 16:20:00 +0200\nSubject: " + subject + "\n\n" + text
}

func TestATicketIsRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"Tracking id: 482913377, load number LPX20417735, call 5551234567":     {"482913377", "LPX20417735"},
		"tracking ID is 482913377. Load #88-1204A is late":                     {"482913377", "88-1204A"},
		"see https://app.tracking.example/tracking/482913377?tab=map":          {"482913377", ""},
		"https://app.tracking.example/#/loads/482913377 and LPX20417735 in it": {"482913377", "LPX20417735"},
		"Tracking number 482913377; tracking no. 482913377":                    {"482913377", ""},
		"tracking_id=482913377": {"482913377", ""},
	} {
		got, err := readTicket(mailed("stuck", text))
		if diff := cmp.Diff(want, [2]string{got.TrackingID, got.LoadNumber}); diff != "" || err != nil {
			t.Errorf("%s: %v %s", text, err, diff)
		}
		if !got.Sent.Equal(time.Date(2025, 9, 16, 14, 20, 0, 0, time.UTC)) || got.Subject != "stuck" {
			t.Errorf("%+v", got)
		}
	}
}

func TestATicketThatDoesNotSayWhichLoadIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                   "the head cannot be read",
		"no head at all":                     "the head cannot be read",
		"Subject: x\n\nTracking id 48291337": "date: missing or unreadable; write it as Date: Tue,",
		mailed("x", "our load 482913377"):    `tracking id: none; write it beside its name`,
		mailed("x", "tracking id 482913377 and tracking id 482913378"):       "tracking id: the ticket names 482913377, 482913378; keep the one",
		mailed("x", "tracking id 4829"):                                      "tracking id: 4829 has 4 digits; one has 8 to 12",
		mailed("x", "tracking id "+strings.Repeat("9", 300)):                 "has 300 digits; one has 8 to 12",
		mailed("x", "tracking id 48291337, load #AB12345678, load #CD12345"): "load number: the ticket names AB12345678, CD12345; keep the one",
		"Date: soon\n\n": "date: missing or unreadable; write it as Date: Tue, 16 Sep 2025 14:20:00 +0000; tracking id: none",
	} {
		got, err := readTicket(text)
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.60q: %v", text, err)
		}
		if diff := cmp.Diff(ticket{}, got); diff != "" {
			t.Error(diff)
		}
	}
}

// A ticket that is read has an id that can be asked for.
func FuzzTicketsAreReadOrRefused(f *testing.F) {
	f.Add(mailed("stuck", "Tracking id: 482913377, load number LPX20417735"))
	f.Add(mailed("tracking id 1", "load #"))
	f.Add("Date: x\n\n\x00")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readTicket(text)
		if err != nil {
			if diff := cmp.Diff(ticket{}, got); diff != "" || !errors.Is(err, base.ErrInvalid) {
				t.Fatal(err, diff)
			}
			return
		}
		if n := len(got.TrackingID); n < fewestDigits || n > mostDigits || strings.Trim(got.TrackingID, "0123456789") != "" || got.Sent.IsZero() {
			t.Fatalf("%+v", got)
		}
	})
}
