package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/httpapi"
	opensloapi "plimsoll/slo/openslo/api"
	"plimsoll/slo/slotest"
)

const (
	goodObjective = `apiVersion: openslo/v1
kind: SLO
metadata: {name: availability}
spec:
  service: shop
  indicator:
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: sum(good_total)}}}
        total: {metricSource: {type: Prometheus, spec: {query: sum(all_total)}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.999}]
`
	slothFile = `version: prometheus/v1
service: shop
slos:
  - name: availability
    objective: 99.9
    sli: {events: {error_query: 'sum(bad_total)', total_query: 'sum(all_total)'}}
  - name: latency
    objective: 99
    sli: {plugin: {id: latency}}
`
)

func fileOf(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// runCommand returns the exit code, the output and the error output of a command line.
func runCommand(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = run(context.Background(), args, &o, &e)
	return code, o.String(), e.String()
}

func TestLintCounts(t *testing.T) {
	t.Parallel()
	quoted := strings.Replace(goodObjective, "0.999", `"0.999"`, 1)
	divided := strings.Replace(goodObjective, "sum(good_total)", "good_total / all_total", 1)
	for _, tc := range []struct {
		name string
		text string
		args []string
		code int
		says []string
	}{
		{"valid", goodObjective, nil, 0, []string{"1 objective, all valid."}},
		{"nothing", "", nil, 0, []string{"No objective is defined"}},
		{"only a service", "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: shop}\nspec: {}\n", nil, 0, []string{"No objective is defined"}},
		{"a tier that can never fire", strings.Replace(goodObjective, "0.999", "0.9", 1), nil, 0,
			[]string{"a.yaml:14:16: spec.objectives[0]: warning: page-fast of shop/availability can never fire", "1 objective, all valid; 1 warning."}},
		{"an error", quoted, nil, 1, []string{"a.yaml:14:25: spec.objectives[0].target: ", "1 error."}},
		{"leniently", quoted, []string{"--lenient"}, 0, []string{"warning: ", "read as 0.999", "1 objective, all valid; 1 warning."}},
		{"not countable", divided, nil, 2, []string{"a.yaml:10:", "1 that cannot be counted here."}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			code, out, _ := runCommand(append([]string{"slo", "lint", fileOf(t, "a.yaml", tc.text)}, tc.args...)...)
			if code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			for _, s := range tc.says {
				if !strings.Contains(out, s) {
					t.Errorf("does not say %q:\n%s", s, out)
				}
			}
		})
	}
	_, out, _ := runCommand("-o", "json", "slo", "lint", fileOf(t, "a.yaml", quoted))
	var r objectiveLint
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.Errors != 1 || r.Problems[0].Line != 14 {
		t.Errorf("%v: %s", err, out)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	path := fileOf(t, "sloth.yaml", slothFile)
	code, out, errs := runCommand("slo", "import", "--window", "28d", path)
	if code != 2 || !strings.Contains(out, "name: availability") || !strings.Contains(out, "duration: 28d") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if !strings.Contains(errs, "sloth.yaml:9:") || !strings.Contains(errs, "this SLO is left out") {
		t.Errorf("notes: %s", errs)
	}

	dir := filepath.Join(t.TempDir(), "objectives")
	if code, out, errs := runCommand("slo", "import", "--from", "sloth", "--dir", dir, path); code != 2 || !strings.Contains(out, "1 document written") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	if code, out, _ := runCommand("slo", "lint", dir); code != 0 {
		t.Errorf("what was imported is not valid: %s", out)
	}
	written := filepath.Join(dir, "shop-availability.yaml")
	if err := os.WriteFile(written, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := runCommand("slo", "import", "--dir", dir, path); code != 1 || !strings.Contains(errs, "--force") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if text, err := os.ReadFile(written); err != nil || string(text) != "mine" {
		t.Errorf("replaced by %q, %v", text, err)
	}
	if code, _, _ := runCommand("slo", "import", "--dir", dir, "--force", path); code != 2 {
		t.Errorf("exit code %d with --force", code)
	}
}

// What cannot be written whole leaves nothing behind.
func TestImportWritesAllOrNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.yaml"), filepath.Join(dir, "b.yaml")
	if err := os.WriteFile(a, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(b+".part", 0o755); err != nil { // in the way of b
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b+".part", "full"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeAll(map[string][]byte{a: []byte("new"), b: []byte("new")}); err == nil {
		t.Error("written")
	}
	if text, err := os.ReadFile(a); err != nil || string(text) != "mine" {
		t.Errorf("replaced by %q, %v", text, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 2 {
		t.Errorf("left: %q, %v", left, err)
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	sloth := fileOf(t, "sloth.yaml", slothFile)
	for _, tc := range []struct {
		name string
		args []string
		says string
	}{
		{"another format", []string{"--from", "pyrra", sloth}, "sloth.yaml:1:10: version: "},
		{"no format", []string{"--from", "nobl9", sloth}, "openslo/v2alpha"},
		{"no window", []string{"--window", "30s", sloth}, "--window"},
		{"no service", []string{"--service", "The Shop", sloth}, "--service"},
		{"no file", []string{sloth + ".none"}, "sloth.yaml.none"},
		{"what is OpenSLO v1", []string{fileOf(t, "a.yaml", "apiVersion: openslo/v1\nkind: SLO\n")}, "a.yaml:1:13: apiVersion: this is OpenSLO v1 already"},
		{"what is no objective", []string{fileOf(t, "a.yaml", "a: b\n")}, "a.yaml:1:1: the format is not known"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := runCommand(append([]string{"slo", "import"}, tc.args...)...)
			if code != 1 || out != "" || !strings.Contains(errs, tc.says) {
				t.Errorf("exit code %d, want 1 with %q: %s%s", code, tc.says, out, errs)
			}
		})
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	l := slotest.New(
		slotest.Objective("shop", "availability", "The shop is open", 999_000_000, 30*24*time.Hour),
		slotest.Objective("search", "latency", "Searches are fast", 950_000_000, 7*24*time.Hour),
	)
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1"})
	(&opensloapi.Handlers{Ledger: l}).Register(web.Huma)
	server := httptest.NewServer(web.Mux)
	t.Cleanup(server.Close)

	code, all, errs := runCommand("--url", server.URL, "slo", "export")
	if code != 0 || strings.Count(all, "kind: SLO") != 2 {
		t.Fatalf("exit code %d: %s%s", code, all, errs)
	}
	code, again, errs := runCommand("slo", "export", fileOf(t, "a.yaml", all))
	if code != 0 || again != all {
		t.Errorf("exit code %d: written again it is\n%s%s, not\n%s", code, again, errs, all)
	}
	_, one, _ := runCommand("--url", server.URL, "slo", "export", "--service", "shop")
	_, same, _ := runCommand("slo", "export", "--service", "shop", fileOf(t, "a.yaml", all))
	if one != same || strings.Count(one, "kind: SLO") != 1 {
		t.Errorf("of the shop the server has\n%s, the file\n%s", one, same)
	}
	if code, _, errs := runCommand("--url", server.URL, "slo", "export", "--service", "shoq"); code != 1 || !strings.Contains(errs, `"shop"`) {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if code, _, errs := runCommand("slo", "export", "--service", "shoq", fileOf(t, "a.yaml", all)); code != 1 || !strings.Contains(errs, `did you mean "shop"?`) {
		t.Errorf("of files: exit code %d: %s", code, errs)
	}
	if code, _, errs := runCommand("slo", "export", fileOf(t, "a.yaml", "kind: [")); code != 1 || !strings.Contains(errs, "a.yaml:1:") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
