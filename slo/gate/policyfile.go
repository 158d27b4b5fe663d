package gate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/config"
	"plimsoll/slo"
)

// ErrInvalidPolicy marks a policy that a person can correct.
var ErrInvalidPolicy = errors.New("the policy is not valid")

// policyFile is a policy as it is written. Durations read "5m", "24h" or "30d"; shares read "10%".
type policyFile struct {
	Service      string       `yaml:"service"`
	Tier         *int         `yaml:"tier"`
	Environments []string     `yaml:"environments"`
	Mode         string       `yaml:"mode"`
	Clauses      []clauseFile `yaml:"clauses"`
	Freeze       struct {
		ThawAbove string `yaml:"thawAbove"`
		ThawAfter string `yaml:"thawAfter"`
		Thawing   struct {
			Every string `yaml:"every"`
			For   string `yaml:"for"`
		} `yaml:"thawing"`
		Exit []criterionFile `yaml:"exit"`
	} `yaml:"freeze"`
}

// clauseFile has exactly one member.
type clauseFile struct {
	Exempt     *exemptFile     `yaml:"exempt"`
	Freeze     *freezeFile     `yaml:"freeze"`
	Calendar   *calendarFile   `yaml:"calendar"`
	Data       *dataFile       `yaml:"data"`
	Budget     *budgetFile     `yaml:"budget"`
	Alert      *alertFile      `yaml:"alert"`
	Incident   *incidentFile   `yaml:"incident"`
	Dependency *dependencyFile `yaml:"dependency"`
	When       *conditionFile  `yaml:"when"`
}

type exemptFile struct {
	Classes   []string `yaml:"classes"`
	Reference string   `yaml:"reference"`
}

type freezeFile struct{}

type budgetFile struct {
	Objectives []string `yaml:"objectives"`
	Caution    string   `yaml:"caution"`
	InCaution  string   `yaml:"inCaution"`
	Spent      string   `yaml:"spent"`
}

type incidentFile struct {
	Severity *int   `yaml:"severity"`
	Then     string `yaml:"then"`
}

// Defaults of a policy.
const (
	DefaultEnvironment = "production"
	DefaultMaxAge      = 5 * time.Minute
	DefaultLease       = 30 * time.Minute
	DefaultCaution     = slo.One / 10
	defaultSeverity    = 2
)

// DefaultThaw is how a freeze ends unless the policy says otherwise.
func DefaultThaw() ThawRules {
	return ThawRules{Above: slo.One / 10, After: 24 * time.Hour, Every: time.Hour, For: 6 * time.Hour}
}

// ParsePolicy reads a policy file. All problems are reported at once, each as "file:line: field: …"; the error is ErrInvalidPolicy.
func ParsePolicy(file string, data []byte) (*Policy, error) {
	var f policyFile
	if err := config.Decode(file, data, &f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidPolicy, err)
	}
	r := &policyReader{file: file, problems: config.NewProblems(file, data)}
	p := r.policy(f)
	if err := r.problems.Joined(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidPolicy, err)
	}
	sum := sha256.Sum256(data)
	p.Version, p.Source = hex.EncodeToString(sum[:6]), string(data)
	return p, nil
}

// policyReader turns what is written into a policy and gathers the problems with their lines.
type policyReader struct {
	file     string
	problems *config.Problems
}

func (r *policyReader) policy(f policyFile) *Policy {
	p := &Policy{Service: f.Service, File: r.file, Environments: f.Environments}
	r.covers(p, f)
	if len(p.Environments) == 0 {
		p.Environments = []string{DefaultEnvironment}
	}
	for i, env := range p.Environments {
		if strings.TrimSpace(env) == "" || slices.Contains(p.Environments[:i], env) {
			r.problem(config.Path{"environments", i}, "must be a name that is not in the list yet, found %q", env)
		}
	}
	p.Mode = oneOf(r, config.Path{"mode"}, f.Mode, Enforce, Shadow)
	thaw := DefaultThaw()
	p.Thaw = ThawRules{
		Above: r.share(config.Path{"freeze", "thawAbove"}, f.Freeze.ThawAbove, thaw.Above),
		After: r.duration(config.Path{"freeze", "thawAfter"}, f.Freeze.ThawAfter, thaw.After, 0),
		Every: r.duration(config.Path{"freeze", "thawing", "every"}, f.Freeze.Thawing.Every, thaw.Every, time.Second),
		For:   r.duration(config.Path{"freeze", "thawing", "for"}, f.Freeze.Thawing.For, thaw.For, 0),
	}
	if p.Thaw.Above == slo.One {
		r.problem(config.Path{"freeze", "thawAbove"}, "must be below 100%%: no budget is ever above that, so no freeze would end, found %q", f.Freeze.ThawAbove)
	}
	for i, c := range f.Freeze.Exit {
		p.Thaw.Exit = append(p.Thaw.Exit, r.criterion(config.Path{"freeze", "exit", i}, c))
	}
	var clauses []clause
	for i, c := range f.Clauses {
		if one := r.clause(config.Path{"clauses", i}, c); one != nil {
			clauses = append(clauses, one)
		}
	}
	if !slices.ContainsFunc(clauses, isA[*budgetClause]) && r.problems.Len() == 0 {
		r.problem(config.Path{"clauses"}, `needs a budget clause; the shortest is "- budget: {}"`)
	}
	r.judgedOnce(f.Clauses)
	p.clauses, p.exemptions = complete(clauses), exemptionsOf(clauses)
	return p
}

