package report

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Week is an ISO 8601 week, in UTC: from Monday 00:00 until the next Monday 00:00.
type Week struct {
	Year, Number int
}

var weekPattern = regexp.MustCompile(`^(\d{4})-[Ww](\d{2})$`)

// ParseWeek reads a week such as "2026-W48".
func ParseWeek(s string) (Week, error) {
	m := weekPattern.FindStringSubmatch(s)
	if m == nil {
		return Week{}, fmt.Errorf("%q is not an ISO week: write the year and the two-digit number of the week, such as 2026-W48", s)
	}
	year, _ := strconv.Atoi(m[1]) // the pattern admits digits only
	number, _ := strconv.Atoi(m[2])
	// The 28th of December is always in the last week of its year.
	if _, last := time.Date(year, 12, 28, 0, 0, 0, 0, time.UTC).ISOWeek(); number < 1 || number > last {
		return Week{}, fmt.Errorf("%q is not an ISO week: %d has the weeks W01 to W%02d", s, year, last)
	}
	return Week{year, number}, nil
}

// WeekOf returns the week that contains t.
func WeekOf(t time.Time) Week {
	year, number := t.UTC().ISOWeek()
	return Week{year, number}
}

// String writes the week as [ParseWeek] reads it.
func (w Week) String() string { return fmt.Sprintf("%04d-W%02d", w.Year, w.Number) }

// Start is the first instant of the week.
func (w Week) Start() time.Time {
	// The 4th of January is always in the first week of its year.
	first := time.Date(w.Year, 1, 4, 0, 0, 0, 0, time.UTC)
	sinceMonday := (int(first.Weekday()) + 6) % 7
	return first.AddDate(0, 0, 7*(w.Number-1)-sinceMonday)
}

// End is the first instant after the week.
func (w Week) End() time.Time { return w.Start().AddDate(0, 0, 7) }
