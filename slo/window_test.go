package slo_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"plimsoll/slo"
)

func zone(t interface{ Fatal(...any) }, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func calendar(start time.Time, unit slo.Unit, count int) slo.Window {
	c := &slo.Calendar{Start: start, Unit: unit, Count: count}
	return slo.Window{Length: c.Nominal(), Calendar: c}
}

func TestPeriods(t *testing.T) {
	t.Parallel()
	const layout = "2006-01-02 15:04"
	for _, c := range []struct {
		name, zone, start string
		unit              slo.Unit
		count             int
		at, from, until   string // by the clock on the wall of the zone
		hours             float64
	}{
		{"day", "UTC", "2026-01-01 00:00", slo.Day, 1, "2026-11-24 12:00", "2026-11-24 00:00", "2026-11-25 00:00", 24},
		{"day of 23 hours", "Europe/Berlin", "2026-01-01 00:00", slo.Day, 1, "2026-03-29 12:00", "2026-03-29 00:00", "2026-03-30 00:00", 23},
		{"day of 25 hours", "Europe/Berlin", "2026-01-01 00:00", slo.Day, 1, "2026-10-25 12:00", "2026-10-25 00:00", "2026-10-26 00:00", 25},
		{"change of half an hour", "Australia/Lord_Howe", "2026-01-01 00:00", slo.Day, 1, "2026-04-05 12:00", "2026-04-05 00:00", "2026-04-06 00:00", 24.5},
		{"offset of three quarters of an hour", "Asia/Kathmandu", "2026-01-01 00:00", slo.Day, 1, "2026-06-01 00:00", "2026-06-01 00:00", "2026-06-02 00:00", 24},
		{"the clock changes at midnight", "America/Sao_Paulo", "2018-01-01 00:00", slo.Day, 1, "2018-11-04 12:00", "2018-11-04 01:00", "2018-11-05 00:00", 23},
		{"begins in the hour that comes twice", "Europe/Berlin", "2026-01-01 02:30", slo.Day, 1, "2026-10-25 12:00", "2026-10-25 02:30", "2026-10-26 02:30", 25},
		{"begins in the hour that is leapt over", "Europe/Berlin", "2026-01-01 02:30", slo.Day, 1, "2026-03-29 12:00", "2026-03-29 03:00", "2026-03-30 02:30", 23.5},
		{"week with a change", "Europe/Berlin", "2026-01-05 00:00", slo.Week, 1, "2026-10-24 12:00", "2026-10-19 00:00", "2026-10-26 00:00", 169},
		{"two weeks", "UTC", "2026-01-05 00:00", slo.Week, 2, "2026-02-01 23:59", "2026-01-19 00:00", "2026-02-02 00:00", 336},
		{"month", "Europe/Berlin", "2026-01-01 00:00", slo.Month, 1, "2026-10-25 12:00", "2026-10-01 00:00", "2026-11-01 00:00", 745},
		{"February", "UTC", "2026-01-01 00:00", slo.Month, 1, "2026-02-10 00:00", "2026-02-01 00:00", "2026-03-01 00:00", 672},
		{"February of a leap year", "UTC", "2026-01-01 00:00", slo.Month, 1, "2028-02-29 12:00", "2028-02-01 00:00", "2028-03-01 00:00", 696},
		{"from the 31st into a short month", "UTC", "2026-01-31 00:00", slo.Month, 1, "2026-02-28 00:00", "2026-02-28 00:00", "2026-03-31 00:00", 744},
		{"from the 31st before a short month", "UTC", "2026-01-31 00:00", slo.Month, 1, "2026-02-27 23:59", "2026-01-31 00:00", "2026-02-28 00:00", 672},
		{"from the 30th, past February", "UTC", "2026-01-30 06:00", slo.Month, 1, "2026-03-30 06:00", "2026-03-30 06:00", "2026-04-30 06:00", 744},
		{"quarter", "UTC", "2026-01-01 00:00", slo.Quarter, 1, "2026-11-24 00:00", "2026-10-01 00:00", "2027-01-01 00:00", 2208},
		{"fiscal quarter from November", "UTC", "2025-11-30 00:00", slo.Quarter, 1, "2026-03-01 00:00", "2026-02-28 00:00", "2026-05-30 00:00", 2184},
		{"year", "UTC", "2026-01-01 00:00", slo.Year, 1, "2028-06-01 00:00", "2028-01-01 00:00", "2029-01-01 00:00", 8784},
		{"year from a leap day", "UTC", "2028-02-29 00:00", slo.Year, 1, "2029-02-28 00:00", "2029-02-28 00:00", "2030-02-28 00:00", 8760},
		{"hours go on over a change", "Europe/Berlin", "2026-10-25 00:00", slo.Hour, 6, "2026-10-25 08:00", "2026-10-25 05:00", "2026-10-25 11:00", 6},
		{"before the start", "UTC", "2027-01-01 00:00", slo.Month, 1, "2026-11-24 12:00", "2026-11-01 00:00", "2026-12-01 00:00", 720},
		{"long before the start", "UTC", "2100-01-31 00:00", slo.Month, 1, "2026-02-28 12:00", "2026-02-28 00:00", "2026-03-31 00:00", 744},
		{"the first instant", "UTC", "2026-01-01 00:00", slo.Month, 1, "2026-12-01 00:00", "2026-12-01 00:00", "2027-01-01 00:00", 744},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			loc := zone(t, c.zone)
			read := func(s string) time.Time {
				at, err := time.ParseInLocation(layout, s, loc)
				if err != nil {
					t.Fatal(err)
				}
				return at
			}
			w := calendar(read(c.start), c.unit, c.count)
			from, until := w.Calendar.Period(read(c.at))
			if from.Format(layout) != c.from || until.Format(layout) != c.until || until.Sub(from).Hours() != c.hours {
				t.Errorf("%s until %s, %v hours; want %s until %s, %v", from.Format(layout), until.Format(layout), until.Sub(from).Hours(), c.from, c.until, c.hours)
			}
			first, to := w.Span(read(c.at))
			if first.Time().Add(time.Minute) != from.UTC() || to != slo.MinuteOf(read(c.at)) {
				t.Errorf("the span is (%s, %s]", first.Time(), to.Time())
			}
			if first, last := w.Period(read(c.at)); first.Time().Add(time.Minute) != from.UTC() || last.Time().Add(time.Minute) != until.UTC() {
				t.Errorf("the period is (%s, %s]", first.Time(), last.Time())
			}
		})
	}
}