// covers reads whom a policy is for.
func (r *policyReader) covers(p *Policy, f policyFile) {
	switch {
	case f.Tier == nil && strings.TrimSpace(p.Service) == "":
		r.problem(config.Path{"service"}, `must name the service, or "*" for every service that no other policy covers; or there must be a tier`)
	case f.Tier == nil:
	case p.Service != "":
		r.problem(config.Path{"tier"}, "must not be there together with service: a policy is for one service or for the services of a tier")
	case *f.Tier < 1 || *f.Tier > LowestTier:
		r.problem(config.Path{"tier"}, "must be 1 (the most important) to %d, found %d", LowestTier, *f.Tier)
	default:
		p.Tier = *f.Tier
	}
}

// complete adds what no policy can be without: a rollback always goes, and so does what two people answer for; a service without objectives, a freeze in force
// and stale data stop what is not exempt.
func complete(written []clause) []clause {
	exempt := slices.IndexFunc(written, func(c clause) bool { return !isA[*exemptClause](c) })
	if exempt < 0 {
		exempt = len(written)
	}
	all := append([]clause{rollbackClause{}, overrideClause{}}, written[:exempt]...)
	all = append(all, objectiveClause{})
	if !slices.ContainsFunc(written, isA[*freezeClause]) {
		all = append(all, &freezeClause{})
	}
	if !slices.ContainsFunc(written, isA[*dataClause]) {
		all = append(all, &dataClause{maxAge: DefaultMaxAge, onStale: staleHold, then: Hold})
	}
	return append(all, written[exempt:]...)
}

func isA[T clause](c clause) bool {
	_, ok := c.(T)
	return ok
}

func (r *policyReader) clause(at config.Path, c clauseFile) clause {
	line := r.problems.Line(at)
	var found []clause
	if c.Exempt != nil {
		found = append(found, r.exempt(at.In("exempt"), line, c.Exempt))
	}
	if c.Freeze != nil {
		found = append(found, &freezeClause{line: line})
	}
	if f := c.Data; f != nil {
		found = append(found, r.data(at.In("data"), line, f))
	}
	if f := c.Budget; f != nil {
		at := at.In("budget")
		found = append(found, &budgetClause{line: line, objectives: f.Objectives,
			caution:   r.share(at.In("caution"), f.Caution, DefaultCaution),
			inCaution: oneOf(r, at.In("inCaution"), f.InCaution, cautionAllow, cautionProgressive, cautionHold, cautionDeny),
			spent:     oneOf(r, at.In("spent"), f.Spent, Deny, Hold, Allow)})
	}
	if f := c.Incident; f != nil {
		found = append(found, r.incident(at.In("incident"), line, f))
	}
	if f := c.Calendar; f != nil {
		found = append(found, r.calendar(at.In("calendar"), line, f))
	}
	if f := c.Alert; f != nil {
		found = append(found, r.alert(at.In("alert"), line, f))
	}
	if f := c.Dependency; f != nil {
		found = append(found, r.dependency(at.In("dependency"), line, f))
	}
	if f := c.When; f != nil {
		found = append(found, r.condition(at.In("when"), line, f))
	}
	if len(found) != 1 {
		r.problem(at, `must have one of exempt, freeze, calendar, data, budget, alert, incident, dependency, when, as in "- freeze: {}"; found %d`, len(found))
		return nil
	}
	return found[0]
}

func (r *policyReader) exempt(at config.Path, line int, f *exemptFile) clause {
	e := &exemptClause{line: line}
	if len(f.Classes) == 0 {
		r.problem(at.In("classes"), "must list classes: %s", strings.Join(classNames(), ", "))
	}
	for i, c := range f.Classes {
		e.classes = append(e.classes, oneOf(r, at.In("classes", i), cmp.Or(c, " "), Classes()...))
	}
	e.reference = oneOf(r, at.In("reference"), f.Reference, referenceNone, referenceOpen) == referenceOpen
	return e
}

type referenceRule string

const (
	referenceNone referenceRule = "none"
	referenceOpen referenceRule = "open" // to an incident or action item that is open
)

func (r *policyReader) incident(at config.Path, line int, f *incidentFile) clause {
	c := &incidentClause{line: line, severity: defaultSeverity, then: oneOf(r, at.In("then"), f.Then, Hold, Deny, Allow)}
	if f.Severity != nil {
		c.severity = *f.Severity
	}
	if c.severity < 1 || c.severity > 5 {
		r.problem(at.In("severity"), "must be 1 (the worst) to 5, found %d", c.severity)
	}
	return c
}
