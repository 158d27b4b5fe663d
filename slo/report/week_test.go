package report_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"plimsoll/slo/report"
)

func TestParseWeek(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, start, err string }{
		{"2026-W48", "2026-11-23", ""},
		{"2026-w01", "2025-12-29", ""},
		{"2026-W53", "2026-12-28", ""},
		{"2025-W53", "", "2025 has the weeks W01 to W52"},
		{"2026-W00", "", "2026 has the weeks W01 to W53"},
		{"2026-48", "", "such as 2026-W48"},
		{"W48", "", "such as 2026-W48"},
		{"", "", "such as 2026-W48"},
	} {
		t.Run(tc.in, func(t *testing.T) {
			t.Parallel()
			w, err := report.ParseWeek(tc.in)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := w.Start().Format(time.DateOnly); got != tc.start || w.Start().Weekday() != time.Monday {
				t.Errorf("starts on %s, want %s", got, tc.start)
			}
		})
	}
}

// Every instant lies in its own week, and the week is written as it is read.
func TestWeeks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0)
		w := report.WeekOf(at)
		if at.Before(w.Start()) || !at.Before(w.End()) {
			t.Fatalf("%s is not in %s, %s to %s", at.UTC(), w, w.Start(), w.End())
		}
		if again, err := report.ParseWeek(w.String()); err != nil || again != w {
			t.Fatalf("%s is read as %s, %v", w, again, err)
		}
	})
}

func FuzzParseWeek(f *testing.F) {
	for _, s := range []string{"2026-W48", "2026-W54", "", "９９９９-W01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, err := report.ParseWeek(s)
		if err == nil && !strings.EqualFold(w.String(), s) {
			t.Errorf("%q is read as %s", s, w)
		}
	})
}
