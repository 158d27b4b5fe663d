package openslo

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // time zones must be known on machines that have no database of them

	"plimsoll/slo"
)

// units are those of OpenSLO's duration shorthand.
var units = []struct {
	letter   string
	fixed    time.Duration // zero if its length depends on the calendar
	calendar slo.Unit      // empty if it is no unit of the calendar
	longest  time.Duration // of one period of the calendar
	nominal  time.Duration // where lenient reading takes a unit of the calendar as a length
}{
	{"m", time.Minute, "", 0, 0},
	{"h", time.Hour, slo.Hour, time.Hour, 0},
	{"d", day, slo.Day, 25 * time.Hour, 0},
	{"w", 7 * day, slo.Week, 7*day + time.Hour, 0},
	{"M", 0, slo.Month, 31*day + time.Hour, 30 * day},
	{"Q", 0, slo.Quarter, 92*day + time.Hour, 90 * day},
	{"Y", 0, slo.Year, 366 * day, 365 * day},
}

const (
	day = 24 * time.Hour
	// longestWindow bounds what is understood at all; what is kept is bounded by the configuration.
	longestWindow = 10 * 366 * day
)

var durationForm = regexp.MustCompile(`^([0-9]{1,9})([a-zA-Z])$`)

// readWindow reads the timeWindow of an SLO: a list of exactly one window.
func (s *set) readWindow(n node) slo.Window {
	items := n.List()
	if n.IsList() && len(items) != 1 {
		n.Fail("found %d windows; allowed: exactly one", len(items))
	}
	if len(items) != 1 {
		return slo.Window{}
	}
	o := items[0].Object(must("duration"), may("isRolling"), may("calendar"))
	d, hasDuration := o.Get("duration")
	calendar, hasCalendar := o.Get("calendar")
	rolling, ok := readRolling(o, hasCalendar)
	switch {
	case !ok || !hasDuration:
		return slo.Window{}
	case rolling && hasCalendar:
		calendar.Fail("a rolling window has no calendar; allowed: isRolling: true, or calendar")
		return slo.Window{}
	case rolling:
		return slo.Window{Length: s.readLength(d)}
	case !hasCalendar:
		o.Fail("calendar is missing; a window with isRolling: false needs startTime and timeZone in calendar")
		return slo.Window{}
	}
	c := s.readPeriod(d)
	start, ok := readCalendar(calendar)
	if c == nil || !ok {
		return slo.Window{}
	}
	c.Start = start
	return slo.Window{Length: c.Nominal(), Calendar: c}
}

// readRolling reads isRolling. Where it is missing a calendar says that it is false.
func readRolling(o object, hasCalendar bool) (rolling, ok bool) {
	if n, ok := o.Get("isRolling"); ok {
		return n.IsTrue()
	}
	if hasCalendar || !o.Lacks("isRolling") {
		return false, hasCalendar
	}
	return true, o.Assume("isRolling is missing", "read as isRolling: true")
}

// count splits a duration in its number and the index of its unit. It reports what is not one.
func count(n node, allowed string) (number int64, unit int, ok bool) {
	text := n.Text()
	if text == "" {
		return 0, 0, false
	}
	parts := durationForm.FindStringSubmatch(text)
	if parts == nil {
		n.Fail("found %q%s; allowed: a whole number and one of the units %s, such as 30d", text, meantDuration(text, allowed), allowed)
		return 0, 0, false
	}
	number, _ = strconv.ParseInt(parts[1], 10, 64)
	if unit = unitOf(parts[2]); unit >= 0 {
		return number, unit, true
	}
	n.Fail("found %q%s; allowed units: %s", text, meantDuration(text, allowed), allowed)
	return 0, 0, false
}

// unitOf returns the index of the unit with a letter, or -1.
func unitOf(letter string) int {
	for i, u := range units {
		if u.letter == letter {
			return i
		}
	}
	return -1
}

const fixedUnits = "m, h, d, w"

// readLength returns the length of a rolling window, or 0 after it has reported why there is none.
func (s *set) readLength(n node) time.Duration {
	length := readDuration(n, "a window")
	if limit := s.config.MaxWindow; limit > 0 && length > limit {
		n.Fail("found %s; events are kept for %s, so a window can be no longer", n.Value, slo.ShortDuration(limit))
		return 0
	}
	return length
}

