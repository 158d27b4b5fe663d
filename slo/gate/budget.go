package gate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/config"
	"plimsoll/internal/nearest"
	"plimsoll/slo"
)

// underCaution says which changes go while a budget is low.
type underCaution string

const (
	cautionAllow       underCaution = "allow"       // all, with a warning
	cautionProgressive underCaution = "progressive" // those that roll out in steps; others are held
	cautionHold        underCaution = "hold"
	cautionDeny        underCaution = "deny"
)

// budgetClause judges by what is left of the budgets.
type budgetClause struct {
	line       int
	objectives []string // names within the service; empty for all that no other clause names
	caution    slo.Ratio
	inCaution  underCaution
	spent      Outcome
}

// judgedOnce refuses budget clauses that judge nothing, since another one judges the same objectives.
func (r *policyReader) judgedOnce(clauses []clauseFile) {
	judges := map[string]int{} // of an objective; "" are all that no clause names
	for i, c := range clauses {
		if c.Budget == nil {
			continue
		}
		at := config.Path{"clauses", i, "budget", "objectives"}
		names := c.Budget.Objectives
		if len(names) == 0 {
			names = []string{""}
		}
		for _, name := range names {
			switch before, twice := judges[name]; {
			case twice && name == "":
				r.problem(at, "must name objectives: clauses[%d].budget judges all that no other clause names", before)
			case twice:
				r.problem(at, "must name objectives that clauses[%d].budget does not judge already, found %q", before, name)
			default:
				judges[name] = i
			}
		}
	}
}

// names reports whether the clause names the objective.
func (b *budgetClause) names(key slo.Key) bool {
	_, name, _ := strings.Cut(string(key), "/")
	return slices.Contains(b.objectives, name)
}

func (b *budgetClause) evaluate(q *question) Result {
	if missing := b.missing(q.figures); missing != "" {
		return b.unknown(q, missing)
	}
	r := Result{Clause: "budget", Line: b.line, Verdict: Pass, Detail: "no objective is judged here"}
	var worst *Figures
	for i := range q.figures {
		f := &q.figures[i]
		if q.policy.budgetOf(f.Objective) != b {
			continue
		}
		verdict, reason := b.judge(q, f)
		more := grave(verdict, reason) - grave(r.Verdict, r.Reason)
		if worst == nil || more > 0 || more == 0 && f.Remaining < worst.Remaining {
			r.Verdict, r.Reason, worst = verdict, reason, f
		}
	}
	if worst == nil {
		return r
	}
	r.Detail = worst.String()
	if slices.Contains(q.leased, worst.Objective) {
		r.Detail += fmt.Sprintf("; these are the last good figures, of %s", instant(worst.LastSample))
	}
	if m := q.snapshot.Freeze.active(q.snapshot.At); m != nil && m.Kind == ThawByHand && r.Verdict != Pass {
		r.Verdict, r.Reason = Pass, ThawedByHand
		r.Detail += fmt.Sprintf("; thawed by hand by %s until %s: %s", m.By, instant(m.Until), m.Reason)
	}
	b.explain(q, worst, &r)
	return r
}

// judge gives the verdict on one objective and its reason, if there is one.
func (b *budgetClause) judge(q *question, f *Figures) (Outcome, Reason) {
	switch {
	case f.Spent && b.spent == Allow:
		return Pass, BudgetSpent
	case f.Spent && q.exempt != nil:
		return Pass, ExemptCause
	case f.Spent && q.snapshot.Freeze.excuses(f, q.policy.Thaw.Above):
		return b.whenLow(q.change), BudgetExcused
	case f.Spent:
		return b.spent, BudgetSpent
	case b.caution == 0 || f.Remaining > b.caution.Float() || !f.enough():
		return Pass, ""
	}
	return b.whenLow(q.change), BudgetCaution
}