// TestPeriodsAgainstDays walks day by day, as a wall calendar is read: a period begins on each day that a person would name.
func TestPeriodsAgainstDays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		loc := zone(t, rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"}).Draw(t, "zone"))
		unit := rapid.SampledFrom([]slo.Unit{slo.Day, slo.Week, slo.Month, slo.Quarter, slo.Year}).Draw(t, "unit")
		count := rapid.IntRange(1, 4).Draw(t, "count")
		start := time.Date(rapid.IntRange(2012, 2030).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 28).Draw(t, "day"), 0, 0, 0, 0, loc)
		if rapid.Bool().Draw(t, "last of the month") {
			start = time.Date(start.Year(), start.Month()+1, 0, 0, 0, 0, 0, loc)
		}
		at := start.Add(time.Duration(rapid.Int64Range(-900*24*60, 900*24*60).Draw(t, "minutes from the start")) * time.Minute)

		begins := func(day time.Time) bool { // read at noon, which every day has
			days := int(time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC).Sub(
				time.Date(start.Year(), start.Month(), start.Day(), 0, 0, 0, 0, time.UTC)) / (24 * time.Hour))
			months := (day.Year()-start.Year())*12 + int(day.Month()-start.Month())
			last := time.Date(day.Year(), day.Month()+1, 0, 12, 0, 0, 0, time.UTC).Day()
			switch unit {
			case slo.Day:
				return days%count == 0
			case slo.Week:
				return days%(7*count) == 0
			}
			length := map[slo.Unit]int{slo.Month: 1, slo.Quarter: 3, slo.Year: 12}[unit] * count
			return months%length == 0 && day.Day() == min(start.Day(), last)
		}
		local := at.In(loc)
		noon := func(offset int) time.Time {
			return time.Date(local.Year(), local.Month(), local.Day()+offset, 12, 0, 0, 0, loc)
		}
		back := 0
		for !begins(noon(back)) {
			back--
		}
		ahead := 1
		for !begins(noon(ahead)) {
			ahead++
		}
		from, until := calendar(start, unit, count).Calendar.Period(at)
		if got := from.Format(time.DateOnly); got != noon(back).Format(time.DateOnly) {
			t.Errorf("of %s: begins on %s, want %s", at, got, noon(back).Format(time.DateOnly))
		}
		if got := until.Format(time.DateOnly); got != noon(ahead).Format(time.DateOnly) {
			t.Errorf("of %s: ends on %s, want %s", at, got, noon(ahead).Format(time.DateOnly))
		}
		if at.Before(from) || !at.Before(until) {
			t.Errorf("%s is not in %s until %s", at, from, until)
		}
	})
}

// TestPeriodsTile proves that no minute lies in two periods or in none.
func TestPeriodsTile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		loc := zone(t, rapid.SampledFrom([]string{"Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Africa/Monrovia"}).Draw(t, "zone"))
		start := time.Date(2010, 1, 1, 0, rapid.IntRange(0, 24*60-1).Draw(t, "minute of the day"), 0, 0, loc).AddDate(0, 0, rapid.IntRange(0, 3000).Draw(t, "day"))
		c := calendar(start, rapid.SampledFrom([]slo.Unit{slo.Hour, slo.Day, slo.Week, slo.Month}).Draw(t, "unit"), rapid.IntRange(1, 3).Draw(t, "count")).Calendar
		at := start.Add(time.Duration(rapid.Int64Range(-400*24*60, 400*24*60).Draw(t, "minutes from the start")) * time.Minute)
		from, until := c.Period(at)
		if next, _ := c.Period(until); !next.Equal(until) {
			t.Errorf("after %s, which ends at %s, comes one that begins at %s", from, until, next)
		}
		if _, end := c.Period(from.Add(-time.Minute)); !end.Equal(from) {
			t.Errorf("before %s comes one that ends at %s", from, end)
		}
	})
}

func TestWindowWords(t *testing.T) {
	t.Parallel()
	month := calendar(time.Date(2026, 1, 1, 0, 0, 0, 0, zone(t, "Europe/Berlin")), slo.Month, 1)
	weeks := calendar(time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), slo.Week, 2)
	rolling := slo.Window{Length: 36 * time.Hour}
	for _, c := range []struct{ got, want string }{
		{rolling.String(), "36h"}, {rolling.Describe(), "rolling 36h"}, {rolling.Past(), "the last 36h"},
		{month.String(), "1M Europe/Berlin"}, {month.Describe(), "calendar month in Europe/Berlin"}, {month.Past(), "this calendar month in Europe/Berlin"},
		{weeks.String(), "2w UTC"}, {weeks.Describe(), "2 calendar weeks in UTC"}, {weeks.Past(), "these 2 calendar weeks in UTC"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
