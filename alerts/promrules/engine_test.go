package promrules_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/teststorage"
	"pgregory.net/rapid"

	"plimsoll/alerts"
	"plimsoll/collectors"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// phase is a stretch of time with steady traffic: so many requests a minute, of which so many fail.
type phase struct {
	minutes, requests, failures int
}

// edge is a minute in which an alert of a tier begins or ends to fire.
type edge struct {
	Tier   string
	Minute int
	Firing bool
}

// The written rules, evaluated by Prometheus, fire and end with the alerts of the ledger, at most one evaluation apart.
func TestPrometheusAgrees(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		phases []phase
		edges  int // at least so many, so that the scenario shows something
	}{
		{"outage of ten minutes", []phase{{120, 600, 0}, {10, 600, 600}, {180, 600, 0}}, 6},
		{"slow burn of seven hours", []phase{{60, 600, 0}, {420, 600, 5}, {120, 600, 0}}, 4},
		{"one bad request a minute at night", []phase{{60, 600, 0}, {240, 5, 1}, {60, 600, 0}}, 4},
		{"traffic dies in an outage", []phase{{90, 600, 0}, {15, 600, 300}, {90, 0, 0}, {60, 600, 0}}, 4},
		{"a blip", []phase{{120, 600, 0}, {2, 600, 1}, {120, 600, 0}}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if edges := compare(t, tc.phases); len(edges) < tc.edges {
				t.Errorf("the scenario shows only %v", edges)
			}
		})
	}
}

var series = flag.Int("series", 4, "how many random series are compared with Prometheus")

// So they do whatever the traffic is, for every shipped tier and for alert policies of every kind.
func TestPrometheusAgreesOnRandomSeries(t *testing.T) {
	t.Parallel()
	var changed sync.Map // by alert
	t.Run("series", func(t *testing.T) {
		for seed := range *series {
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				t.Parallel()
				phases := traffic.Example(seed)
				t.Logf("phases %+v", phases)
				for _, e := range compare(t, phases) {
					changed.Store(e.Tier, true)
				}
			})
		}
	})
	for _, a := range newAlerts(objective(withPolicies)) {
		if _, ok := changed.Load(a.Tier); !ok {
			t.Errorf("no series makes %s fire or end", a.Tier)
		}
	}
}

func withPolicies(o *slo.Objective) {
	o.LowTraffic, o.Alerts = slo.LowTraffic{MinBad: 10, MinTotal: 100}, policies()
	o.AlertTiers = append(alerts.Tiers(), alerts.Tier{Name: "own", Severity: alerts.Ticket, For: 3 * time.Minute, Keep: 6 * time.Minute,
		Pace: slo.Pace{Rate: 10 * slo.One, Lookback: 25 * time.Minute, Short: 4 * time.Minute}})
}

// traffic is steady for a while, and fails so clearly or so little that no burn rate hovers about a threshold: there, what increase()
// extrapolates decides.
var traffic = rapid.Custom(func(t *rapid.T) []phase {
	phases := []phase{{60, 600, 0}}
	for range rapid.IntRange(2, 6).Draw(t, "phases") {
		requests := rapid.SampledFrom([]int{0, 60, 600, 3000}).Draw(t, "requests")
		perMille := rapid.SampledFrom([]int{0, 0, 0, 50, 500, 1000}).Draw(t, "failures")
		phases = append(phases, phase{rapid.IntRange(5, 120).Draw(t, "minutes"), requests, requests * perMille / 1000})
	}
	return phases
})

// policies are alert policies of every operator, with lookbacks that no tier has.
func policies() []slo.AlertPolicy {
	of := func(name string, op slo.Op, threshold float64, lookback, after time.Duration) slo.AlertPolicy {
		return slo.AlertPolicy{Name: name, OnBreach: true, OnResolve: true, Condition: slo.AlertCondition{
			Severity: "page", Op: op, Threshold: threshold, Lookback: lookback, After: after}}
	}
	return []slo.AlertPolicy{
		of("above", slo.MoreThan, 10, 15*time.Minute, 0), of("at-least", slo.AtLeast, 3, 45*time.Minute, 5*time.Minute),
		of("below", slo.LessThan, 5, 10*time.Minute, 3*time.Minute), of("at-most", slo.AtMost, 8, 90*time.Minute, 0),
	}
}

// compare replays traffic to both, reports where they are more than one evaluation apart, and returns how the alerts changed.
func compare(t *testing.T, phases []phase) []edge {
	t.Helper()
	o := objective(withPolicies)
	ours, theirs := replay(t, o, phases)
	apart := cmp.Comparer(func(a, b edge) bool {
		return a.Tier == b.Tier && a.Firing == b.Firing && max(a.Minute-b.Minute, b.Minute-a.Minute) <= 1
	})
	for _, a := range newAlerts(o) {
		if diff := cmp.Diff(of(a.Tier, ours), of(a.Tier, theirs), apart); diff != "" {
			t.Errorf("%s (-ledger +Prometheus):\n%s", a.Tier, diff)
		}
	}
	return ours
}

