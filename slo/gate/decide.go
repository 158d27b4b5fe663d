package gate

import (
	"cmp"
	"fmt"
	"strings"

	"plimsoll/internal/nearest"
)

// Decide answers whether a change may go out. It is a pure function: the same policy, snapshot and change give the same
// decision. A nil policy holds. The change has been validated.
func Decide(p *Policy, s Snapshot, c Change) Decision {
	d := Decision{At: s.At, Change: c, Freeze: s.Freeze, Objectives: s.Objectives, Incidents: s.Incidents, Alerts: s.Alerts, Dependencies: s.Dependencies, Override: s.Override,
		References: s.References, LastGood: s.LastGood, Exemptions: s.Exemptions}
	if p == nil || len(s.Objectives) == 0 {
		d.Known = &Known{Services: s.Services, Environments: s.Environments}
	}
	if p == nil {
		d.decide(noPolicy(s, c))
		d.Message[0] = headline(d)
		return d
	}
	d.Policy = p.Ref()
	q := &question{policy: p, snapshot: &s, change: &c}
	q.figures, q.leased = p.judged(&s)
	q.exempt = q.exemption()
	decided := -1
	d.Clauses = make([]Result, len(p.clauses))
	for i, clause := range p.clauses {
		d.Clauses[i] = clause.evaluate(q)
		if decided < 0 && d.Clauses[i].Verdict != Pass {
			decided = i
		}
	}
	if decided < 0 {
		d.decide(withinBudget(q.figures, d.Clauses))
	} else {
		d.decide(d.Clauses[decided])
	}
	d.flip()
	if p.Mode == Shadow {
		d.Would, d.Outcome = d.Outcome, Allow
	}
	d.Message[0] = headline(d)
	return d
}

// decide takes the verdict of the clause that speaks first.
func (d *Decision) decide(r Result) {
	if d.Clauses == nil {
		d.Clauses = []Result{r}
	}
	d.Outcome, d.Reason, d.Clause, d.Until = r.Verdict, r.Reason, r.Clause, r.Until
	d.Message = []string{"", upperFirst(r.Detail) + ".", "Next: " + r.Next} // the first line follows when the mode is known
}

// flip finds the smallest change that would turn the answer. Of an allow that is any one of those listed: an exempt change
// turns by losing its exemption, if another clause stands in its way. A deny or hold turns by a reference alone where an
// exemption lacks only that; otherwise every clause in the way has to turn.
func (d *Decision) flip() {
	exempt := ""
	for _, r := range d.Clauses {
		against := severity[r.Verdict] > 0
		switch {
		case d.Outcome != Allow && r.Reason == ReferenceMissing:
			d.Flip = []string{r.Flip}
			return
		case d.Outcome != Allow && against && r.Flip != "":
			d.Flip = append(d.Flip, r.Flip)
		case d.Outcome == Allow && r.Verdict == Allow:
			exempt = cmp.Or(exempt, r.Flip)
		case exempt != "" && against:
			d.Flip = []string{exempt}
			return
		case d.Outcome == Allow && exempt == "" && r.Verdict == Pass && r.Clause == "budget" && r.Flip != "":
			d.Flip = append(d.Flip, r.Flip)
		}
	}
}

func noPolicy(s Snapshot, c Change) Result {
	return Result{
		Clause: "policy", Verdict: Hold, Reason: NoPolicy,
		Detail: fmt.Sprintf("no policy covers service %q in environment %q%s", c.Service, c.Environment, nearest.Hint(c.Environment, s.Environments)),
		Next:   "check both names" + list("; environments with a policy: ", s.Environments) + "; or write a policy.",
		Flip:   "a policy for the service and environment",
	}
}

// withinBudget is the result where no clause speaks: the tightest budget and how far it is from being spent.
func withinBudget(figures []Figures, clauses []Result) Result {
	r := Result{Clause: "budget", Verdict: Allow, Reason: WithinBudget, Next: "go ahead."}
	if worst := worstOf(figures, nil); worst != nil {
		r.Detail = worst.String() // there is one: a service without objectives is held
	}
	for _, c := range clauses {
		switch {
		case c.Reason != "" && c.Reason != ReferenceMissing: // a warning
			r.Reason, r.Detail, r.Until = c.Reason, c.Detail, c.Until
			r.Next = "go ahead, with care."
		case c.Clause == "budget" && c.Flip != "" && c.Detail == r.Detail:
			r.Next = "go ahead. " + upperFirst(c.Flip) + " would spend the budget."
		}
	}
	return r
}

// headline is the first line of the message: the answer and why, in a few words.
func headline(d Decision) string {
	answer := strings.ToUpper(string(d.Outcome))
	if d.Would != "" {
		answer += fmt.Sprintf(" (shadow; enforced: %s)", strings.ToUpper(string(d.Would)))
	}
	return fmt.Sprintf("%s %s %s of %s to %s: %s.", answer, d.Change.Class, ShortCommit(d.Change.Commit), d.Change.Service, d.Change.Environment, why(d))
}

var whys = map[Reason]string{
	WithinBudget:        "the budget allows it",
	ExemptRollback:      "a rollback always goes out",
	Overridden:          "two people answer for it",
	ExemptClass:         "its class is exempt",
	FrozenByHand:        "releases are frozen by hand",
	ThawedByHand:        "the freeze is lifted by hand",
	ThawingSlowly:       "changes go out one at a time after a freeze",
	BudgetSpent:         "an error budget is spent",
	BudgetExcused:       "a spent budget is excused",
	ExemptCause:         "the spent budget is not the team's to make good",
	BudgetCaution:       "an error budget is low",
	DataStale:           "the data is stale",
	DataLastGood:        "the last good figures allow it",
	CoverageLow:         "too little was measured",
	DataGap:             "the source is silent",
	IncidentOpen:        "a severe incident is open",
	CalendarClosed:      "releases are closed at this time",
	AlertFiring:         "a budget burns right now",
	ConditionHolds:      "a condition of the policy says so",
	ConditionFailed:     "a condition of the policy cannot be evaluated",
	DependencyInTrouble: "a dependency is in trouble",
	NoPolicy:            "no policy covers it",
	NoObjective:         "there is no budget to decide by",
}

func why(d Decision) string {
	if d.Reason == CodeRedInForce {
		return "code red since " + instant(d.Freeze.Since)
	}
	return whys[d.Reason]
}
