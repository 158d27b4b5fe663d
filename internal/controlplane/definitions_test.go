package controlplane

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/alerts"
	"plimsoll/collectors/promql"
	"plimsoll/collectors/sqlcheck"
	"plimsoll/internal/config"
	"plimsoll/slo"
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

// leading returns an app that counts, as between the begin and the end of a term, and the folder of its definitions.
func leading(t *testing.T) (*App, string) {
	t.Helper()
	dir := write(t, valid())
	app, err := New(configOf(dir))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.begin(); err != nil {
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
			app, dir := leading(t)
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

// A reload on a process that does not lead is seen by its readers at once, and is what it leads with later.
func TestReloadWhileFollowing(t *testing.T) {
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
	want := []slo.Key{"shop/availability", "shop/other"}
	if diff := cmp.Diff(want, keys(app.ledger.Objectives())); diff != "" {
		t.Error(diff)
	}
	if _, err := app.begin(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, keys(app.ledger.Objectives())); diff != "" {
		t.Error("leading:\n" + diff)
	}
}

// A file of tiers holds for what says nothing itself, and is read again; a bad one takes nothing with it.
func TestAlertTiers(t *testing.T) {
	t.Parallel()
	files := valid()
	files["p.yaml"] = "data_dir: data\nobjectives: [slo]\npolicies: [gate]\nalert_tiers: tiers.yaml\n"
	files["tiers.yaml"] = "tiers: [{name: page-fast, for: 3m}]\n"
	dir := write(t, files)
	cfg, err := ReadConfig(filepath.Join(dir, "p.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	app, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	says := func() (tiers []string) {
		for _, tier := range app.ledger.Objectives()[0].AlertTiers {
			tiers = append(tiers, alerts.Describe(tier))
		}
		return tiers
	}
	want := []string{"page-fast{severity=page, share=2%, lookback=1h, short=5m, for=3m}"}
	if diff := cmp.Diff(want, says()); diff != "" {
		t.Error(diff)
	}
	for _, tc := range []struct {
		text, wrong string
	}{
		{"tiers: [{name: page-fast, for: 30s}]\n", `tiers.yaml:1: tiers[0].for: found the duration "30s"`},
		{"tiers: [{name: page-fast, factor: 12.5}]\n", ""},
	} {
		if err := os.WriteFile(filepath.Join(dir, "tiers.yaml"), []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if tc.wrong == "" {
			want = []string{"page-fast{severity=page, factor=12.5, lookback=1h, short=5m}"}
		}
		if err := app.Reload(); (err != nil) != (tc.wrong != "") || err != nil && !strings.Contains(err.Error(), tc.wrong) {
			t.Errorf("%v, want %q", err, tc.wrong)
		}
		if diff := cmp.Diff(want, says()); diff != "" {
			t.Error(diff)
		}
	}
}

// A configuration file is read again, and a bad one takes nothing with it.
func TestReloadReadsTheFileAgain(t *testing.T) {
	t.Parallel()
	files := valid()
	files["p.yaml"] = "data_dir: data\nobjectives: [slo]\npolicies: [gate]\n"
	dir := write(t, files)
	cfg, err := ReadConfig(filepath.Join(dir, "p.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	app, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.begin(); err != nil {
		t.Fatal(err)
	}
	rewrite := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "p.yaml"), []byte(files["p.yaml"]+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "slo/b.yaml"), []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	rewrite("scrape_configs: [{job_name: shop, scrape_interval: soon}]\n")
	if err := app.Reload(); err == nil || !strings.Contains(err.Error(), "soon") {
		t.Errorf("a bad scrape job: %v", err)
	}
	if got := keys(app.ledger.Objectives()); len(got) != 1 || app.defs.scrape.Len() != 0 {
		t.Errorf("a bad scrape job changed something: objectives %v, %d jobs", got, app.defs.scrape.Len())
	}
	if err := os.WriteFile(filepath.Join(dir, "checks.yaml"), []byte(`checks:
- name: orders
  service: shop
  database: {url_env: PLIMSOLL_TEST_NO_SUCH_VARIABLE}
  query: SELECT 1 AS good, 1 AS total WHERE $1 < $2
`), 0o600); err != nil {
		t.Fatal(err)
	}
	rewrite("scrape_configs: [{job_name: shop, static_configs: [{targets: ['127.0.0.1:1']}]}]\nsqlchecks: [checks.yaml]\n")
	if err := app.Reload(); err == nil || !strings.Contains(err.Error(), "PLIMSOLL_TEST_NO_SUCH_VARIABLE") {
		t.Errorf("a check without a database: %v", err)
	}
	if got := keys(app.ledger.Objectives()); len(got) != 1 || app.defs.scrape.Len() != 0 {
		t.Errorf("a check without a database changed something: objectives %v, %d jobs", got, app.defs.scrape.Len())
	}
	rewrite("scrape_configs: [{job_name: shop, static_configs: [{targets: ['127.0.0.1:1']}]}]\n")
	if err := app.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := keys(app.ledger.Objectives()); len(got) != 2 || app.defs.scrape.Len() != 1 {
		t.Errorf("objectives %v and %d jobs, want 2 and 1", got, app.defs.scrape.Len())
	}
}

// What a reload does not take stays as it was, for the definitions, too, and the log says what that is.
func TestReloadNamesWhatNeedsARestart(t *testing.T) {
	t.Parallel()
	files := valid()
	files["p.yaml"] = "data_dir: data\nobjectives: [slo]\npolicies: [gate]\n"
	dir := write(t, files)
	cfg, err := ReadConfig(filepath.Join(dir, "p.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	cfg.Listen, cfg.DataDir = "127.0.0.1:0", t.TempDir() // as flags do
	app, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, text, says, logs string }{
		{"nothing has changed", "", "", ""},
		{"what takes effect", "scrape_configs: [{job_name: shop}]\n", "", ""},
		{"what needs a restart", "slack: {subjects: {U1: ada}}\nlisten: 127.0.0.1:1\nretention: 2400h\n", "", `keys="[listen retention slack]"`},
		{"a window that only the retention to come allows", "retention: 2400h\nobjectives: [slo, long]\n", "long/c.yaml", ""},
	} {
		log.Reset()
		text := files["p.yaml"] + tc.text
		if strings.Contains(tc.text, "objectives") {
			text = "data_dir: data\npolicies: [gate]\n" + tc.text
		}
		for name, text := range map[string]string{"p.yaml": text, "long/c.yaml": strings.ReplaceAll(other, "7d", "90d")} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := app.Reload()
		if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.says)
		}
		if (log.Len() == 0) != (tc.logs == "") || !strings.Contains(log.String(), tc.logs) {
			t.Errorf("%s: logged %q, want %q", tc.name, log.String(), tc.logs)
		}
	}
}

// Should a step fail all the same, those before it are undone.
func TestApplyIsUndone(t *testing.T) {
	t.Parallel()
	app, _ := leading(t)
	running, before := app.term.Load(), app.defs
	after := before
	after.servers = promql.Servers{{Name: "main", URL: "http://127.0.0.1:1"}}
	after.checks = []sqlcheck.Check{{Name: "orders", Database: sqlcheck.Database{URLEnv: "PLIMSOLL_TEST_NO_SUCH_VARIABLE"}}}
	if err := running.apply(after, before); err == nil {
		t.Fatal("a check without a database is taken")
	}
	if _, err := running.servers.Server("main"); err == nil {
		t.Error("the servers are not those from before")
	}
}

// A file of objectives may say where its source is; the configuration says it better, with what it takes to get in.
func TestSourceOfAFile(t *testing.T) {
	t.Parallel()
	asked := strings.ReplaceAll(other, "type: Prometheus", "metricSourceRef: main")
	source := "\n---\napiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: main}\nspec: {type: Prometheus, connectionDetails: {url: 'http://127.0.0.1:1'}}\n"
	for _, tc := range []struct {
		name, text string
		configured promql.Servers
		url        string // of the server that is asked; empty if there is none
	}{
		{"the file says where", asked + source, nil, "http://127.0.0.1:1"},
		{"the configuration says where", asked, promql.Servers{{Name: "main", URL: "http://127.0.0.1:2"}}, "http://127.0.0.1:2"},
		{"both do", asked + source, promql.Servers{{Name: "main", URL: "http://127.0.0.1:2"}}, "http://127.0.0.1:2"},
		{"nobody does", asked, promql.Servers{{Name: "other", URL: "http://127.0.0.1:2"}}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			files := valid()
			files["slo/b.yaml"] = tc.text
			cfg := configOf(write(t, files))
			cfg.PromQL = tc.configured
			app, err := New(cfg)
			if tc.url == "" {
				if err == nil || !strings.Contains(err.Error(), "slo/b.yaml:13:48") {
					t.Errorf("%v, want the place of the reference", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if s, err := app.server("main"); err != nil || s.URL != tc.url {
				t.Errorf("asks %q (%v), want %q", s.URL, err, tc.url)
			}
		})
	}
}

func TestSourceOfAnObjective(t *testing.T) {
	t.Parallel()
	d := definitions{
		objectives: []*slo.Objective{{Key: "shop/a", Indicator: slo.Indicator{Source: "mian"}}, {Key: "shop/b", Indicator: slo.Indicator{Source: "main"}}, {Key: "shop/c"}},
		servers:    promql.Servers{{Name: "main", URL: "http://127.0.0.1:1"}},
	}
	err := d.checkSources()
	if !errors.Is(err, promql.ErrUnknownServer) || !strings.Contains(err.Error(), `objective shop/a: source: no such server`) || !strings.Contains(err.Error(), `did you mean "main"?`) {
		t.Errorf("%v, want the objective, and the nearest name", err)
	}
	if strings.Contains(err.Error(), "shop/b") || strings.Contains(err.Error(), "shop/c") {
		t.Errorf("%v names objectives without a problem", err)
	}
}