// newAlerts are the alerts of an objective, as they are before anything happens.
func newAlerts(o *slo.Objective) (all []alerts.Alert) {
	for _, tier := range alerts.TiersOf(o, alerts.Tiers()) {
		all = append(all, alerts.Alert{Objective: o.Key, Tier: tier.Name, State: alerts.Inactive})
	}
	for _, p := range o.Alerts {
		all = append(all, alerts.Alert{Objective: o.Key, Tier: alerts.PolicyTier(p).Name, State: alerts.Inactive})
	}
	return all
}

// advance moves an alert by the status, and reports whether it fires. Prometheus knows no coverage, so that guard is off.
func advance(a *alerts.Alert, s slo.Status) bool {
	timing := alerts.DefaultTiming()
	var v alerts.Verdict
	if p, ok := alerts.PolicyOf(s.Objective, a.ID()); ok {
		v, timing = alerts.JudgePolicy(s, p, alerts.Guard{}), alerts.PolicyTiming(p, timing)
	}
	for _, tier := range alerts.TiersOf(s.Objective, alerts.Tiers()) {
		if tier.Name == a.Tier {
			v, timing = alerts.Judge(s, tier, alerts.Guard{}), alerts.TierTiming(tier, timing)
		}
	}
	*a, _ = alerts.Transition(*a, v, s.At, timing)
	return a.State == alerts.Firing
}

func of(tier string, edges []edge) []edge {
	var out []edge
	for _, e := range edges {
		if e.Tier == tier {
			out = append(out, e)
		}
	}
	return out
}

// replay gives the same samples, one a minute, to a ledger and to Prometheus, and asks both every minute.
func replay(t *testing.T, o *slo.Objective, phases []phase) (ours, theirs []edge) {
	t.Helper()
	base := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	now := base
	clock := func() time.Time { return now }
	l := ledger.New(ledger.Config{Now: clock})
	collector, err := collectors.New(collectors.Config{Ledger: l, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	if err := collector.SetObjectives([]*slo.Objective{o}); err != nil {
		t.Fatal(err)
	}
	db := teststorage.New(t)
	group := load(t, o, db)
	firing := map[string][2]bool{}
	all := newAlerts(o)
	var ok, failed float64
	minute := 0
	step := func() {
		now = base.Add(time.Duration(minute) * time.Minute)
		for _, to := range []storage.AppendableV2{collector, db} {
			appendAll(t, to, now, map[string]float64{"200": ok, "503": failed})
		}
		group.Eval(t.Context(), now)
		s, _ := l.Status(o.Key, now)
		for i := range all {
			name := all[i].Tier
			is := [2]bool{advance(&all[i], s), active(group, name)}
			was := firing[name]
			if is[0] != was[0] {
				ours = append(ours, edge{name, minute, is[0]})
			}
			if is[1] != was[1] {
				theirs = append(theirs, edge{name, minute, is[1]})
			}
			firing[name] = is
		}
		minute++
	}
	step()
	for _, p := range phases {
		for range p.minutes {
			ok, failed = ok+float64(p.requests-p.failures), failed+float64(p.failures)
			step()
		}
	}
	return ours, theirs
}

func appendAll(t *testing.T, to storage.AppendableV2, at time.Time, values map[string]float64) {
	t.Helper()
	a := to.AppenderV2(t.Context())
	for code, v := range values {
		ls := labels.FromStrings("__name__", "http_requests_total", "code", code, "job", "api", "instance", "a:1")
		if _, err := a.Append(0, ls, 0, at.UnixMilli(), v, nil, nil, storage.AOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
}

// load writes the rules of an objective to a file and has Prometheus read it.
func load(t *testing.T, o *slo.Objective, db *teststorage.TestStorage) *rules.Group {
	t.Helper()
	text, _, _ := write(t, o)
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	manager := rules.NewManager(&rules.ManagerOptions{
		QueryFunc:    rules.EngineQueryFunc(promqltest.NewTestEngine(t, false, 5*time.Minute, 10_000), db),
		AppendableV2: db, Queryable: db, Context: t.Context(), Logger: slog.New(slog.DiscardHandler),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
		Registerer: prometheus.NewRegistry(), NameValidationScheme: model.UTF8Validation, Parser: parser.NewParser(parser.Options{}),
	})
	groups, errs := manager.LoadGroups(time.Minute, labels.EmptyLabels(), "", nil, false, file)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for _, g := range groups {
		for _, r := range g.AlertingRules() {
			r.SetRestored(true) // there is no state to wait for, and only then are ALERTS written
		}
		return g
	}
	t.Fatal("no group")
	return nil
}

// active reports whether the alert of a tier fires in Prometheus.
func active(g *rules.Group, tier string) bool {
	for _, r := range g.AlertingRules() {
		if r.Labels().Get("tier") == tier && r.State() == rules.StateFiring {
			return true
		}
	}
	return false
}
