package identity

import (
	"errors"
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

// Roles returns every role.
func Roles() []string { return []string{Member, Deployer, ReleaseManager} }

// ErrUnavailable is returned where it cannot be found out now who asks. It says nothing about the caller.
var ErrUnavailable = errors.New("it cannot be found out now who asks")

// Grant is a set of services and environments, as patterns of [Match]. None of a kind means any.
type Grant struct {
	Services     []string
	Environments []string
}

func (g Grant) String() string {
	return orAny(g.Services, "any service") + " in " + orAny(g.Environments, "any environment")
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
