package postmortem

import (
	"fmt"
	"time"

	"plimsoll/incidents"
	"plimsoll/slo"
)

// LargeShare is the part of an error budget beyond which an incident must have a postmortem, whatever its severity: the
// example policy of the Google SRE workbook, appendix B, asks for one where a single incident spent more than 20 %.
const LargeShare = 0.20

// Days that an incident's postmortem may take until it is reviewed. Severity 1 counts days of the calendar, the others days
// that are worked on, Monday to Friday in UTC; public holidays are not known.
const (
	CriticalDays = 3
	WorkingDays  = 5
)

// Demand returns why an incident must have a postmortem; empty if it need not. A drill need not.
func Demand(f Facts) string {
	switch {
	case f.Drill:
		return ""
	case f.Severity.NeedsPostmortem():
		return fmt.Sprintf("incidents of %s need one", f.Severity)
	}
	for _, l := range f.Losses {
		if l.Share != nil && *l.Share > LargeShare {
			return fmt.Sprintf("it spent %s of the error budget of %s, more than %s", slo.FormatBadPercent(*l.Share), l.Objective, slo.FormatPercent(LargeShare))
		}
	}
	return ""
}

// DueDate returns when the postmortem of an incident is to be reviewed, counted from when the response was over (resolved,
// else mitigated) or else from when the facts were taken. Zero if none is demanded.
func DueDate(f Facts) time.Time {
	if Demand(f) == "" {
		return time.Time{}
	}
	from := f.At
	switch {
	case !f.Times.Resolved.IsZero():
		from = f.Times.Resolved
	case !f.Times.Mitigated.IsZero():
		from = f.Times.Mitigated
	}
	if f.Severity == 1 {
		return from.AddDate(0, 0, CriticalDays)
	}
	return afterWorkingDays(from, WorkingDays)
}

func afterWorkingDays(t time.Time, days int) time.Time {
	t = t.UTC()
	for days > 0 {
		t = t.AddDate(0, 0, 1)
		if d := t.Weekday(); d != time.Saturday && d != time.Sunday {
			days--
		}
	}
	return t
}

// Void reports whether an incident was none of its own after all, so that no postmortem of it is waited for. It may be reopened.
func Void(i incidents.Incident) bool { return void(i.State) }

func void(s incidents.State) bool { return s == incidents.Cancelled || s == incidents.Merged }

// DraftDue reports whether an incident is to have a draft: its response is over (though it may be
// reopened), it is no drill, and it was an incident of its own.
func DraftDue(i incidents.Incident) bool {
	over := i.State == incidents.Mitigated || i.State == incidents.Resolved || i.State == incidents.Closed
	return over && !i.Drill
}
