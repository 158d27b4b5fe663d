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
	// Pusher may push samples, of whatever services they are, and nothing else that needs an identity.
	Pusher = "pusher"
	// ReleaseManager may end a Code Red by its exit criteria, besides what a member may.
	ReleaseManager = "release_manager"
)

// Roles returns every role.
func Roles() []string { return []string{Member, Deployer, Pusher, ReleaseManager} }

// ErrUnavailable is returned where it cannot be found out now who asks. It says nothing about the caller.
var ErrUnavailable = errors.New("it cannot be found out now who asks")

// narrow are the roles that let nobody do more than they say, with what that is.
var narrow = map[string]string{Deployer: "ask the gate and tell of deploys", Pusher: "push samples"}

// Grant is a set of services and environments, as patterns of [Match]. None of a kind means any.
type Grant struct {
	Services     []string
	Environments []string
	// Roles are what the principal is let in as there; those of the principal when nil.
	Roles []string
}

func (g Grant) String() string {
	return orAny(g.Services, "any service") + " in " + orAny(g.Environments, "any environment")
}

// Narrowly returns how the principal is let in if its roles let it do certain things only, in words; empty if they do not.
func (p Principal) Narrowly() string { return narrowly(p.Roles) }

func narrowly(roles []string) string {
	var may []string
	for _, r := range roles {
		if narrow[r] == "" {
			return ""
		}
		may = append(may, narrow[r])
	}
	if may == nil {
		return ""
	}
	return fmt.Sprintf("let in as a %s, which may %s only", strings.Join(roles, " and "), strings.Join(may, " and "))
}

// RolesAt returns what the principal is let in as at a place: a role that one grant gives holds for nothing that only another one covers.
func (p Principal) RolesAt(at Place) []string {
	if p.Grants == nil {
		return p.Roles
	}
	var roles []string
	for _, g := range p.Grants {
		if g.covers(at, true) {
			roles = append(roles, p.rolesOf(g)...)
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

func (p Principal) rolesOf(g Grant) []string {
	if g.Roles == nil {
		return p.Roles
	}
	return g.Roles
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
