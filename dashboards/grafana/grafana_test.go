package grafana_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"plimsoll/dashboards/grafana"
	"plimsoll/dashboards/metrics"
	"plimsoll/slo/gate"
	"plimsoll/slo/slotest"
)

func files(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := grafana.Files()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFilesAreUpToDate(t *testing.T) {
	t.Parallel()
	for name, want := range files(t) {
		got, err := os.ReadFile(filepath.Join("..", "..", "deploy", "grafana", filepath.FromSlash(name)))
		if err != nil {
			t.Errorf("%v (go generate ./dashboards/grafana writes it)", err)
			continue
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("deploy/grafana/%s is not up to date (go generate ./dashboards/grafana):\n%s", name, d)
		}
	}
}

func TestFilesAreWellFormed(t *testing.T) {
	t.Parallel()
	for name, data := range files(t) {
		var v map[string]any
		if strings.HasSuffix(name, ".json") {
			if err := json.Unmarshal(data, &v); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			checkPanels(t, v["panels"].([]any))
		} else if err := yaml.Unmarshal(data, &v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// checkPanels finds panels that lie over each other or outside of Grafana's 24 columns.
func checkPanels(t *testing.T, panels []any) {
	t.Helper()
	taken := map[[2]int]string{}
	for _, p := range panels {
		panel := p.(map[string]any)
		title, pos := panel["title"].(string), panel["gridPos"].(map[string]any)
		at := func(name string) int { return int(pos[name].(float64)) }
		for x := at("x"); x < at("x")+at("w"); x++ {
			for y := at("y"); y < at("y")+at("h"); y++ {
				if other, ok := taken[[2]int{x, y}]; ok || x >= 24 {
					t.Fatalf("%q lies over %q or outside", title, other)
				}
				taken[[2]int{x, y}] = title
			}
		}
	}
}

// exported are the label names of every series that Plimsoll exports, by metric name.
func exported(t *testing.T) map[string]map[string]bool {
	t.Helper()
	l := slotest.New(slotest.Objective("s", "o/p", "O", 990_000_000, time.Hour))
	c, err := metrics.New(metrics.Config{
		Ledger: l,
		Gates: func(context.Context) ([]metrics.Gate, error) {
			return []metrics.Gate{{Service: "s", Environment: "e", State: string(gate.CodeRed), States: []string{string(gate.CodeRed)}}}, nil
		},
		OpenIncidents: func(context.Context) (map[int]int, error) { return nil, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	registry := client.NewPedanticRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]map[string]bool{}
	for _, f := range families {
		labels := map[string]bool{"__name__": true}
		for _, p := range f.Metric[0].Label {
			labels[p.GetName()] = true
		}
		names[f.GetName()] = labels
	}
	return names
}

// Every expression is PromQL, and selects series that Plimsoll exports by labels that they have.
func TestExpressions(t *testing.T) {
	t.Parallel()
	series := exported(t)
	variables := strings.NewReplacer("$__rate_interval", "1m", "$service", ".*")
	promql := parser.NewParser(parser.Options{})
	for _, expr := range grafana.Expressions() {
		parsed, err := promql.ParseExpr(variables.Replace(expr))
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
			if s, ok := node.(*parser.VectorSelector); ok {
				for _, m := range s.LabelMatchers {
					if labels := series[s.Name]; !labels[m.Name] {
						t.Errorf("%s: %s with the label %s is not exported", expr, s.Name, m.Name)
					}
				}
			}
			return nil
		})
	}
}
