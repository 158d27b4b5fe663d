package alerts

import (
	"cmp"
	"slices"
	"time"

	"plimsoll/slo"
)

// Cadence says when a group of alerts is told about.
type Cadence struct {
	// Gather is how long the first notice of a group waits for others to join it.
	Gather time.Duration
	// Between is the least time between two notices of a group, unless one more urgent comes.
	Between time.Duration
	// Repeat is after how long a group that still fires is told about again.
	Repeat time.Duration
	// Settle is for how long nothing of a group that has come back once must fire before it is told to be over; each further return doubles it,
	// up to SettleMost. At the first time an episode is told to be over at once, and so it is when people say that it is over.
	Settle, SettleMost time.Duration
	// Episode is for how long after it was told to be over a group that fires again goes on with its episode.
	Episode time.Duration
}

// DefaultCadence is that of an Alertmanager without settings of its own, but gathers shorter, and calls what comes and goes over ever later: at the
// most after the longer of the short lookbacks that page, for what was quiet for so long and burns is no hovering.
func DefaultCadence() Cadence {
	return Cadence{
		Gather: 10 * time.Second, Between: 5 * time.Minute, Repeat: 4 * time.Hour,
		Settle: 5 * time.Minute, SettleMost: 30 * time.Minute, Episode: time.Hour,
	}
}

// settles is for how long nothing must fire of a group that has come back so often.
func (c Cadence) settles(returns int) time.Duration {
	if returns == 0 {
		return 0
	}
	d := c.Settle
	for range returns - 1 {
		if d *= 2; d >= c.SettleMost {
			break
		}
	}
	return min(d, c.SettleMost)
}

// Cause is why a notice is due.
type Cause string

const (
	// First: nothing of the group had been told.
	First Cause = "first"
	// Urgent: an alert fires that is more severe than all that were told.
	Urgent Cause = "more urgent"
	// Changed: an alert fires, or is over, that was not told as such.
	Changed Cause = "changed"
	// AllOver: nothing of the group fires any more.
	AllOver Cause = "all over"
	// Again: it has been told, and still fires.
	Again Cause = "repeated"
	// Back: an alert fires soon after all was told to be over.
	Back Cause = "back"
)

// Told is what the last notice of a group said; the zero value is a group of which nothing was told. Of one that was told to be over, Firing is
// empty and Episode goes on for a while.
type Told struct {
	At     time.Time
	Firing []ID // sorted
	Urgent Severity
	// Episode is the ID of its first notice, and Worst the most urgent that any of them was.
	Episode string
	Worst   Severity
	// Quiet is since when nothing of what was told as firing fires any more; zero while something does.
	Quiet time.Time
	// Returns is how often the group fired again in this episode after it was told to be over.
	Returns int
	// Over is whether people have said that it is over: what fires from then on is news to them.
	Over bool
}

// Next is what has been told once a notice of a cause, which says now, is out. An end begins no episode.
func (t Told) Next(now Told, cause Cause, notice string) Told {
	now.Episode, now.Worst, now.Quiet, now.Returns = cmp.Or(t.Episode, notice), t.Worst, t.Quiet, t.Returns
	if now.Worst != Page {
		now.Worst = cmp.Or(now.Urgent, t.Worst)
	}
	now.Urgent = cmp.Or(now.Urgent, t.Urgent)
	switch cause {
	case Back:
		now.Returns++
	case AllOver:
		now.Episode = t.Episode
	}
	return now
}

// Watch is t at an instant at which something of the group fires, or nothing does.
func (t Told) Watch(fires bool, at time.Time) Told {
	switch {
	case fires:
		t.Quiet = time.Time{}
	case t.Quiet.IsZero():
		t.Quiet = at
	}
	return t
}

// Forgotten reports whether the next alert of the group begins another episode. What was told to nobody while it fired has none that could go on.
func (t Told) Forgotten(at time.Time, c Cadence) bool {
	return len(t.Firing) == 0 && (t.Episode == "" || at.Sub(t.At) >= c.Episode)
}

// ID names an alert.
type ID struct {
	Objective slo.Key
	Tier      string
}

// ID returns the name of the alert.
func (a Alert) ID() ID { return ID{a.Objective, a.Tier} }

// Due decides whether a group of alerts is to be told about at an instant, and why. The alerts are those that were not Inactive; last is that of
// the instant, see [Told.Watch].
func Due(group []Alert, last Told, at time.Time, c Cadence) (Cause, bool) {
	now := Summary(group, at)
	switch {
	case len(now.Firing) == 0 && len(last.Firing) == 0:
		return "", false
	case len(now.Firing) == 0:
		return AllOver, last.Over || at.Sub(last.Quiet) >= c.settles(last.Returns)
	case len(last.Firing) == 0 && last.Episode == "":
		return First, at.Sub(oldest(group)) >= c.Gather
	case len(last.Firing) == 0:
		return Back, at.Sub(oldest(group)) >= c.Gather
	case now.Urgent == Page && last.Urgent != Page:
		return Urgent, true
	case !slices.Equal(now.Firing, last.Firing):
		return Changed, at.Sub(last.At) >= c.Between
	default:
		return Again, at.Sub(last.At) >= c.Repeat
	}
}

// Summary is what a notice about the group would say. Where a page fires for an objective it speaks for the objective's tickets, too.
func Summary(group []Alert, at time.Time) Told {
	paged := map[slo.Key]bool{}
	for _, a := range group {
		if a.State == Firing && a.Verdict.Tier.Severity == Page {
			paged[a.Objective] = true
		}
	}
	t := Told{At: at}
	for _, a := range group {
		severity := a.Verdict.Tier.Severity
		if a.State != Firing || severity != Page && paged[a.Objective] {
			continue
		}
		t.Firing = append(t.Firing, a.ID())
		if t.Urgent != Page {
			t.Urgent = severity
		}
	}
	slices.SortFunc(t.Firing, func(a, b ID) int {
		return cmp.Or(cmp.Compare(a.Objective, b.Objective), cmp.Compare(a.Tier, b.Tier))
	})
	return t
}

// oldest returns when the first alert of the group that fires began to.
func oldest(group []Alert) time.Time {
	var first time.Time
	for _, a := range group {
		if a.State == Firing && (first.IsZero() || a.Fired.Before(first)) {
			first = a.Fired
		}
	}
	return first
}
