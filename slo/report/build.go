package report

import (
	"cmp"
	"slices"
	"time"

	"plimsoll/incidents"
	"plimsoll/slo"
	"plimsoll/slo/gate"
)

// Source is an objective with its events.
type Source struct {
	Objective *slo.Objective
	Reader    slo.Reader
}

// Inputs are what a report is made of. Order does not matter; what lies outside the week is left out.
type Inputs struct {
	Week       Week
	Now        time.Time // of asking; matters only if the week is not over
	Service    string    // only this one; all when empty
	Objectives []Source
	Decisions  []gate.Decision // at least those of the week
	Events     []gate.Event    // of freezes, from before the week on, for what was in force when it began
	Incidents  []incidents.Incident
}

// Build makes the report: of a week that is over the whole, otherwise everything up to and with the instant of asking.
func Build(in Inputs) Report {
	p := periodOf(in.Week, in.Now)
	r := Report{
		Week: in.Week.String(), From: p.from, Until: p.until, Complete: !p.open,
		Services: []Service{}, Incidents: []Incident{},
	}
	for _, name := range serviceNames(in) {
		s := Service{Name: name, Objectives: []Objective{}, Freezes: freezes(in.Events, name, p)}
		for _, src := range in.Objectives {
			if src.Objective.Service == name {
				s.Owner = cmp.Or(s.Owner, src.Objective.Owner)
				s.Objectives = append(s.Objectives, objective(src, p))
			}
		}
		slices.SortFunc(s.Objectives, func(a, b Objective) int { return cmp.Compare(a.Key, b.Key) })
		s.Releases = releases(in.Decisions, name, p)
		s.Advice = advise(s)
		r.Services = append(r.Services, s)
	}
	for _, i := range in.Incidents {
		if concerns(i, in.Service) && during(i, p) {
			r.Incidents = append(r.Incidents, incident(i))
		}
	}
	slices.SortFunc(r.Incidents, func(a, b Incident) int { return cmp.Or(a.Declared.Compare(b.Declared), cmp.Compare(a.Ref, b.Ref)) })
	r.Summary = summarise(r)
	return r
}

// serviceNames are the services that have an objective, sorted.
func serviceNames(in Inputs) []string {
	var names []string
	for _, s := range in.Objectives {
		if in.Service == "" || s.Objective.Service == in.Service {
			names = append(names, s.Objective.Service)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func objective(src Source, p period) Objective {
	o, seen := src.Objective, coverageOf(src, p)
	start, end := p.minutes()
	week := src.Reader.Read(start, end)
	v := Objective{
		Key: o.Key, Name: o.DisplayName, Target: o.Target.Float(), Window: o.Window.String(),
		Good: week.Good, Total: week.Total, Kept: slo.BudgetOf(o.Target, week.Counts).Remaining >= 0,
		Coverage: seen.ofWeek, MeasuredSince: seen.since, CoverageSince: seen.ofSince,
		Start: budget(src, start), End: budget(src, end), Worst: worst(src.Reader, start, end, week.Bad()),
	}
	if v.End.Allowed > 0 {
		v.Spent = float64(week.Bad()) / v.End.Allowed
	}
	return v
}

func budget(src Source, end slo.Minute) Budget {
	r := src.Reader.Read(end-slo.Minute(src.Objective.Window.Minutes()), end)
	b := slo.BudgetOf(src.Objective.Target, r.Counts)
	return Budget{Remaining: b.Remaining, Bad: b.Bad(), Allowed: b.Allowed, Spent: b.Spent, Coverage: r.Coverage()}
}

// worstHours is how many hours of an objective are named.
const worstHours = 3

// worst returns the hours with the most bad events, the earlier first among equals.
func worst(r slo.Reader, start, end slo.Minute, bad int64) []Hour {
	hours := []Hour{}
	for from := start; from < end; from += 60 {
		if c := r.Read(from, min(from+60, end)); c.Bad() > 0 {
			hours = append(hours, Hour{From: (from + 1).Time(), Bad: c.Bad(), Total: c.Total, Share: float64(c.Bad()) / float64(bad)})
		}
	}
	slices.SortStableFunc(hours, func(a, b Hour) int { return cmp.Compare(b.Bad, a.Bad) })
	return hours[:min(worstHours, len(hours))]
}

func releases(decisions []gate.Decision, service string, p period) Releases {
	r := Releases{Reasons: []ReasonCount{}}
	why := map[string]int{}
	for _, d := range decisions {
		if d.Change.Service != service || !p.has(d.At) {
			continue
		}
		switch d.Outcome {
		case gate.Allow:
			r.Allowed++
		case gate.Deny:
			r.Denied++
		default:
			r.Held++
		}
		if d.Verdict() != gate.Allow {
			why[string(d.Reason)]++
			if d.Outcome == gate.Allow {
				r.Shadow++
			}
		}
	}
	for reason, n := range why {
		r.Reasons = append(r.Reasons, ReasonCount{reason, n})
	}
	slices.SortFunc(r.Reasons, func(a, b ReasonCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return r
}

func concerns(i incidents.Incident, service string) bool {
	return service == "" || slices.Contains(i.Services, service)
}

// during reports whether an incident was declared or open in the week. What was cancelled was none.
func during(i incidents.Incident, p period) bool {
	t := i.Times
	over := !t.Resolved.IsZero() && t.Resolved.Before(p.from)
	return i.State != incidents.Cancelled && p.reaches(t.Declared) && !over
}

func incident(i incidents.Incident) Incident {
	seconds := func(d time.Duration, known bool) *int64 {
		if !known {
			return nil
		}
		s := int64(d / time.Second)
		return &s
	}
	return Incident{
		Ref: i.Ref.String(), Title: i.Title, Severity: int(i.Severity), State: string(i.State),
		Open: i.State.Open(), CodeRed: i.Source == incidents.SourceCodeRed, Services: append([]string{}, i.Services...),
		Declared:             i.Times.Declared.UTC(),
		SecondsToDetect:      seconds(i.Times.TimeToDetect()),
		SecondsToAcknowledge: seconds(i.Times.TimeToAcknowledge()),
		SecondsToMitigate:    seconds(i.Times.TimeToMitigate()),
		SecondsToResolve:     seconds(i.Times.TimeToResolve()),
	}
}
