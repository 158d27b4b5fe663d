package gate

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"plimsoll/internal/config"
	"plimsoll/slo"
)

// calendarClause stops changes at times that are known beforehand. It is asked at each check, not when a pipeline was made, so a
// pipeline that waits is told again.
type calendarClause struct {
	line   int
	closed []closedTime
	then   Outcome
}

// closedTime is an interval, or one that comes again and again.
type closedTime struct {
	reason   string
	from, to time.Time     // [from, to), of a single one
	begins   cron.Schedule // of one that comes again, in its zone
	lasts    time.Duration
}

// end returns when the time that is closed at an instant ends; false if that instant is open.
func (c closedTime) end(at time.Time) (time.Time, bool) {
	if c.begins == nil {
		return c.to, !at.Before(c.from) && at.Before(c.to)
	}
	// The last beginning that is not after at: one that still lasts lies less than its length before.
	var end time.Time
	for start := c.begins.Next(at.Add(-c.lasts)); !start.IsZero() && !start.After(at); start = c.begins.Next(start) {
		end = start.Add(c.lasts)
	}
	return end, !end.IsZero()
}

func (c *calendarClause) evaluate(q *question) Result {
	r := Result{Clause: "calendar", Line: c.line, Verdict: Pass, Detail: "the calendar is open"}
	var end time.Time
	reason := ""
	for _, closed := range c.closed {
		if until, ok := closed.end(q.snapshot.At); ok && until.After(end) {
			end, reason = until, closed.reason
		}
	}
	if end.IsZero() {
		return r
	}
	r.Until = &end
	r.Reason, r.Detail = CalendarClosed, fmt.Sprintf("releases are closed until %s: %s", instant(end), reason)
	if c.then == Allow {
		return r
	}
	r.Verdict = c.then
	r.Next = fmt.Sprintf("wait until %s. Now only %s go out.", instant(end), q.policy.Exemptions())
	r.Flip = "the end of the closed time"
	return r
}

type calendarFile struct {
	Zone   string           `yaml:"zone"`
	Closed []closedTimeFile `yaml:"closed"`
	Then   string           `yaml:"then"`
}

type closedTimeFile struct {
	Reason string `yaml:"reason"`
	From   string `yaml:"from"`
	To     string `yaml:"to"`
	Cron   string `yaml:"cron"`
	For    string `yaml:"for"`
}

// maxClosed bounds a closed time that comes again, so that finding its last beginning stays cheap.
const maxClosed = 31 * 24 * time.Hour

// maxBeginnings is how often one may begin within its own length.
const maxBeginnings = 100

func (r *policyReader) calendar(at config.Path, line int, f *calendarFile) clause {
	c := &calendarClause{line: line, then: oneOf(r, at.In("then"), f.Then, Deny, Hold, Allow)}
	zone, err := time.LoadLocation(f.Zone) // "" is UTC
	if err != nil || f.Zone == "Local" {
		r.problem(at.In("zone"), `must be a name of the IANA time zone database, such as "Europe/Berlin", found %q`, f.Zone)
		zone = time.UTC
	}
	if len(f.Closed) == 0 {
		r.problem(at.In("closed"), `must list times, as in "- {cron: \"0 18 * * FRI\", for: 62h, reason: weekend}"`)
	}
	for i, t := range f.Closed {
		c.closed = append(c.closed, r.closedTime(at.In("closed", i), t, zone))
	}
	return c
}

func (r *policyReader) closedTime(at config.Path, f closedTimeFile, zone *time.Location) closedTime {
	c := closedTime{reason: f.Reason}
	if f.Reason == "" {
		r.problem(at.In("reason"), "must say why releases are closed: whoever is stopped reads it")
	}
	single, again := f.From != "" || f.To != "", f.Cron != "" || f.For != ""
	switch {
	case single == again:
		r.problem(at, "must have either from and to, or cron and for")
	case single:
		c.from, c.to = r.wallTime(at.In("from"), f.From, zone), r.wallTime(at.In("to"), f.To, zone)
		if !c.to.After(c.from) && !c.from.IsZero() && !c.to.IsZero() {
			r.problem(at.In("to"), "must be after %s, found %q", f.From, f.To)
		}
	default:
		r.recurring(at, f, zone, &c)
	}
	return c
}

func (r *policyReader) recurring(at config.Path, f closedTimeFile, zone *time.Location, c *closedTime) {
	c.lasts = r.duration(at.In("for"), f.For, 0, time.Minute)
	schedule, err := cron.ParseStandard(f.Cron)
	if err != nil {
		r.problem(at.In("cron"), `must be five fields such as "0 18 * * FRI" (minute, hour, day, month, weekday), found %q: %v`, f.Cron, err)
		return
	}
	if spec, ok := schedule.(*cron.SpecSchedule); ok && spec.Location == time.Local {
		spec.Location = zone
	}
	c.begins = schedule
	switch {
	case f.For == "":
		r.problem(at.In("for"), `must say how long releases stay closed, such as "62h"`)
	case c.lasts > maxClosed:
		r.problem(at.In("for"), "must be at most %s, found %q", slo.ShortDuration(maxClosed), f.For)
	default:
		r.sparse(at, f, c)
	}
}

// sparse refuses a time that begins over and over before it has ended once.
func (r *policyReader) sparse(at config.Path, f closedTimeFile, c *closedTime) {
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) // any instant serves
	n := 0
	for next := c.begins.Next(start); !next.IsZero() && next.Before(start.Add(c.lasts)); next = c.begins.Next(next) {
		if n++; n > maxBeginnings {
			r.problem(at.In("cron"), "must begin at most %d times in %s, found %q", maxBeginnings, f.For, f.Cron)
			c.begins = nil
			return
		}
	}
}

// wallTimes are the forms of an instant in a policy: by the clock of the calendar's zone, or with an offset of its own.
var wallTimes = []string{time.DateOnly, "2006-01-02 15:04", "2006-01-02T15:04", time.RFC3339}

func (r *policyReader) wallTime(at config.Path, found string, zone *time.Location) time.Time {
	for _, form := range wallTimes {
		if t, err := time.ParseInLocation(form, found, zone); err == nil {
			return t
		}
	}
	r.problem(at, `must be a date or time such as "2026-12-24" or "2026-12-24 18:00", found %q`, found)
	return time.Time{}
}
