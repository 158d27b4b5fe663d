package slo

import (
	"math"
	"slices"
	"time"
)

// Use is what a status is read for.
type Use string

// The uses for which an objective says what gaps mean. [AsMeasured] ignores them: what pages, metrics and the command line show.
const (
	AsMeasured Use = ""

	ForGate   Use = "gate"
	ForAlert  Use = "alert"
	ForReport Use = "report"
)

// For returns what gaps mean for a use.
func (n NoData) For(u Use) Gap {
	gap := map[Use]Gap{ForGate: n.Gate, ForAlert: n.Alert, ForReport: n.Report}[u]
	if gap == "" {
		return GapIgnored
	}
	return gap
}

// Hold says why nothing may be decided from a status yet; empty if nothing stands in the way.
type Hold string

const (
	// HoldNeverSeen: nothing was observed in the whole window.
	HoldNeverSeen Hold = "never_seen"
	// HoldSilent: the source has not been seen for five minutes.
	HoldSilent Hold = "silent"
)

// String says the reason in words.
func (h Hold) String() string {
	return map[Hold]string{
		HoldNeverSeen: "nothing was observed in the whole window",
		HoldSilent:    "the source has not been seen for five minutes",
	}[h]
}

// GapEffect is what the gaps of a window did to a status; see [Gaps].
type GapEffect struct {
	Policy  Gap
	Minutes int64 // without data; of a composite, the sum of those of its components
	// Estimated is whether events were added for them, and Added which; those of a composite are added to its components.
	Estimated bool
	Added     Counts
	Hold      Hold
}

// settling is the age from which a minute without data is a gap. Before, its data may be on its way.
const settling = 5 * time.Minute

// Gaps returns s as a use is to see it under the objective's [NoData]. A gap is a minute that was not observed, after the first that was
// in the window, and is older than five minutes.
//
//   - ignore: s itself.
//   - good, bad: every gap minute adds events at the mean rate of the observed minutes, to the budget, the SLI and the burn rates. Good
//     events are rounded down and bad ones up. Coverage stays what it is.
//   - hold: nothing is added; while the source is silent, or was never seen, the status says to hold. A gap that is over is never filled
//     by waiting, so it holds nobody.
//
// What a composite says of gaps holds for those of its components, whatever they say for themselves: it is made anew of them as they are seen
// then, and holds while one of them is silent. view is a [Compound] then.
func Gaps(s Status, view Reader, use Use) Status {
	return s.withGaps(view, s.Objective.NoData.For(use))
}

func (s Status) withGaps(view Reader, policy Gap) Status {
	switch {
	case policy == GapIgnored:
		return s
	case s.Objective.Method == Composite:
		return s.withGapsOfParts(view, policy)
	}
	s.Gaps = GapEffect{Policy: policy}
	if policy == GapHold {
		s.Gaps.Hold = s.hold()
	}
	first := firstObserved(view, s.From, s.To)
	gap := func(from Minute) int64 {
		r := view.Read(max(from, first-1), max(from, first-1, s.To-Minute(settling/time.Minute)))
		return r.Minutes - r.Observed
	}
	s.Gaps.Minutes = gap(s.From)
	if policy == GapHold || s.Gaps.Minutes == 0 {
		return s
	}
	mean := s.Window
	s.Gaps.Estimated, s.Gaps.Added = true, estimate(mean, s.Gaps.Minutes, policy, mean.Counts)
	s.setWindow(s.Window.Counts.Add(s.Gaps.Added))
	s.Burn = slices.Clone(s.Burn)
	for i := range s.Burn {
		b := &s.Burn[i]
		b.Counts = b.Counts.Add(estimate(mean, gap(s.To-Minute(b.Lookback/time.Minute)), policy, b.Counts))
		b.Rate = BurnRate(s.Objective.Target, b.Counts)
	}
	return s
}

// withGapsOfParts makes a composite anew of its components with their gaps.
func (s Status) withGapsOfParts(view Reader, policy Gap) Status {
	gaps := GapEffect{Policy: policy}
	parts := make([]Status, len(s.Parts))
	for i, p := range s.Parts {
		parts[i] = p.Status
		if r := componentOf(view, p.Key); r != nil {
			parts[i] = p.Status.withGaps(r, policy)
		}
		gaps.Minutes += parts[i].Gaps.Minutes
		gaps.Estimated = gaps.Estimated || parts[i].Gaps.Estimated
	}
	if policy == GapHold {
		gaps.Hold = s.hold()
	}
	seen := EvaluateComposite(s.Objective, parts, s.At)
	seen.Version, seen.Dropped, seen.Gaps = s.Version, s.Dropped, gaps
	return seen
}

// hold says why to wait for data. Minutes that a correction excludes are not waited for.
func (s Status) hold() Hold {
	for _, p := range s.Parts {
		if h := p.Status.hold(); h != "" {
			return h
		}
	}
	switch {
	case len(s.Parts) > 0:
		return ""
	case s.Window.Observed == 0 && s.Window.Minutes > 0:
		return HoldNeverSeen
	}
	if recent := s.BurnOver(settling); recent.Observed == 0 && recent.Minutes > 0 {
		return HoldSilent
	}
	return ""
}

// firstObserved returns the first minute in (from, to] that was observed, or the one after to.
func firstObserved(r Reader, from, to Minute) Minute {
	first := to + 1
	r.Each(from, to, func(m MinuteCounts) bool {
		if m.Observed {
			first = m.Minute
		}
		return !m.Observed
	})
	return first
}

// estimate returns the events of unobserved minutes at the rate of the observed ones in mean: with those that are held, no more than an int64
// can hold.
func estimate(mean Reading, minutes int64, policy Gap, held Counts) Counts {
	if mean.Observed <= 0 || mean.Total <= 0 || minutes <= 0 {
		return Counts{}
	}
	n := mulDiv(mean.Total, minutes, mean.Observed, policy == GapBad, math.MaxInt64-max(0, held.Good, held.Total, held.Bad()))
	if policy == GapBad {
		return Counts{Total: n}
	}
	return Counts{Good: n, Total: n}
}

// Since returns the first minute of the window that was observed, if that is not its beginning: since when there have been measurements,
// and the share of the minutes from then on that were observed. False if the source was seen from the beginning, or never.
func Since(s Status, view Reader) (first time.Time, coverage float64, ok bool) {
	m := firstObserved(view, s.From, s.To)
	if m == s.From+1 || m > s.To {
		return time.Time{}, 0, false
	}
	return m.Time(), view.Read(m-1, s.To).Coverage(), true
}
