package gate

import (
	"fmt"
	"slices"
	"strings"

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
	if q.exempt != nil {
		r.Verdict, r.Reason = Pass, ExemptCause
		r.Detail += "; " + q.exempt.String()
		return
	}
	back := ""
	switch spent, awaited := spentOf(q.snapshot.Objectives), q.policy.awaits(q.snapshot.Objectives, q.snapshot.At); {
	case len(spent) > 0:
		r.Until = backAt(spent)
		back = backAbout(r.Until, spent[0].Window) + "; "
	case awaited != "":
		back = fmt.Sprintf("the freeze does not end by itself while data of %s is missing; ", awaited)
	case s.RecoveredAt != nil:
		until := s.RecoveredAt.Add(thaw.After)
		r.Until = &until
		back = fmt.Sprintf("the budget is back since %s, and the freeze lifts at %s if it stays; ", instant(*s.RecoveredAt), instant(until))
	}
	r.Next = fmt.Sprintf("only %s go out. %s.", q.policy.Exemptions(), upperFirst(back+q.policy.FreezeEnds()))
	r.Flip = fmt.Sprintf("every budget above %s for %s, or a thaw by hand", percent(thaw.Above), slo.ShortDuration(thaw.After))
	if len(thaw.Exit) > 0 {
		r.Flip = strings.Replace(r.Flip, ", or", ", its exit criteria and a release manager's word, or", 1)
	}
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
