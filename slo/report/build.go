package report

import (
	"cmp"
	"slices"
	"time"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
)

// Source is an objective with what it is judged by.
type Source struct {
	Objective *slo.Objective
	Reader    slo.Reader // under the definition that is in force at the end of the week; of a composite it holds no events
	// Status evaluates the objective at an instant under the definition that was in force then, so that the report of a past week does not
	// change with the objective; nil evaluates it as it is now. A composite needs it.
	Status func(at time.Time) slo.Status
	// ReaderAt returns what the objective was judged by at an instant, under the definition of then; nil, or an answer of nil, is Reader.
	ReaderAt func(at time.Time) slo.Reader
}

// at returns the status at the end of a minute, with gaps as the objective asks for in reports.
func (s Source) at(end slo.Minute) slo.Status {
	r := s.Reader
	if s.ReaderAt != nil {
		r = cmp.Or(s.ReaderAt(end.Time()), r)
	}
	if s.Status == nil {
		return slo.Gaps(slo.Evaluate(s.Objective, r, end.Time()), r, slo.ForReport)
	}
	return slo.Gaps(s.Status(end.Time()), r, slo.ForReport)
}

// LastInstant is the one of which a report of a week says how the budgets stand: the beginning of the last minute that it counts.
func LastInstant(w Week, now time.Time) time.Time {
	_, last := periodOf(w, now).minutes()
	return last.Time()
}

// Inputs are what a report is made of. Order does not matter; what lies outside the week is left out.
type Inputs struct {
	Week        Week
	Now         time.Time // of asking; matters only if the week is not over
	Service     string    // only this one; all when empty
	Objectives  []Source
	Decisions   []gate.Decision  // at least those of the week
	Deploys     []deploys.Deploy // at least those that ended in the week or later, and those that started in it
	Events      []gate.Event     // of freezes, from before the week on, for what was in force when it began
	Incidents   []incidents.Incident
	ActionItems []postmortem.ActionItem // of postmortems that everybody may see
	Exemptions  []gate.Exemption        // at least those that counted at some time of the week
	Overrides   []gate.Override         // at least those that were asked for, used, or owed a follow-up in the week
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
			if src.Objective.Service == name && src.Objective.Parent == "" {
				s.Owner = cmp.Or(s.Owner, src.Objective.Owner)
				s.Objectives = append(s.Objectives, objective(src, p))
			}
		}
		slices.SortFunc(s.Objectives, func(a, b Objective) int { return cmp.Compare(a.Key, b.Key) })
		s.Releases = releases(in.Decisions, name, p)
		s.Exemptions = exemptions(in.Exemptions, name, p)
		s.Overrides, s.Overdue = overrides(in.Overrides, name, p), overdue(in.Events, name, p)
		s.Delivery = deliveries(in.Deploys, name, p)
		s.Advice = advise(s)
		r.Services = append(r.Services, s)
	}
	for _, i := range in.Incidents {
		if concerns(i, in.Service) && during(i, p) {
			r.Incidents = append(r.Incidents, incident(i))
		}
	}
	slices.SortFunc(r.Incidents, func(a, b Incident) int { return cmp.Or(a.Declared.Compare(b.Declared), cmp.Compare(a.Ref, b.Ref)) })
	r.ActionItems = lateItems(in.ActionItems, p)
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
	start, end := p.minutes()
	before, now := src.at(start), src.at(end)
	o, m, seen := now.Objective, now.Objective.Measure(), coverageOf(src, p)
	week := src.Reader.Read(start, end)
	v := Objective{
		Key: o.Key, Name: o.DisplayName, Target: o.Target, Window: o.Window.String(), Unit: m.Many, Composite: o.Method == slo.Composite,
		Good: m.Float(week.Good), Total: m.Float(week.Total), Kept: slo.BudgetOf(o.Target, week.Counts).Remaining >= 0,
		Coverage: seen.ofWeek, MeasuredSince: seen.since, CoverageSince: seen.ofSince,
		Start: budget(before), End: budget(now), Worst: worst(src.Reader, m, start, end, week.Bad()),
	}
	if now.Budget.Allowed > 0 {
		v.Spent = float64(week.Bad()) / now.Budget.Allowed
	}
	if v.Composite {
		v.Kept, v.Coverage, v.CoverageSince = !now.Budget.Spent, now.Window.Coverage(), now.Window.Coverage()
	}
	return v
}

func budget(s slo.Status) Budget {
	m := s.Objective.Measure()
	return Budget{
		Remaining: s.Budget.Remaining, Bad: m.Float(s.Budget.Bad()), Allowed: s.Budget.Allowed / float64(m.Weight), Spent: s.Spent(),
		Coverage: s.Window.Coverage(), Estimated: s.Gaps.Estimated,
	}
}

// worstHours is how many hours of an objective are named.
const worstHours = 3

// worst returns the hours with the most bad events, the earlier first among equals.
func worst(r slo.Reader, m slo.Measure, start, end slo.Minute, bad int64) []Hour {
	hours := []Hour{}
	for from := start; from < end; from += 60 {
		if c := r.Read(from, min(from+60, end)); c.Bad() > 0 {
			hours = append(hours, Hour{From: (from + 1).Time(), Bad: m.Float(c.Bad()), Total: m.Float(c.Total), Share: float64(c.Bad()) / float64(bad)})
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

// during reports whether an incident that counts was declared or open in the week.
func during(i incidents.Incident, p period) bool {
	t := i.Times
	over := !t.Resolved.IsZero() && t.Resolved.Before(p.from)
	return i.Counts() && p.reaches(t.Declared) && !over
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
