package gate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/nearest"
	"plimsoll/slo"
)

// objectiveClause holds a change to a service of which nothing is known. It is part of every policy.
type objectiveClause struct{}

func (objectiveClause) evaluate(q *question) Result {
	r := Result{Clause: "objective", Verdict: Pass}
	if n := int64(len(q.snapshot.Objectives)); n > 0 {
		r.Detail = "the service has " + plural(n, "objective")
		return r
	}
	service := q.change.Service
	r.Verdict, r.Reason = Hold, NoObjective
	r.Detail = fmt.Sprintf("service %q has no objective, so there is no budget to decide by%s", service,
		nearest.Hint(service, q.snapshot.Services))
	r.Next = "check the name of the service" + list("; known: ", q.snapshot.Services) + "; or define an objective for it."
	r.Flip = "an objective for the service"
	return r
}

func list(prefix string, names []string) string {
	const most = 8
	if len(names) == 0 {
		return ""
	}
	s := prefix + strings.Join(names[:min(len(names), most)], ", ")
	if len(names) > most {
		s += ", …"
	}
	return s
}

// freezeClause speaks for the freeze in force.
type freezeClause struct{ line int }

func (f *freezeClause) evaluate(q *question) Result {
	s, at := q.snapshot.Freeze, q.snapshot.At
	r := Result{Clause: "freeze", Line: f.line, Verdict: Pass}
	if m := s.active(at); m != nil {
		until := m.Until
		r.Until = &until
		r.Detail = fmt.Sprintf("%s by hand by %s until %s: %s", past[m.Kind], m.By, instant(m.Until), m.Reason)
		if m.Kind == ThawByHand {
			r.Reason = ThawedByHand
			return r
		}
		r.Verdict, r.Reason = Deny, FrozenByHand
		r.Next = fmt.Sprintf("wait until %s, or ask %s. Now only %s go out.", instant(m.Until), m.By, q.policy.Exemptions())
		r.Flip = "a thaw by hand, or the end of the freeze"
		return r
	}
	switch s.Phase {
	case CodeRed:
		f.codeRed(q, &r)
	case Thawing:
		f.thawing(q, &r)
	case Caution:
		r.Detail = "no freeze; caution since " + instant(s.Since)
	default:
		r.Detail = "no freeze"
	}
	return r
}

var past = map[CommandKind]string{FreezeByHand: "frozen", ThawByHand: "thawed"}

func (f *freezeClause) codeRed(q *question, r *Result) {
	s, thaw := q.snapshot.Freeze, q.policy.Thaw
	r.Verdict, r.Reason = Deny, CodeRedInForce
	worst := worstOf(q.snapshot.Objectives, s.Cause)
	if worst == nil {
		r.Detail = "the budget was spent; the objective is no longer defined"
	} else {
		r.Detail = worst.String()
	}
	back := ""
	switch spent := spentOf(q.snapshot.Objectives); {
	case len(spent) > 0:
		r.Until = backAt(spent)
		back = backAbout(r.Until, spent[0].Window) + "; "
	case s.RecoveredAt != nil:
		until := s.RecoveredAt.Add(thaw.After)
		r.Until = &until
		back = fmt.Sprintf("the budget is back since %s, and the freeze lifts at %s if it stays; ", instant(*s.RecoveredAt), instant(until))
	}
	r.Next = fmt.Sprintf("only %s go out. %s.", q.policy.Exemptions(), upperFirst(back+q.policy.FreezeEnds()))
	r.Flip = fmt.Sprintf("every budget above %s for %s, or a thaw by hand", percent(thaw.Above), slo.ShortDuration(thaw.After))
}

func (f *freezeClause) thawing(q *question, r *Result) {
	s, thaw, at := q.snapshot.Freeze, q.policy.Thaw, q.snapshot.At
	a := s.Admitted
	switch {
	case a == nil:
		r.Detail = fmt.Sprintf("thawing since %s: one change in %s, and this is the next", instant(s.Since), slo.ShortDuration(thaw.Every))
	case a.Commit == q.change.Commit:
		r.Detail = "thawing: this commit was let through at " + instant(a.At)
	case at.Sub(a.At) >= thaw.Every:
		r.Detail = fmt.Sprintf("thawing: the last change went out at %s", instant(a.At))
	default:
		until := a.At.Add(thaw.Every)
		r.Verdict, r.Reason, r.Until = Hold, ThawingSlowly, &until
		r.Detail = fmt.Sprintf("thawing after a freeze: one change in %s, and %s went out at %s", slo.ShortDuration(thaw.Every), ShortCommit(a.Commit), instant(a.At))
		r.Next = fmt.Sprintf("ask again at %s. Meanwhile %s go out.", instant(until), q.policy.Exemptions())
		r.Flip = fmt.Sprintf("%s more", slo.FormatSpan(until.Sub(at)))
	}
}

