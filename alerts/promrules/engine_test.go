package promrules_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
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

// The written rules, evaluated by Prometheus, fire and end with the verdicts of the ledger, at most one evaluation apart.
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
		{"a blip", []phase{{120, 600, 0}, {2, 600, 10}, {120, 600, 0}}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := objective(func(o *slo.Objective) { o.LowTraffic = slo.LowTraffic{MinBad: 10, MinTotal: 100} })
			ours, theirs := replay(t, o, tc.phases)
			if len(ours) < tc.edges {
				t.Fatalf("the scenario shows only %v", ours)
			}
			apart := cmp.Comparer(func(a, b edge) bool {
				return a.Tier == b.Tier && a.Firing == b.Firing && max(a.Minute-b.Minute, b.Minute-a.Minute) <= 1
			})
			for _, tier := range alerts.Tiers() {
				if diff := cmp.Diff(of(tier.Name, ours), of(tier.Name, theirs), apart); diff != "" {
					t.Errorf("%s (-ledger +Prometheus):\n%s", tier.Name, diff)
				}
			}
		})
	}
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
	var ok, failed float64
	minute := 0
	step := func() {
		now = base.Add(time.Duration(minute) * time.Minute)
		for _, to := range []storage.AppendableV2{collector, db} {
			appendAll(t, to, now, map[string]float64{"200": ok, "503": failed})
		}
		group.Eval(t.Context(), now)
		s, _ := l.Status(o.Key, now)
		for _, tier := range alerts.Tiers() {
			is := [2]bool{alerts.Judge(s, tier, alerts.Guard{}).Burning(), active(group, tier.Name)}
			was := firing[tier.Name]
			if is[0] != was[0] {
				ours = append(ours, edge{tier.Name, minute, is[0]})
			}
			if is[1] != was[1] {
				theirs = append(theirs, edge{tier.Name, minute, is[1]})
			}
			firing[tier.Name] = is
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
