package controlplane

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/config"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

const objective = `apiVersion: openslo/v1
kind: SLO
metadata: {name: availability}
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindow: [{duration: 7d, isRolling: true}]
  indicator:
    metadata: {name: ok}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: 'sum(ok_total)'}}}
        total: {metricSource: {type: Prometheus, spec: {query: 'sum(all_total)'}}}
  objectives: [{target: 0.99}]
`

const service = `apiVersion: openslo/v1
kind: Service
metadata: {name: shop}
spec: {description: A shop}
`

var other = strings.Replace(objective, "name: availability", "name: other", 1)

const policy = "service: shop\nclauses:\n- budget: {}\n"

// valid are definitions without a problem.
func valid() map[string]string {
	return map[string]string{"slo/shop.yaml": service, "slo/availability.yaml": objective, "gate/shop.yaml": policy}
}

// configOf is a configuration with the definitions of a folder.
func configOf(dir string) Config {
	cfg := Default()
	cfg.Objectives, cfg.Policies = []string{filepath.Join(dir, "slo")}, []string{filepath.Join(dir, "gate")}
	cfg.Logger = slog.New(slog.DiscardHandler)
	return cfg
}

func TestDefinitionsAreRefusedWhole(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, file, text string
		says             []string
	}{
		{"an objective with an unknown key", "slo/b.yaml", strings.Replace(objective, "budgetingMethod", "budgetMethod", 1),
			[]string{"read objectives", "slo/b.yaml:6", "budgetingMethod"}},
		{"a query that cannot be counted", "slo/b.yaml", strings.Replace(other, "sum(ok_total)", "max(ok_total)", 1),
			[]string{"read objectives", "slo/b.yaml", "max()"}},
		{"a window beyond the retention", "slo/b.yaml", strings.Replace(other, "7d", "60d", 1),
			[]string{"read objectives", "slo/b.yaml:7"}},
		{"a policy with an unknown key", "gate/b.yaml", "service: b\nclauses:\n- budgt: {}\n",
			[]string{"read policies", `gate/b.yaml:3: unknown key "clauses[0].budgt" (did you mean "budget"?)`}},
		{"two policies for one service", "gate/b.yaml", policy, []string{"read policies", "gate/b.yaml", "gate/shop.yaml"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			files := valid()
			files[tc.file] = tc.text
			_, err := New(configOf(write(t, files)))
			if err == nil {
				t.Fatal("taken")
			}
			for _, part := range tc.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v\nwant %q", err, part)
				}
			}
		})
	}
	empty := configOf(write(t, map[string]string{"slo/shop.yaml": service, "slo/availability.yaml": objective, "gate/README": "none"}))
	if _, err := New(empty); !errors.Is(err, config.ErrNoFiles) {
		t.Errorf("a folder without policies: %v, want %v", err, config.ErrNoFiles)
	}
	if app, err := New(Default()); err != nil || len(app.defs.objectives) == 0 || app.policies.Load().For("any", "production") == nil {
		t.Errorf("%v; want the shipped definitions where none are named", err)
	}
}

// counting returns an app whose collector counts, as between the start of Run and its end, and the folder of its definitions.
func counting(t *testing.T) (*App, string) {
	t.Helper()
	dir := write(t, valid())
	app, err := New(configOf(dir))
	if err != nil {
		t.Fatal(err)
	}
	app.ledger = ledger.New(ledger.Config{})
	if _, err := app.buildCollector(); err != nil {
		t.Fatal(err)
	}
	return app, dir
}

func keys(objectives []*slo.Objective) (keys []slo.Key) {
	for _, o := range objectives {
		keys = append(keys, o.Key)
	}
	return keys
}

func TestReload(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change map[string]string
		valid  bool
	}{
		{"another objective and policy", map[string]string{
			"slo/b.yaml": other, "gate/b.yaml": "service: b\nclauses:\n- budget: {}\n"}, true},
		{"a bad policy beside a good objective", map[string]string{
			"slo/b.yaml": other, "gate/b.yaml": "service: b\n"}, false},
		{"a bad objective beside a good policy", map[string]string{
			"slo/b.yaml": "kind: [", "gate/b.yaml": "service: b\nclauses:\n- budget: {}\n"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			app, dir := counting(t)
			before := app.policies.Load()
			for name, text := range tc.change {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := app.Reload(); (err == nil) != tc.valid {
				t.Fatalf("%v; want it taken: %v", err, tc.valid)
			}
			want := []slo.Key{"shop/availability"}
			if tc.valid {
				want = append(want, "shop/other")
			}
			if diff := cmp.Diff(want, keys(app.ledger.Objectives())); diff != "" {
				t.Errorf("objectives (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, keys(app.defs.objectives)); diff != "" {
				t.Errorf("definitions (-want +got):\n%s", diff)
			}
			if (app.policies.Load() != before) != tc.valid {
				t.Error("the policies do not go with the objectives")
			}
		})
	}
}

// A reload that comes before Run has built anything is what Run builds from.
func TestReloadBeforeRun(t *testing.T) {
	t.Parallel()
	dir := write(t, valid())
	app, err := New(configOf(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "slo/b.yaml"), []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := app.Reload(); err != nil {
		t.Fatal(err)
	}
	app.ledger = ledger.New(ledger.Config{})
	if _, err := app.buildCollector(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]slo.Key{"shop/availability", "shop/other"}, keys(app.ledger.Objectives())); diff != "" {
		t.Error(diff)
	}
}
