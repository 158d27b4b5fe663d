package gitlab

import (
	"fmt"
	"slices"
	"time"

	"plimsoll/slo/gate"
)

// zone of our periods. GitLab takes names of the IANA database.
const zone = "Etc/UTC"

const (
	// stride is how far ahead the end of a freeze is put that nobody knows the end of. A year has room for it many times.
	stride = 28 * 24 * time.Hour
	// notice is how long before that end it is put off.
	notice = 24 * time.Hour
)

// Period is a freeze period as GitLab knows it.
type Period struct {
	Start string `json:"freeze_start"` // cron expression
	End   string `json:"freeze_end"`   // cron expression
	Zone  string `json:"cron_timezone"`
}

// Project says whose freezes a GitLab project is to show.
type Project struct {
	Project     string `yaml:"project"` // ID or full path, such as "octo-group/video-api"
	Service     string `yaml:"service"`
	Environment string `yaml:"environment"`
}

// Wanted returns the freeze periods that a project should have at an instant: one per freeze in force.
func Wanted(p Project, freezes []gate.State, at time.Time) []Period {
	var periods []Period
	for _, s := range freezes {
		if s.Service == p.Service && s.Environment == p.Environment && s.Frozen(at) {
			if period := periodOf(s, at); !slices.Contains(periods, period) {
				periods = append(periods, period)
			}
		}
	}
	return periods
}

// periodOf writes a freeze in force as a period. One by hand has an end; Code Red ends when the budget is back.
func periodOf(s gate.State, at time.Time) Period {
	begin, end := s.Since, time.Time{}
	if m := s.Manual; m != nil && m.Kind == gate.FreezeByHand && at.Before(m.Until) && s.Phase != gate.CodeRed {
		begin, end = m.At, ceil(m.Until)
	} else {
		strides := at.Add(notice).Sub(begin)/stride + 1
		end = begin.Add(strides * stride)
		begin = begin.Add((strides - 1) * stride) // so that it never spans a year
		if strides > 1 {
			begin = begin.Add(-notice) // it is put off before the last end
		}
	}
	return Period{Start: minute(begin), End: minute(end), Zone: zone}
}

// minute writes the minute of an instant. Rounded down, a start is never late.
func minute(t time.Time) string {
	t = t.UTC()
	return fmt.Sprintf("%d %d %d %d *", t.Minute(), t.Hour(), t.Day(), t.Month())
}

// ceil rounds up to a minute, so that an end is never early.
func ceil(t time.Time) time.Time {
	if floor := t.Truncate(time.Minute); floor != t {
		return floor.Add(time.Minute)
	}
	return t
}

// Listed is a period in GitLab.
type Listed struct {
	ID int64 `json:"id"`
	Period
}

// Steps are what brings a project in step, in this order.
type Steps struct {
	Note   []Period // that we are about to create
	Create []Period
	Delete []Listed
	Forget []Period // that exist no more
}

// Plan compares what a project should have with what it has and what of that is ours.
func Plan(wanted, ours []Period, listed []Listed) Steps {
	var s Steps
	exists := func(p Period) bool {
		return slices.ContainsFunc(listed, func(l Listed) bool { return l.Period == p })
	}
	for _, p := range wanted {
		if !exists(p) && !slices.Contains(s.Create, p) { // two freezes may be one period of a project
			if !slices.Contains(ours, p) {
				s.Note = append(s.Note, p)
			}
			s.Create = append(s.Create, p)
		}
	}
	for _, l := range listed {
		if slices.Contains(ours, l.Period) && !slices.Contains(wanted, l.Period) {
			s.Delete = append(s.Delete, l)
		}
	}
	for _, p := range ours {
		if !slices.Contains(wanted, p) {
			s.Forget = append(s.Forget, p)
		}
	}
	return s
}
