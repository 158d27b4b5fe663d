package gate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/config"
)

// LowestTier is that of the least important services.
const LowestTier = 5

// Tiers say how important services are. A tier has policies of its own, which hold for its services that have none.
type Tiers struct {
	File string
	of   map[string]int // tier of a service
}

// tiersFile is a list of tiers as it is written.
type tiersFile struct {
	Tiers map[int][]string `yaml:"tiers"`
}

// IsTiers reports whether a file is a list of tiers and not a policy: whether it has the key "tiers".
func IsTiers(data []byte) bool {
	var doc map[string]yaml.Node
	if yaml.Unmarshal(data, &doc) != nil {
		return false
	}
	_, ok := doc["tiers"]
	return ok
}

// ParseTiers reads a list of tiers. All problems are reported at once, each as "file:line: field: …"; the error is ErrInvalidPolicy.
func ParseTiers(file string, data []byte) (Tiers, error) {
	t := Tiers{File: file, of: map[string]int{}}
	var f tiersFile
	if err := config.Decode(file, data, &f); err != nil {
		return t, fmt.Errorf("%w: %w", ErrInvalidPolicy, err)
	}
	problems := config.NewProblems(file, data)
	if len(f.Tiers) == 0 {
		problems.Add(config.Path{"tiers"}, `must list the services of each tier, as in "1: [video-api]"`)
	}
	for _, tier := range slices.Sorted(maps.Keys(f.Tiers)) {
		at := config.Path{"tiers", fmt.Sprint(tier)}
		if tier < 1 || tier > LowestTier {
			problems.Add(at, "must be 1 (the most important) to %d, found %d", LowestTier, tier)
		}
		for i, service := range f.Tiers[tier] {
			switch before := t.of[service]; {
			case strings.TrimSpace(service) == "" || service == AnyService:
				problems.Add(at.In(i), "must name a service, found %q", service)
			case before != 0:
				problems.Add(at.In(i), "%q is in tier %d already; a service has one tier", service, before)
			default:
				t.of[service] = tier
			}
		}
	}
	if err := problems.Joined(); err != nil {
		return t, fmt.Errorf("%w: %w", ErrInvalidPolicy, err)
	}
	return t, nil
}

// Services returns the services that have a tier, sorted.
func (t Tiers) Services() []string { return slices.Sorted(maps.Keys(t.of)) }

// listed returns the tiers that list a service, sorted.
func (t Tiers) listed() []int {
	return slices.Compact(slices.Sorted(maps.Values(t.of)))
}

// merge joins the lists of several files.
func merge(lists []Tiers) (map[string]int, error) {
	all := map[string]int{}
	from := map[string]string{}
	for _, t := range lists {
		for service, tier := range t.of {
			if before, ok := all[service]; ok && before != tier {
				return nil, fmt.Errorf("%w: %s: %q is in tier %d by %s already; a service has one tier", ErrInvalidPolicy, t.File, service, before, from[service])
			}
			all[service], from[service] = tier, t.File
		}
	}
	return all, nil
}
