package gate

import (
	"errors"
	"fmt"
	"slices"

	"plimsoll/internal/config"
)

// Policies are all policies of a directory, and the tiers of the services. They are immutable.
type Policies struct {
	list  []*Policy
	tiers map[string]int // of the services that have one
}

// NewPolicies makes a set. Two policies for the same services and environment, a service in two tiers, and a tier that lists services but
// has no policy are errors that name the files.
func NewPolicies(list []*Policy, tiers ...Tiers) (*Policies, error) {
	type place struct{ covers, environment string }
	seen := map[place]*Policy{}
	for _, p := range list {
		for _, env := range p.Environments {
			at := place{p.Ref().Covers(), env}
			if other := seen[at]; other != nil {
				return nil, fmt.Errorf("%w: %s: %s already has a policy for environment %q in %s", ErrInvalidPolicy,
					p.File, p.Ref().Subject(), env, other.File)
			}
			seen[at] = p
		}
	}
	all := &Policies{list: slices.Clone(list)}
	var err error
	if all.tiers, err = merge(tiers); err != nil {
		return nil, err
	}
	return all, all.checkTiers(tiers)
}

// checkTiers refuses a tier whose services would silently fall to the default.
func (ps *Policies) checkTiers(tiers []Tiers) error {
	var problems []error
	for _, t := range tiers {
		for _, tier := range t.listed() {
			if !slices.ContainsFunc(ps.list, func(p *Policy) bool { return p.Tier == tier }) {
				problems = append(problems, fmt.Errorf("%w: %s: tier %d lists services, but no policy has \"tier: %d\"", ErrInvalidPolicy, t.File, tier, tier))
			}
		}
	}
	return errors.Join(problems...)
}

// ParsePolicies reads policy files and lists of tiers into a set. All problems of all files are reported at once.
func ParsePolicies(files ...config.File) (*Policies, error) {
	var list []*Policy
	var tiers []Tiers
	var problems []error
	for _, f := range files {
		if IsTiers(f.Data) {
			t, err := ParseTiers(f.Name, f.Data)
			tiers, problems = append(tiers, t), append(problems, err)
			continue
		}
		p, err := ParsePolicy(f.Name, f.Data)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		list = append(list, p)
	}
	if err := errors.Join(problems...); err != nil {
		_, more := NewPolicies(list) // tells of two policies for one service beside what is wrong in a file
		return nil, errors.Join(err, more)
	}
	return NewPolicies(list, tiers...)
}

// Tier returns the tier of a service; 0 if it has none.
func (ps *Policies) Tier(service string) int { return ps.tiers[service] }

// For returns the policy for a service in an environment: its own, otherwise that of its tier, otherwise the default, otherwise nil.
func (ps *Policies) For(service, environment string) *Policy {
	var found *Policy
	for _, p := range ps.list {
		if slices.Contains(p.Environments, environment) && ps.rank(p, service) > ps.rank(found, service) {
			found = p
		}
	}
	return found
}

// rank says how closely a policy is meant for a service: 3 for its own, 2 for that of its tier, 1 for the default, 0 not at all.
func (ps *Policies) rank(p *Policy, service string) int {
	switch {
	case p == nil:
		return 0
	case p.Tier > 0 && p.Tier == ps.tiers[service]:
		return 2
	case p.Tier > 0:
		return 0
	case p.Service == service:
		return 3
	case p.Service == AnyService:
		return 1
	default:
		return 0
	}
}

// Environments returns the environments that have a policy for a service, sorted.
func (ps *Policies) Environments(service string) []string {
	var envs []string
	for _, p := range ps.list {
		if ps.rank(p, service) > 0 {
			envs = append(envs, p.Environments...)
		}
	}
	slices.Sort(envs)
	return slices.Compact(envs)
}
