// Package tierfile reads the file of the tiers of burn-rate alerts that hold where an objective does not say.
//
//	tiers:
//	- {name: page-fast, for: 2m}                                                        # as shipped, but for what is said
//	- {name: page-day, severity: page, share: 8%, lookback: 12h, short: 1h, keep: 10m}  # a new one
//
// A shipped tier that the file does not name does not hold. What the settings mean is said by [plimsoll/alerts.Set]. The package decides nothing about
// objectives: whether one can ever reach a tier is for whoever reads objectives to say.
package tierfile

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"

	"plimsoll/alerts"
	"plimsoll/internal/config"
)

// text is a scalar as it stands, so that 14.4 is no binary fraction.
type text struct {
	string
	said bool
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (t *text) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return config.At(n.Line, errors.New("found a list or a mapping; allowed: one value"))
	}
	t.string, t.said = n.Value, true
	return nil
}

type document struct {
	Tiers []entry `yaml:"tiers"`
}

type entry struct {
	Name     string `yaml:"name"`
	Severity text   `yaml:"severity"`
	Share    text   `yaml:"share"`
	Factor   text   `yaml:"factor"`
	Lookback text   `yaml:"lookback"`
	Short    text   `yaml:"short"`
	For      text   `yaml:"for"`
	Keep     text   `yaml:"keep"`
}

// said are the settings of an entry by name, in the order of [alerts.Settings].
func (e entry) said() map[string]text {
	return map[string]text{"severity": e.Severity, "share": e.Share, "factor": e.Factor, "lookback": e.Lookback, "short": e.Short, "for": e.For, "keep": e.Keep}
}

// Load reads a file. The error is [config.ErrInvalid], with every problem as "file:line: field: …", if it could be read but not understood. A file
// without tiers is one of those: alerts are switched off by objectives, where it is seen.
func Load(file string) ([]alerts.Tier, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read tiers: %w", err)
	}
	return Parse(file, data)
}

// Parse reads the text of a file of that name.
func Parse(file string, data []byte) ([]alerts.Tier, error) {
	var d document
	if err := config.Decode(file, data, &d); err != nil {
		return nil, err
	}
	problems := config.NewProblems(file, data)
	if len(d.Tiers) == 0 {
		problems.Add(config.Path{"tiers"}, "found none; allowed: at least one tier")
	}
	var tiers []alerts.Tier
	for i, e := range d.Tiers {
		at := config.Path{"tiers", i}
		t, ok := e.tier(problems, at)
		if slices.ContainsFunc(tiers, func(other alerts.Tier) bool { return other.Name == t.Name }) {
			problems.Add(at.In("name"), "%s stands twice", t.Name)
		}
		if ok {
			tiers = append(tiers, t)
		}
	}
	return tiers, problems.Err()
}

// tier makes the tier of an entry; false after it has reported why there is none.
func (e entry) tier(problems *config.Problems, at config.Path) (alerts.Tier, bool) {
	before := problems.Len()
	t := alerts.Tier{Name: e.Name}
	if i := slices.IndexFunc(alerts.Tiers(), func(t alerts.Tier) bool { return t.Name == e.Name }); i >= 0 {
		t = alerts.Tiers()[i]
	}
	if err := alerts.CheckName(e.Name); err != nil {
		problems.Add(at.In("name"), "%v", err)
	}
	said := e.said()
	if said["share"].said && said["factor"].said {
		problems.Add(at.In("factor"), "found a share, too; allowed: one of them")
	}
	for _, name := range alerts.Settings() {
		if !said[name].said {
			continue
		}
		var err error
		if t, err = alerts.Set(t, name, said[name].string); err != nil {
			problems.Add(at.In(name), "%v", err)
		}
	}
	if problems.Len() > before {
		return t, false
	}
	if err := alerts.Check(t); err != nil {
		problems.Add(at, "%v", err)
	}
	return t, problems.Len() == before
}
