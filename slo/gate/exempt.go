package gate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// rollbackClause lets a rollback go, always. It is part of every policy and no policy can take it out: going back is how
// an outage ends.
type rollbackClause struct{}

func (rollbackClause) evaluate(q *question) Result {
	if q.change.Class != Rollback {
		return Result{Clause: "rollback", Verdict: Pass, Detail: "the change is not a rollback"}
	}
	return Result{Clause: "rollback", Verdict: Allow, Reason: ExemptRollback, Detail: "a rollback always goes out",
		Next: "go ahead; the rollback is recorded.", Flip: "any class but rollback"}
}

// exemptClause lets classes of changes go out whatever the budget says.
type exemptClause struct {
	line      int
	classes   []Class
	reference bool // only with a reference to an open incident or action item of the service
}

func (e *exemptClause) evaluate(q *question) Result {
	r := Result{Clause: "exempt", Line: e.line, Verdict: Pass}
	if !e.covers(q.change.Class) {
		r.Detail = fmt.Sprintf("exempts %s, not %s", e, classPlural[q.change.Class])
		return r
	}
	exempt := fmt.Sprintf("class %s is exempt", q.change.Class)
	if e.reference {
		open, problem := openReference(q.change, q.snapshot.References)
		if open == "" {
			r.Reason, r.Detail = ReferenceMissing, exempt+" only with an open incident or action item: "+problem
			r.Flip = "a reference (--ref) to an open incident or action item"
			return r
		}
		exempt += " with " + open
	}
	r.Verdict, r.Reason, r.Detail = Allow, ExemptClass, exempt
	r.Next = "go ahead; the exemption is recorded."
	r.Flip = "any class that is not exempt"
	return r
}

func (e *exemptClause) covers(c Class) bool {
	for _, class := range e.classes {
		if class == c {
			return true
		}
	}
	return false
}

// String names what is exempt, for people.
func (e *exemptClause) String() string {
	names := make([]string, len(e.classes))
	for i, c := range e.classes {
		names[i] = classPlural[c]
	}
	s := strings.Join(names, ", ")
	if e.reference {
		s += " with an open reference (--ref)"
	}
	return s
}

var classPlural = map[Class]string{
	Feature: "features", Reliability: "reliability fixes", Security: "security fixes",
	Rollback: "rollbacks", Config: "configuration changes",
}

// openReference returns the first reference of a change that is known to be open and to concern its service, or says why there is none.
func openReference(c *Change, known []Reference) (open, problem string) {
	if len(c.Refs) == 0 {
		return "", "the change refers to none"
	}
	for _, ref := range c.Refs {
		switch k := find(known, ref); {
		case !k.Known:
			problem = ref + " is not known"
		case !k.Open:
			problem = ref + " is not open"
		case k.Services != nil && !slices.Contains(k.Services, c.Service):
			problem = fmt.Sprintf("%s concerns %s, not %s", ref, cmp.Or(strings.Join(k.Services, ", "), "no service"), c.Service)
		default:
			return ref, ""
		}
	}
	return "", problem
}

func find(known []Reference, ref string) Reference {
	for _, k := range known {
		if k.Ref == ref {
			return k
		}
	}
	return Reference{Ref: ref}
}
