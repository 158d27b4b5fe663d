package gate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// snapshot returns what was true when the decision was made, out of what it recorded.
func (d Decision) snapshot() Snapshot {
	s := Snapshot{
		At: d.At, Objectives: d.Objectives, LastGood: d.LastGood, Freeze: d.Freeze, Incidents: d.Incidents, Alerts: d.Alerts,
		Dependencies: d.Dependencies, Override: d.Override, Exemptions: d.Exemptions, References: d.References,
	}
	if d.Known != nil {
		s.Services, s.Environments = d.Known.Services, d.Known.Environments
	}
	return s
}

// Difference is a field of a decision that a replay gives another value, each as JSON.
type Difference struct {
	Field    string          `json:"field"`
	Recorded json.RawMessage `json:"recorded"`
	Replayed json.RawMessage `json:"replayed"`
}

// Replayed is what became of a decision that was made again.
type Replayed struct {
	Seq         int64        `json:"seq"`
	At          time.Time    `json:"at"`
	Outcome     Outcome      `json:"outcome"`
	Differences []Difference `json:"differences,omitempty"`
	// Problem is why it could not be made again; empty if it could.
	Problem string `json:"problem,omitempty"`
}

// Replay decides again, from what a decision recorded and the policy it named, and returns where the answer differs; nothing, if the
// record is true and the program decides as it did then. A nil policy is that of a decision for which there was none.
func Replay(p *Policy, d Decision) ([]Difference, error) {
	if p != nil && p.Version != d.Policy.Version {
		return nil, fmt.Errorf("replay decision %d: it was made under version %s of the policy, not %s", d.Seq, d.Policy.Version, p.Version)
	}
	again := Simulate(p, d)
	recorded, err := fields(d)
	if err != nil {
		return nil, err
	}
	replayed, err := fields(again)
	if err != nil {
		return nil, err
	}
	names := slices.Collect(maps.Keys(recorded))
	for name := range replayed {
		if _, ok := recorded[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var differ []Difference
	for _, name := range names {
		if !bytes.Equal(recorded[name], replayed[name]) {
			differ = append(differ, Difference{name, recorded[name], replayed[name]})
		}
	}
	return differ, nil
}

// Simulate decides under another policy what was decided, from what the decision recorded. The freeze is as it was then: what the other
// policy would have made of it in the time before is not known.
func Simulate(p *Policy, d Decision) Decision {
	again := Decide(p, d.snapshot(), d.Change)
	again.Seq, again.By = d.Seq, d.By
	return again
}

// Concerns reports whether a policy could be asked for the service of a decision: that of a tier, if the decision was made under one of the
// same tier.
func (p *Policy) Concerns(d Decision) bool {
	if p.Tier > 0 {
		return d.Policy.Tier == p.Tier
	}
	return p.Service == AnyService || p.Service == d.Change.Service
}

// fields returns the members of a decision's JSON.
func fields(d Decision) (map[string]json.RawMessage, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode decision %d: %w", d.Seq, err)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("encode decision %d: %w", d.Seq, err)
	}
	return m, nil
}
