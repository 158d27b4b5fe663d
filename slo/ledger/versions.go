package ledger

import (
	"fmt"
	"slices"
	"time"

	"plimsoll/slo"
)

// VersionState is one definition of an objective in its stored form.
type VersionState struct {
	Number     int // from 1
	From       time.Time
	Definition string // JSON
}

// version is a VersionState and what it says.
type version struct {
	VersionState
	defined   *slo.Objective // what is stored: what changes no numbers is not set
	objective *slo.Objective // the same with everything else as it is now; nil while the key is not an objective
}

// Versions returns the definitions of an objective since the ledger has known it.
func (l *Ledger) Versions(key slo.Key) slo.Versions {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.find(key)
	if t == nil {
		return nil
	}
	vs := make(slo.Versions, len(t.versions))
	for i, v := range t.versions {
		vs[i] = slo.Version{Number: v.Number, From: v.From, Objective: v.objective}
	}
	return vs
}

// next returns the versions after o was read at an instant: from then on, or from its EffectiveFrom if that is later, it is in force. The
// past keeps what was in force then; what has not come into force yet is replaced. The result is vs itself if o says nothing new.
func next(vs []version, o *slo.Objective, now time.Time) []version {
	now = now.UTC().Truncate(time.Millisecond)
	from := now
	if o.EffectiveFrom.After(now) {
		from = o.EffectiveFrom.UTC().Truncate(time.Millisecond)
	}
	stored := define(o)
	n := len(vs)
	for n > 1 && vs[n-1].From.After(now) { // the first is in force from ever
		n--
	}
	inForce, coming := vs[:n:n], vs[n:]
	switch {
	case n == 0:
		from = now // there is nothing that could be in force until then
	case len(coming) == 1 && coming[0].Definition == stored && coming[0].From.Equal(from):
		return vs
	case inForce[n-1].Definition == stored:
		return inForce
	}
	return append(inForce, version{VersionState: VersionState{Number: n + 1, From: from, Definition: stored}, defined: o})
}

// renew brings the versions in line with the objective as it is defined now. A definition that is replaced before it was checkpointed leaves
// no trace, also by the same from a later date on, so that all processes number the versions alike.
func (t *track) renew(now time.Time) {
	if t.objective != nil {
		vs := next(t.versions, t.objective, now)
		postponed := len(t.stored) > 0 && t.objective.EffectiveFrom.After(now)
		if postponed || !sameVersions(vs, t.versions) {
			vs = next(t.stored, t.objective, now)
		}
		t.versions, t.amended = slices.Clone(vs), !sameVersions(vs, t.stored)
	}
	for i := range t.versions {
		v := &t.versions[i]
		switch {
		case t.objective == nil:
			v.objective = nil
		case i == len(t.versions)-1:
			v.objective = t.objective
		default:
			v.objective = under(t.objective, v.defined)
		}
	}
}

func sameVersions(a, b []version) bool {
	return slices.EqualFunc(a, b, func(a, b version) bool {
		return a.Number == b.Number && a.From.Equal(b.From) && a.Definition == b.Definition
	})
}

// restoreVersions gives t the versions that were stored; nil leaves it as it is. After an error t is as before.
func (l *Ledger) restoreVersions(t *track, states []VersionState) error {
	if states == nil {
		return nil
	}
	versions, err := parseVersions(states)
	if err != nil {
		return err
	}
	t.versions, t.stored = versions, versions
	if t.objective != nil {
		l.setObjective(t, t.objective)
	}
	return nil
}

// parseVersions reads what was stored of an objective's versions.
func parseVersions(states []VersionState) ([]version, error) {
	versions := make([]version, len(states))
	for i, s := range states {
		if s.Number != i+1 || i > 0 && s.From.Before(states[i-1].From) {
			return nil, fmt.Errorf("version %d from %s: %w: it does not follow the one before it", s.Number, s.From.Format(time.RFC3339), ErrCorrupt)
		}
		defined, err := parseDefinition(s.Definition)
		if err != nil {
			return nil, fmt.Errorf("version %d: %w", s.Number, err)
		}
		versions[i] = version{VersionState: s, defined: defined}
	}
	return versions, nil
}

// at returns the definition in force at an instant, and its number.
func (t *track) at(at time.Time) (*slo.Objective, int) {
	i := len(t.versions) - 1
	for i > 0 && t.versions[i].From.After(at) {
		i--
	}
	return t.versions[i].objective, t.versions[i].Number
}

func (t *track) versionStates() []VersionState {
	states := make([]VersionState, len(t.versions))
	for i, v := range t.versions {
		states[i] = v.VersionState
	}
	return states
}