// readDuration returns a length of whole minutes, or 0 after it has reported why there is none.
func readDuration(n node, what string) time.Duration {
	number, i, ok := count(n, fixedUnits)
	if !ok {
		return 0
	}
	unit := units[i].fixed
	if unit == 0 {
		unit = units[i].nominal
		if !n.Assume(fmt.Sprintf("found %q; months, quarters and years have no fixed length and need a calendar window; allowed units: %s", n.Value, fixedUnits),
			"read as "+slo.ShortDuration(time.Duration(min(number, 1000))*unit)) {
			return 0
		}
	}
	switch {
	case number == 0:
		n.Fail("%s of zero holds no events", what)
		return 0
	case number > int64(longestWindow/unit):
		n.Fail("found %s; allowed: at most %s", n.Value, slo.ShortDuration(longestWindow))
		return 0
	}
	return time.Duration(number) * unit
}

// readPeriod returns a calendar without its start, or nil after it has reported why there is none.
func (s *set) readPeriod(n node) *slo.Calendar {
	const allowed = "h, d, w, M, Q, Y"
	number, i, ok := count(n, allowed)
	if !ok {
		return nil
	}
	if units[i].calendar == "" {
		meant := strings.ToUpper(n.Value)
		if !n.Assume(fmt.Sprintf("found %q; minutes are no unit of the calendar (did you mean %q?); allowed units: %s", n.Value, meant, allowed), "read as "+meant) {
			return nil
		}
		i = unitOf("M")
	}
	unit := units[i]
	if number == 0 {
		n.Fail("a window of zero holds no events")
		return nil
	}
	if number > int64(longestWindow/unit.longest) {
		n.Fail("found %s; allowed: at most %s", n.Value, slo.ShortDuration(longestWindow))
		return nil
	}
	if limit, longest := s.config.MaxWindow, time.Duration(number)*unit.longest; limit > 0 && longest > limit {
		n.Fail("found %s, which can last up to %s; events are kept for %s, so a window can be no longer", n.Value,
			slo.ShortDuration((longest + day - 1).Truncate(day)), slo.ShortDuration(limit))
		return nil
	}
	return &slo.Calendar{Unit: unit.calendar, Count: int(number)}
}

const (
	startForm    = time.DateTime // "2020-01-21 12:30:00", as the specification has it
	startISOForm = "2006-01-02T15:04:05"
)

// readCalendar reads where one of the periods begins.
func readCalendar(n node) (start time.Time, ok bool) {
	o := n.Object(must("startTime"), must("timeZone"))
	zone, ok := o.Get("timeZone")
	if !ok {
		return start, false
	}
	name := zone.Text()
	location, err := time.LoadLocation(name)
	if name == "" || err != nil || location == time.Local {
		if name != "" {
			zone.Fail("found %q%s; allowed: a name of the IANA Time Zone Database, such as Europe/Berlin or UTC", name, meantZone(name))
		}
		return start, false
	}
	at, ok := o.Get("startTime")
	if !ok {
		return start, false
	}
	return readStart(at, location)
}

func readStart(n node, location *time.Location) (start time.Time, ok bool) {
	text := n.Text()
	if text == "" {
		return start, false
	}
	form := startForm
	if len(text) > 10 && text[10] == 'T' {
		form = startISOForm
	}
	start, err := time.ParseInLocation(form, text, location)
	if err != nil {
		if start, err = parseLooseStart(text, location); err != nil {
			n.Fail("found %q; allowed: a date and time without zone, such as 2020-01-21 12:30:00", text)
			return start, false
		}
		text = start.Format(form)
		if !n.Assume(fmt.Sprintf("found %q; allowed: a date and time without zone, such as 2020-01-21 12:30:00", n.Value), "read as "+text) {
			return start, false
		}
	}
	switch {
	case start.Year() < 1970 || start.Year() > 2099:
		n.Fail("found %q; allowed: the years 1970 to 2099", text)
	case start.Second() != 0 || start.Nanosecond() != 0:
		n.Fail("found %q; a period begins at a whole minute", text)
	case start.Format(form) != text:
		n.Fail("found %q; there is no such time in %s, because the clock was put forward", text, location)
	default:
		return start, true
	}
	return start, false
}

// parseLooseStart reads the forms of a start that only lenient reading takes: a date alone, and a time with its offset, which is
// converted to the zone.
func parseLooseStart(text string, location *time.Location) (time.Time, error) {
	if at, err := time.ParseInLocation(time.DateOnly, text, location); err == nil {
		return at, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	return at.In(location), err
}
