// Package gatetest has a decision of every reason that a gate can give, for the tests of what people read of them: the same decisions on every
// surface. It decides with the real gate and keeps nothing.
package gatetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/slo"
	"plimsoll/slo/gate"
)

// Noon is when everything is decided.
var Noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// Case is a decision with a name.
type Case struct {
	Name     string
	Decision gate.Decision
}

// situation is what leads to a decision: a policy, and what differs from a service of which all is well.
type situation struct {
	name   string
	policy string // clauses, and further keys after them; none at all where it is empty
	change func(*gate.Change)
	is     func(*gate.Snapshot)
}

const (
	plain = `
clauses:
- exempt: {classes: [security]}
- exempt: {classes: [reliability], reference: open}
- freeze: {}
- data: {minCoverage: 50%}
- budget: {caution: 30%}
- incident: {}
- alert: {}
- dependency: {}
`
	careful = "clauses:\n- budget: {caution: 30%, inCaution: progressive}\n"
)

// figures are those of an objective of which bad of 110,000 events were bad; 110 may be.
func figures(name string, bad int64) gate.Figures {
	back := Noon.Add(50 * time.Hour)
	c := slo.Counts{Good: 110_000 - bad, Total: 110_000}
	b := slo.BudgetOf(slo.One/1000*999, c)
	return gate.Figures{Objective: "video-api/availability", Name: name, Target: slo.One / 1000 * 999, Window: "30d", Counts: c, Allowed: b.Allowed,
		Remaining: b.Remaining, Spent: b.Remaining <= 0, Coverage: 1, LastSample: Noon.Add(-10 * time.Second), RecoversAt: &back}
}

func spent(s *gate.Snapshot) { s.Objectives[0] = figures("API availability", 152) }

func low(s *gate.Snapshot) { s.Objectives[0] = figures("API availability", 90) }

func class(c gate.Class, refs ...string) func(*gate.Change) {
	return func(change *gate.Change) { change.Class, change.Refs = c, refs }
}

func manual(kind gate.CommandKind, reason string) *gate.Manual {
	return &gate.Manual{Kind: kind, By: "ada", Reason: reason, At: Noon.Add(-time.Hour), Until: Noon.Add(2 * time.Hour)}
}

// Cases returns a decision of each reason, and some in which names try to be more than names.
func Cases(t testing.TB) []Case {
	t.Helper()
	var cases []Case
	for _, s := range append(situations(), hostile()...) {
		cases = append(cases, Case{s.name, s.decide(t)})
	}
	return cases
}

func (s situation) decide(t testing.TB) gate.Decision {
	t.Helper()
	c := gate.Change{Service: "video-api", Environment: "production", Commit: "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c", Class: gate.Feature, Author: "ada"}
	if s.change != nil {
		s.change(&c)
	}
	snapshot := gate.Snapshot{At: Noon, Objectives: []gate.Figures{figures("API availability", 10)}, Services: []string{"search", "video-api"},
		Environments: []string{"production"}}
	if s.is != nil {
		s.is(&snapshot)
	}
	var policy *gate.Policy
	if s.policy != "" {
		var err error
		if policy, err = gate.ParsePolicy("policy.yaml", []byte("service: \"*\"\n"+s.policy)); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
	}
	d := gate.Decide(policy, snapshot, c)
	d.Seq, d.By = 7, "ci"
	return d
}

// Golden compares what a surface makes of every case with a file of testdata. With UPDATE_GOLDEN=1 in the environment it writes the file.
func Golden(t *testing.T, file string, show func(gate.Decision) string) {
	t.Helper()
	var b strings.Builder
	for _, c := range Cases(t) {
		fmt.Fprintf(&b, "== %s\n%s\n", c.Name, strings.TrimSuffix(show(c.Decision), "\n"))
	}
	path := filepath.Join("testdata", file)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with UPDATE_GOLDEN=1", err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("%s differs (UPDATE_GOLDEN=1 writes it again):\n%s", path, diff)
	}
}
