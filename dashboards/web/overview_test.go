package web

import (
	"testing"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/slotest"
)

// TestNoRateOfNoSlice looks back over less than a slice.
func TestNoRateOfNoSlice(t *testing.T) {
	t.Parallel()
	o := slotest.Objective("encoder", "shifts", "Shifts that encode well", 950_000_000, 7*24*time.Hour)
	o.Method, o.Slice = slo.RatioTimeslices, slo.Slice{Length: 3 * time.Hour}
	at := time.Date(2026, 11, 24, 12, 0, 30, 0, time.UTC)
	l := slotest.New(o)
	l.Add(o.Key, at.Add(-4*time.Hour), 1, 2)
	s, _ := l.Status(o.Key, at)
	for hours, want := range map[int]string{1: "–", 6: slo.FormatRate(s.BurnRate(6 * time.Hour))} {
		if got := (row{s, l}).BurnOver(hours); got != want {
			t.Errorf("%d h: %s, want %s", hours, got, want)
		}
	}
}
