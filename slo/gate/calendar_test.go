package gate

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"
)

func calendarOf(t testing.TB, zone, closed string) *calendarClause {
	t.Helper()
	p, err := ParsePolicy("p.yaml", []byte("service: a\nclauses:\n- calendar: {zone: "+zone+", closed: ["+closed+"]}\n- budget: {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.clauses {
		if c, ok := c.(*calendarClause); ok {
			return c
		}
	}
	t.Fatal("no calendar")
	return nil
}

// The clock on the wall decides, also on the days on which it changes.
func TestCalendarFollowsTheClockOnTheWall(t *testing.T) {
	t.Parallel()
	nights := calendarOf(t, "Europe/Berlin", `{cron: "0 22 * * *", for: 8h, reason: night}`)
	for _, tc := range []struct{ name, at, until string }{
		{"winter", "2026-01-10T21:00:00Z", "2026-01-11T05:00:00Z"},
		{"summer", "2026-07-10T20:00:00Z", "2026-07-11T04:00:00Z"},
		{"before it begins", "2026-07-10T19:59:59Z", ""},
		{"when it has ended", "2026-07-11T04:00:00Z", ""},
		{"the night that has an hour less", "2026-03-29T01:30:00Z", "2026-03-29T05:00:00Z"},
		{"the night that has an hour more", "2026-10-25T00:30:00Z", "2026-10-25T04:00:00Z"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, tc.at)
			if err != nil {
				t.Fatal(err)
			}
			end, closed := nights.closed[0].end(at)
			got := ""
			if closed {
				got = end.UTC().Format(time.RFC3339)
			}
			if got != tc.until {
				t.Errorf("closed until %q, want %q", got, tc.until)
			}
		})
	}
}

// Closed are exactly the minutes less than the length after a beginning, as counted one by one.
func TestCalendarAgreesWithCounting(t *testing.T) {
	t.Parallel()
	base := time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC) // the clock changes on the next day
	rapid.Check(t, func(t *rapid.T) {
		cron := rapid.SampledFrom([]string{"0 22 * * *", "*/30 9-17 * * MON-FRI", "0 12 1,15 * *", "30 2 * * *"}).Draw(t, "cron")
		length := rapid.SampledFrom([]string{"10m", "30m", "90m", "8h", "26h"}).Draw(t, "for")
		p, err := ParsePolicy("p.yaml", []byte("service: a\nclauses:\n- calendar: {zone: Europe/Berlin, closed: [{cron: \""+cron+"\", for: "+length+", reason: x}]}\n- budget: {}\n"))
		if err != nil {
			t.Fatal(err)
		}
		var c closedTime
		for _, one := range p.clauses {
			if one, ok := one.(*calendarClause); ok {
				c = one.closed[0]
			}
		}
		at := base.Add(time.Duration(rapid.IntRange(0, 14*24*60).Draw(t, "minute")) * time.Minute)
		want := time.Time{}
		for start := c.begins.Next(base.AddDate(0, 0, -40)); !start.After(at); start = c.begins.Next(start) {
			if end := start.Add(c.lasts); end.After(at) {
				want = end
			}
		}
		end, closed := c.end(at)
		if closed == want.IsZero() || closed && !end.Equal(want) {
			t.Fatalf("at %v closed %v until %v, counted until %v", at, closed, end, want)
		}
	})
}