// whenLow is the verdict on a change while a budget is low.
func (b *budgetClause) whenLow(c *Change) Outcome {
	switch {
	case b.inCaution == cautionAllow || b.inCaution == cautionProgressive && c.Progressive:
		return Pass
	case b.inCaution == cautionProgressive:
		return Hold
	default:
		return Outcome(b.inCaution)
	}
}

// grave orders verdicts: a deny over a hold over a pass, and a pass with a warning over one without.
func grave(verdict Outcome, reason Reason) int {
	g := 2 * severity[verdict]
	if reason != "" {
		g++
	}
	return g
}

// explain adds what to do and what would turn the verdict.
func (b *budgetClause) explain(q *question, f *Figures, r *Result) {
	if r.Reason == BudgetCaution {
		r.Detail += fmt.Sprintf("; caution at %s", percent(b.caution))
	}
	if r.Reason == BudgetExcused {
		r.Detail += "; excused since Code Red was ended by its exit criteria"
	}
	if r.Reason == ExemptCause {
		r.Detail += "; " + q.exempt.String()
	}
	if r.Reason == BudgetSpent {
		r.Until = backAt([]Figures{*f})
	}
	switch {
	case r.Verdict == Pass && !f.Spent && b.spent != Allow && !f.Composite:
		r.Flip = plural(f.badToSpend(), "more bad "+f.measure().One) + " of " + f.Name
	case r.Verdict == Pass:
	case r.Reason == BudgetSpent:
		r.Next = fmt.Sprintf("only %s go out. %s.", q.policy.Exemptions(), upperFirst(backAbout(r.Until, f.Window)))
		if n := f.goodToRecover(); n > 0 && !f.Composite {
			r.Flip = plural(n, "more good "+f.measure().One) + " of " + f.Name + " without a bad one"
		}
	case b.inCaution == cautionProgressive:
		r.Next = fmt.Sprintf("roll the change out in steps that stop by themselves and say so with --progressive, or wait. Meanwhile %s go out.", q.policy.Exemptions())
		r.Flip = "a progressive rollout (--progressive)"
	default:
		r.Next = fmt.Sprintf("wait until more of the budget is back. Meanwhile only %s go out.", q.policy.Exemptions())
		r.Flip = fmt.Sprintf("%s above %s", f.Name, percent(b.caution))
	}
}

func (b *budgetClause) missing(figures []Figures) string {
	for _, name := range b.objectives {
		if !slices.ContainsFunc(figures, func(f Figures) bool { return nameOf(f) == name }) {
			return name
		}
	}
	return ""
}

func (b *budgetClause) unknown(q *question, name string) Result {
	var names []string
	for _, f := range q.figures {
		names = append(names, nameOf(f))
	}
	return Result{Clause: "budget", Line: b.line, Verdict: Hold, Reason: NoObjective,
		Detail: fmt.Sprintf("the policy names objective %q, which %s does not have%s", name, q.change.Service, nearest.Hint(name, names)),
		Next:   "correct the policy" + list("; the service's objectives: ", names) + ".",
		Flip:   "an objective " + name,
	}
}

func nameOf(f Figures) string {
	_, name, _ := strings.Cut(string(f.Objective), "/")
	return name
}

var severity = map[Outcome]int{Pass: 0, Allow: 0, Hold: 1, Deny: 2}

func spentOf(figures []Figures) (spent []Figures) {
	for _, f := range figures {
		if f.Spent {
			spent = append(spent, f)
		}
	}
	return spent
}

// backAt is when the last of spent budgets is back, nil if one of them will not be within its window.
func backAt(spent []Figures) *time.Time {
	var last *time.Time
	for _, f := range spent {
		if f.RecoversAt == nil {
			return nil
		}
		if last == nil || f.RecoversAt.After(*last) {
			last = f.RecoversAt
		}
	}
	return last
}

func backAbout(at *time.Time, window string) string {
	if at == nil {
		return "the budget is not back within " + window + " at the present traffic"
	}
	return fmt.Sprintf("the budget is back above 0 about %s if no more errors come", instant(*at))
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
