package identity

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Roles that a principal may have. One without any may do what a token of the installation may.
const (
	// Member may do what the holder of a token may.
	Member = "member"
	// Deployer may ask the gate and tell of deploys, and nothing else that needs an identity.
	Deployer = "deployer"
	// ReleaseManager may end a Code Red by its exit criteria, besides what a member may.
	ReleaseManager = "release_manager"
)

// ErrForbidden is returned for what a principal may not ask, although it is known.
var ErrForbidden = errors.New("this identity may not ask that")

// ErrUnavailable is returned where it cannot be found out now who asks. It says nothing about the caller.
var ErrUnavailable = errors.New("it cannot be found out now who asks")

// Grant is a set of services and environments, as patterns of [Match]. None of a kind means any.
type Grant struct {
	Services     []string
	Environments []string
}

func (g Grant) covers(service, environment string) bool {
	return matchAny(g.Services, service) && matchAny(g.Environments, environment)
}

func (g Grant) String() string {
	return orAny(g.Services, "any service") + " in " + orAny(g.Environments, "any environment")
}

func orAny(patterns []string, otherwise string) string {
	if len(patterns) == 0 {
		return otherwise
	}
	return strings.Join(patterns, " or ")
}

func matchAny(patterns []string, s string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return Match(p, s) })
}

// May returns nil if the principal may ask the gate about an environment of a service, and otherwise an [ErrForbidden] that says what it may
// ask about.
func (p Principal) May(service, environment string) error {
	if p.Grants == nil {
		return nil
	}
	var has []string
	for _, g := range p.Grants {
		if g.covers(service, environment) {
			return nil
		}
		has = append(has, g.String())
	}
	return fmt.Errorf("%w: %s may ask about %s, and not about %q in %q", ErrForbidden, p.Name(), strings.Join(has, "; "), service, environment)
}

// MayAll returns nil if the principal may do what concerns every service and environment, and otherwise an [ErrForbidden].
func (p Principal) MayAll() error {
	if p.Grants == nil || slices.ContainsFunc(p.Grants, func(g Grant) bool { return len(g.Services) == 0 && len(g.Environments) == 0 }) {
		return nil
	}
	return fmt.Errorf("%w: it concerns every service, and the grants of %s do not", ErrForbidden, p.Name())
}

// OnlyDeploys reports whether the principal is let in as a deployer and as nothing else.
func (p Principal) OnlyDeploys() bool {
	return slices.Contains(p.Roles, Deployer) && !slices.ContainsFunc(p.Roles, func(r string) bool { return r != Deployer })
}

// Match reports whether s is as a pattern has it: "*" stands for any characters but "/", and "**" for any at all. Everything else stands for itself.
func Match(pattern, s string) bool {
	literal, rest, found := strings.Cut(pattern, "*")
	s, ok := strings.CutPrefix(s, literal)
	if !ok || !found {
		return ok && s == ""
	}
	rest, deep := strings.CutPrefix(rest, "*")
	for i := 0; ; i++ {
		if Match(rest, s[i:]) {
			return true
		}
		if i == len(s) || s[i] == '/' && !deep {
			return false
		}
	}
}
