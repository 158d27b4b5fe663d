package gate

import (
	"fmt"
	"slices"

	"plimsoll/internal/config"
	"plimsoll/slo"
)

// Alert is a burn-rate alert of a service that fires.
type Alert struct {
	Objective slo.Key `json:"objective"`
	Tier      string  `json:"tier"`
	Severity  string  `json:"severity"` // "page" or "ticket"
}

// alertClause stops changes while a budget burns fast.
type alertClause struct {
	line       int
	severities []string
	then       Outcome
}

func (c *alertClause) evaluate(q *question) Result {
	r := Result{Clause: "alert", Line: c.line, Verdict: Pass, Detail: "no alert fires"}
	for _, a := range q.snapshot.Alerts {
		if !slices.Contains(c.severities, a.Severity) {
			continue
		}
		r.Reason, r.Detail = AlertFiring, fmt.Sprintf("the alert %s of %s fires: a budget is being spent right now", a.Tier, a.Objective)
		if c.then != Allow {
			r.Verdict = c.then
			r.Next = fmt.Sprintf("find out what burns the budget before you change more. Meanwhile only %s go out.", q.policy.Exemptions())
			r.Flip = fmt.Sprintf("the end of the alert %s of %s", a.Tier, a.Objective)
		}
		return r
	}
	return r
}

type alertFile struct {
	Severity string `yaml:"severity"`
	Then     string `yaml:"then"`
}

func (r *policyReader) alert(at config.Path, line int, f *alertFile) clause {
	c := &alertClause{line: line, severities: []string{"page"}, then: oneOf(r, at.In("then"), f.Then, Hold, Deny, Allow)}
	if oneOf(r, at.In("severity"), f.Severity, "page", "ticket") == "ticket" {
		c.severities = append(c.severities, "ticket") // and worse
	}
	return c
}

// Dependency is how a service that another depends on is doing in the same environment.
type Dependency struct {
	Service string `json:"service"`
	Frozen  bool   `json:"frozen"`          // its releases are
	Spent   bool   `json:"spent,omitempty"` // one of its budgets is
	// Incident is a severe incident that is open on it; nil if there is none.
	Incident *Incident `json:"incident,omitempty"`
}

// dependencyClause stops changes while something that the service depends on is in trouble: a change on top of it makes both harder to
// understand.
type dependencyClause struct {
	line int
	then Outcome
}

func (c *dependencyClause) evaluate(q *question) Result {
	r := Result{Clause: "dependency", Line: c.line, Verdict: Pass, Detail: "no dependency is in trouble"}
	for _, d := range q.snapshot.Dependencies {
		switch {
		case d.Incident != nil:
			r.Detail = fmt.Sprintf("%s, on which the service depends, has %s open, severity %d: %s", d.Service, d.Incident.Ref, d.Incident.Severity, d.Incident.Title)
		case d.Frozen:
			r.Detail = fmt.Sprintf("releases of %s, on which the service depends, are frozen", d.Service)
		default:
			continue
		}
		r.Reason = DependencyInTrouble
		if c.then != Allow {
			r.Verdict = c.then
			r.Next = fmt.Sprintf("wait for %s. Meanwhile only %s go out.", d.Service, q.policy.Exemptions())
			r.Flip = d.Service + " out of trouble"
		}
		return r
	}
	return r
}

type dependencyFile struct {
	Then string `yaml:"then"`
}

func (r *policyReader) dependency(at config.Path, line int, f *dependencyFile) clause {
	return &dependencyClause{line: line, then: oneOf(r, at.In("then"), f.Then, Hold, Deny, Allow)}
}