// dataClause refuses to decide on data that is old or thin.
type dataClause struct {
	line        int
	maxAge      time.Duration
	minCoverage slo.Ratio
	then        Outcome // Allow means: note it and go on
}

func (d *dataClause) evaluate(q *question) Result {
	r := Result{Clause: "data", Line: d.line, Verdict: Pass}
	for _, f := range q.snapshot.Objectives {
		if f.Hold != "" { // the objective asks for it, so no policy can allow it
			r.Verdict, r.Reason = Hold, DataGap
			r.Detail = fmt.Sprintf("%s: %s, and the objective says to wait for data (no-data policy of the gate)", f.Name, f.Hold)
			r.Next = fmt.Sprintf("see why metrics of the service do not arrive, then ask again. Meanwhile only %s go out.", q.policy.Exemptions())
			r.Flip = "a fresh sample of " + f.Name
			return r
		}
	}
	for _, f := range q.snapshot.Objectives {
		switch {
		case f.LastSample.IsZero():
			r.Reason, r.Detail = DataStale, fmt.Sprintf("%s: no sample has ever arrived", f.Name)
			r.Flip = "a sample of " + f.Name
		case f.stale(q.snapshot.At, d.maxAge):
			r.Reason = DataStale
			r.Detail = fmt.Sprintf("%s: the newest sample is %s old, allowed are %s", f.Name, slo.FormatSpan(q.snapshot.At.Sub(f.LastSample)), slo.FormatSpan(d.maxAge))
			r.Flip = "a fresh sample of " + f.Name
		case f.Coverage < d.minCoverage.Float():
			r.Reason = CoverageLow
			r.Detail = fmt.Sprintf("%s: the source was seen in %s of the last hour's minutes, needed are %s", f.Name, slo.FormatPercent(f.Coverage), percent(d.minCoverage))
			r.Flip = fmt.Sprintf("the source of %s seen in %s of an hour", f.Name, percent(d.minCoverage))
		default:
			continue
		}
		if d.then != Allow {
			r.Verdict = d.then
			r.Next = fmt.Sprintf("see why metrics of the service do not arrive, then ask again. Meanwhile only %s go out.", q.policy.Exemptions())
		}
		return r
	}
	r.Detail = fmt.Sprintf("every sample is at most %s old", slo.FormatSpan(d.maxAge))
	return r
}

// incidentClause stops changes while a severe incident is open.
type incidentClause struct {
	line     int
	severity int // this one and worse
	then     Outcome
}

func (c *incidentClause) evaluate(q *question) Result {
	r := Result{Clause: "incident", Line: c.line, Verdict: Pass, Detail: fmt.Sprintf("no incident of severity %d or worse is open", c.severity)}
	for _, i := range q.snapshot.Incidents {
		if i.Severity > c.severity || i.CodeRed {
			continue
		}
		r.Reason, r.Verdict = IncidentOpen, c.then
		r.Detail = fmt.Sprintf("%s, severity %d, open since %s: %s", i.Ref, i.Severity, instant(i.Since), i.Title)
		r.Next = fmt.Sprintf("help to resolve %s, or wait for it. Meanwhile only %s go out.", i.Ref, q.policy.Exemptions())
		r.Flip = i.Ref + " resolved"
		if c.then == Allow {
			r.Verdict, r.Next, r.Flip = Pass, "", ""
		}
		return r
	}
	return r
}

// worstOf returns the objective with the least budget, of those named if any of them is there.
func worstOf(figures []Figures, named []slo.Key) *Figures {
	var worst *Figures
	for i, f := range figures {
		if len(named) > 0 && !slices.Contains(named, f.Objective) {
			continue
		}
		if worst == nil || f.Remaining < worst.Remaining {
			worst = &figures[i]
		}
	}
	if worst == nil && len(named) > 0 {
		return worstOf(figures, nil)
	}
	return worst
}
