package github

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"plimsoll/internal/nearest"
	"plimsoll/slo/gate"
)

// OnDeny says what becomes of a deployment that the gate denies.
type OnDeny string

const (
	Reject OnDeny = "reject" // the workflow's job fails at once; the default
	Wait   OnDeny = "wait"   // it waits, and goes out when the gate allows it
)

// Target says which service and environment the deployments to an environment of a repository are of.
type Target struct {
	Repository  string `yaml:"repository"`  // such as "octo-org/video-api"
	Environment string `yaml:"environment"` // as GitHub names it
	Service     string `yaml:"service"`
	As          string `yaml:"as"` // the environment as policies name it; as GitHub names it when empty
	// Classes are those of the branches and tags that match a pattern such as "hotfix/*"; the first counts, and none is a feature.
	Classes []RefClass `yaml:"classes"`
	OnDeny  OnDeny     `yaml:"on_deny"`
}

// RefClass is the class of changes that are deployed from some branches or tags.
type RefClass struct {
	Ref   string     `yaml:"ref"` // pattern of path.Match
	Class gate.Class `yaml:"class"`
}

// Targets are all that is deployed under the gate. They are immutable.
type Targets struct{ list []Target }

// NewTargets checks targets. All problems are reported at once, each with its place in the list.
func NewTargets(list []Target) (*Targets, error) {
	var problems []error
	problem := func(i int, field, format string, args ...any) {
		problems = append(problems, fmt.Errorf("targets[%d].%s: %s", i, field, fmt.Sprintf(format, args...)))
	}
	seen := map[[2]string]int{}
	for i, t := range list {
		if owner, name, ok := strings.Cut(t.Repository, "/"); !ok || owner == "" || name == "" || strings.Contains(name, "/") {
			problem(i, "repository", `must be an owner and a name, such as "octo-org/video-api", found %q`, t.Repository)
		}
		if t.Environment == "" {
			problem(i, "environment", "must name the environment as GitHub does")
		}
		if t.Service == "" {
			problem(i, "service", "must name the service, as in the keys of its objectives")
		}
		if !slices.Contains([]OnDeny{"", Reject, Wait}, t.OnDeny) {
			problem(i, "on_deny", "must be reject or wait, found %q", t.OnDeny)
		}
		for j, c := range t.Classes {
			if _, err := path.Match(c.Ref, ""); err != nil || c.Ref == "" {
				problem(i, fmt.Sprintf("classes[%d].ref", j), `must be a pattern such as "hotfix/*", found %q`, c.Ref)
			}
			if !slices.Contains(gate.Classes(), c.Class) {
				problem(i, fmt.Sprintf("classes[%d].class", j), "must be one of %v, found %q", gate.Classes(), c.Class)
			}
		}
		at := [2]string{strings.ToLower(t.Repository), t.Environment}
		if first, ok := seen[at]; ok {
			problem(i, "environment", "%s of %s is targets[%d] already", t.Environment, t.Repository, first)
		}
		seen[at] = i
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return &Targets{list: slices.Clone(list)}, nil
}

// repository reports whether anything of a repository is deployed under the gate. GitHub does not tell the case of names apart.
func (t *Targets) repository(name string) bool {
	return slices.ContainsFunc(t.list, func(t Target) bool { return strings.EqualFold(t.Repository, name) })
}

// find returns where deployments go, or else the environments of the repository that are known.
func (t *Targets) find(repository, environment string) (target Target, known []string, ok bool) {
	for _, t := range t.list {
		if !strings.EqualFold(t.Repository, repository) {
			continue
		}
		if t.Environment == environment {
			return t, nil, true
		}
		known = append(known, t.Environment)
	}
	return Target{}, known, false
}

// class returns the class of what is deployed from a branch or tag.
func (t Target) class(ref string) gate.Class {
	ref = strings.TrimPrefix(strings.TrimPrefix(ref, "refs/heads/"), "refs/tags/")
	for _, c := range t.Classes {
		if ok, _ := path.Match(c.Ref, ref); ok { // the pattern is valid
			return c.Class
		}
	}
	return gate.Feature
}

// untargeted is the hold for a deployment of which it is not known what it is.
func untargeted(a ReviewArgs, known []string) gate.Decision {
	next := "Next: add it to gate.github.targets of Plimsoll's configuration"
	if len(known) > 0 { // the targets may have changed since the webhook came
		next += ", or deploy to one of " + strings.Join(known, ", ")
	}
	return gate.Decision{
		Outcome: gate.Hold, Reason: gate.NoPolicy,
		Message: []string{
			fmt.Sprintf("HOLD %s of %s to %s: Plimsoll does not know which service this is.", short(a.Commit), a.Repository, a.Environment),
			fmt.Sprintf("No target covers environment %q of %s%s.", a.Environment, a.Repository, nearest.Hint(a.Environment, known)),
			next + ".",
		},
	}
}

// short abbreviates a commit's hash.
func short(commit string) string { return commit[:min(len(commit), 12)] }
