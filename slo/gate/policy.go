package gate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/slo"
)

// ErrUnknownService is returned for a freeze or thaw by hand of a service without objectives.
var ErrUnknownService = errors.New("the service has no objectives")

// ErrNoPolicy is returned for a freeze or thaw by hand in an environment without a policy.
var ErrNoPolicy = errors.New("no policy covers the service in this environment")

// Mode says whether a policy binds.
type Mode string

const (
	Enforce Mode = "enforce"
	Shadow  Mode = "shadow" // decides and records, and always answers allow
)

// AnyService is the service of a policy that covers every service that no other policy covers.
const AnyService = "*"

// Policy is the rules of one service, of the services of a tier, or of every service that no other policy covers. It is immutable once
// read.
type Policy struct {
	Service      string // empty in a policy of a tier
	Tier         int    // 1 is the most important; 0 in a policy of a service
	Environments []string
	Mode         Mode
	Version      string // the first 12 hexadecimal digits of the SHA-256 of the file
	File         string
	Source       string // the file's content
	Thaw         ThawRules
	clauses      []clause
	exemptions   string // see Exemptions
}

// clause is one rule. It is evaluated for every decision, whether or not another has spoken before.
type clause interface {
	evaluate(q *question) Result
}

// question is what a clause may look at.
type question struct {
	policy   *Policy
	snapshot *Snapshot
	change   *Change
	figures  []Figures  // that budgets are judged by
	exempt   *Exemption // that is in force; nil if none is
	leased   []slo.Key  // of figures, those that are the last good ones and not those of now
}

// Ref names the policy in a decision.
func (p *Policy) Ref() PolicyRef {
	return PolicyRef{Service: p.Service, Tier: p.Tier, Version: p.Version, Mode: p.Mode}
}

// Watch returns the objectives of figures whose budgets move the freeze under this policy.
func (p *Policy) Watch(figures []Figures) []Watched {
	var watched []Watched
	for _, f := range figures {
		if b := p.budgetOf(f.Objective); b != nil {
			watched = append(watched, Watched{Figures: f, Caution: b.caution, Freezes: b.spent == Deny})
		}
	}
	return watched
}

// awaits returns the name of an objective without whose data no freeze ends by itself, as that is stale or missing; empty if there is none.
func (p *Policy) awaits(figures []Figures, at time.Time) string {
	for _, w := range p.Watch(figures) {
		if w.stale(at, p.MaxAge()) {
			return w.Name
		}
	}
	return ""
}

// MaxAge is how old the newest sample may be before data counts as stale: the strictest of the policy's data clauses.
func (p *Policy) MaxAge() time.Duration {
	age := time.Duration(0)
	for _, c := range p.clauses {
		if d, ok := c.(*dataClause); ok && (age == 0 || d.maxAge < age) {
			age = d.maxAge
		}
	}
	return age
}

// AsksAlerts reports whether a clause looks at alerts that fire.
func (p *Policy) AsksAlerts() bool { return asks[*alertClause](p) }

// AsksDependencies reports whether a clause looks at the services that the service depends on.
func (p *Policy) AsksDependencies() bool { return asks[*dependencyClause](p) }

// asks reports whether the policy has a clause of a kind, or a condition, which may ask for anything.
func asks[T clause](p *Policy) bool {
	return p != nil && (slices.ContainsFunc(p.clauses, isA[T]) || slices.ContainsFunc(p.clauses, isA[*conditionClause]))
}

// budgetOf returns the clause that judges an objective: the first that names it, otherwise the first that names none.
func (p *Policy) budgetOf(key slo.Key) *budgetClause {
	var rest *budgetClause
	for _, c := range p.clauses {
		b, ok := c.(*budgetClause)
		switch {
		case !ok:
		case b.names(key):
			return b
		case len(b.objectives) == 0 && rest == nil:
			rest = b
		}
	}
	return rest
}

// Exemptions writes which changes go out whatever the budget says, such as "rollbacks and security fixes".
func (p *Policy) Exemptions() string { return p.exemptions }

func exemptionsOf(clauses []clause) string {
	parts := []string{"rollbacks"}
	for _, c := range clauses {
		if e, ok := c.(*exemptClause); ok {
			parts = append(parts, e.String())
		}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

// FreezeEnds writes how Code Red ends, in plain words.
func (p *Policy) FreezeEnds() string {
	ends := fmt.Sprintf("the freeze ends when every budget has been above %s for %s", percent(p.Thaw.Above), slo.ShortDuration(p.Thaw.After))
	if len(p.Thaw.Exit) > 0 {
		ends += ", or by a release manager once " + exits(p.Thaw.Exit)
	}
	return ends
}
