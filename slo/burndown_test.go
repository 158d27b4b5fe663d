package slo_test

import (
	"testing"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/slotest"
)

func TestBurnDown(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	o := slotest.Objective("s", "o", "O", 900_000_000, 10*time.Hour)
	l := slotest.New(o)
	l.Add(o.Key, at.Add(-9*time.Hour-30*time.Minute), 50, 50)
	l.Add(o.Key, at.Add(-4*time.Hour-30*time.Minute), 45, 50) // half of the ten that may be bad
	l.Add(o.Key, at.Add(-11*time.Hour), 0, 50)                // before the window
	s, _ := l.Status(o.Key, at)
	r, _ := l.Reader(o.Key)
	points := slo.BurnDown(s, r, 10)
	if len(points) != 11 {
		t.Fatalf("%d points, want 11", len(points))
	}
	for i, p := range points {
		want := 1.0
		if i >= 6 {
			want = 0.5
		}
		if p.Remaining != want || !p.At.Equal(at.Add(time.Duration(i-10)*time.Hour)) {
			t.Errorf("point %d is %v at %s, want %v", i, p.Remaining, p.At, want)
		}
	}
	if last := points[10].Remaining; last != s.Budget.Remaining {
		t.Errorf("ends at %v, the budget's remaining is %v", last, s.Budget.Remaining)
	}
}
