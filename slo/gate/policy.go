package gate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/config"
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

// AnyService is the service of a policy that covers every service without one of its own.
const AnyService = "*"

// Policy is the rules of one service, or of every service without its own. It is immutable once read.
type Policy struct {
	Service      string
	Environments []string
	Mode         Mode
	Version      string // the first 12 hexadecimal digits of the SHA-256 of the file
	File         string
	Source       string // the file's content
	Thaw         ThawRules
	clauses      []clause
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
}

// Ref names the policy in a decision.
func (p *Policy) Ref() PolicyRef {
	return PolicyRef{Service: p.Service, Version: p.Version, Mode: p.Mode}
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
func (p *Policy) Exemptions() string {
	parts := []string{"rollbacks"}
	for _, c := range p.clauses {
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
	return fmt.Sprintf("the freeze ends when every budget has been above %s for %s", percent(p.Thaw.Above), slo.ShortDuration(p.Thaw.After))
}

// Policies are all policies of a directory. They are immutable.
type Policies struct {
	list []*Policy
}

// NewPolicies makes a set. Two policies for the same service and environment are an error that names both files.
func NewPolicies(list []*Policy) (*Policies, error) {
	seen := map[[2]string]*Policy{}
	for _, p := range list {
		for _, env := range p.Environments {
			at := [2]string{p.Service, env}
			if other := seen[at]; other != nil {
				return nil, fmt.Errorf("%w: %s: service %q already has a policy for environment %q in %s", ErrInvalidPolicy,
					p.File, p.Service, env, other.File)
			}
			seen[at] = p
		}
	}
	return &Policies{list: slices.Clone(list)}, nil
}

// ParsePolicies reads policy files into a set. All problems of all files are reported at once.
func ParsePolicies(files ...config.File) (*Policies, error) {
	var list []*Policy
	var problems []error
	for _, f := range files {
		p, err := ParsePolicy(f.Name, f.Data)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		list = append(list, p)
	}
	all, err := NewPolicies(list)
	if err := errors.Join(append(problems, err)...); err != nil {
		return nil, err
	}
	return all, nil
}

// For returns the policy for a service in an environment: its own, otherwise the default, otherwise nil.
func (ps *Policies) For(service, environment string) *Policy {
	var byDefault *Policy
	for _, p := range ps.list {
		if !slices.Contains(p.Environments, environment) {
			continue
		}
		switch p.Service {
		case service:
			return p
		case AnyService:
			byDefault = p
		}
	}
	return byDefault
}

// Environments returns the environments that have a policy for a service, sorted.
func (ps *Policies) Environments(service string) []string {
	var envs []string
	for _, p := range ps.list {
		if p.Service == service || p.Service == AnyService {
			envs = append(envs, p.Environments...)
		}
	}
	slices.Sort(envs)
	return slices.Compact(envs)
}
