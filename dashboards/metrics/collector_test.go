package metrics_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"plimsoll/dashboards/metrics"
	"plimsoll/slo"
	"plimsoll/slo/slotest"
)

var start = time.Date(2026, 11, 24, 12, 0, 30, 0, time.UTC)

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func gates(context.Context) ([]metrics.Gate, error) {
	return []metrics.Gate{{Service: "video-api", Environment: "production", Allow: false, State: "code_red", States: []string{"open", "code_red"}}}, nil
}

func newCollector(t *testing.T, l *slotest.Ledger, c *clock, incidents func(context.Context) (map[int]int, error)) *metrics.Collector {
	t.Helper()
	col, err := metrics.New(metrics.Config{Ledger: l, Gates: gates, OpenIncidents: incidents, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return col
}

func ledger() *slotest.Ledger {
	return slotest.New(slotest.Objective("video-api", "latency/p95", "p95", 950_000_000, 30*24*time.Hour))
}

func TestCollect(t *testing.T) {
	t.Parallel()
	l, c := ledger(), &clock{start}
	col := newCollector(t, l, c, func(context.Context) (map[int]int, error) { return map[int]int{2: 1}, nil })
	l.Add("video-api/latency/p95", start, 990, 1000)
	if problems, err := testutil.CollectAndLint(col); err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	err := testutil.CollectAndCompare(col, strings.NewReader(`
# HELP plimsoll_gate_allow 1 if the deploy gate lets an ordinary change (class feature) through now, 0 if not.
# TYPE plimsoll_gate_allow gauge
plimsoll_gate_allow{environment="production",service="video-api"} 0
# HELP plimsoll_gate_freeze_state 1 for the state that the freeze of a service and environment is in, 0 for the others.
# TYPE plimsoll_gate_freeze_state gauge
plimsoll_gate_freeze_state{environment="production",service="video-api",state="code_red"} 1
plimsoll_gate_freeze_state{environment="production",service="video-api",state="open"} 0
# HELP incident_open Open incidents by severity, 1 being the worst.
# TYPE incident_open gauge
incident_open{severity="1"} 0
incident_open{severity="2"} 1
incident_open{severity="3"} 0
incident_open{severity="4"} 0
incident_open{severity="5"} 0
# HELP slo_error_budget_remaining_ratio 1 - bad / allowed over the objective's window; below 0 the budget is overspent.
# TYPE slo_error_budget_remaining_ratio gauge
slo_error_budget_remaining_ratio{group="",objective="p95",service="video-api",slo="latency"} 0.8
# HELP slo_events_total Events booked in the ledger since the server started, late ones and those of a filled gap among them, by result.
# TYPE slo_events_total counter
slo_events_total{group="",objective="p95",result="bad",service="video-api",slo="latency"} 10
slo_events_total{group="",objective="p95",result="good",service="video-api",slo="latency"} 990
# HELP slo_objective_ratio Share of events that shall be good.
# TYPE slo_objective_ratio gauge
slo_objective_ratio{group="",objective="p95",service="video-api",slo="latency"} 0.95
`), "plimsoll_gate_allow", "plimsoll_gate_freeze_state", "incident_open", "slo_error_budget_remaining_ratio", "slo_events_total", "slo_objective_ratio")
	if err != nil {
		t.Error(err)
	}
	if n := testutil.CollectAndCount(col, "slo_burn_rate"); n != len(slo.Lookbacks()) {
		t.Errorf("%d burn rates, want one per lookback", n)
	}
}

func TestFailingSourceLeavesTheRest(t *testing.T) {
	t.Parallel()
	col := newCollector(t, ledger(), &clock{start}, func(context.Context) (map[int]int, error) { return nil, errors.New("no database") })
	err := testutil.CollectAndCompare(col, strings.NewReader(`
# HELP plimsoll_metrics_source_up 0 if the gate or the incidents could not be read for this scrape, so that their series are missing.
# TYPE plimsoll_metrics_source_up gauge
plimsoll_metrics_source_up{source="gate"} 1
plimsoll_metrics_source_up{source="incidents"} 0
`), "plimsoll_metrics_source_up", "incident_open")
	if err != nil {
		t.Error(err)
	}
}

// The counter starts at zero, takes in what is booked before its start afterwards, and neither the passing of days nor
// the loss of old minutes makes it fall.
func TestEventsCount(t *testing.T) {
	t.Parallel()
	const key = "video-api/latency/p95"
	l, c := ledger(), &clock{start}
	l.Add(key, start.Add(-2*time.Hour), 500, 500)
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(newCollector(t, l, c, func(context.Context) (map[int]int, error) { return nil, nil }))
	var booked float64
	for day := range 40 {
		l.Add(key, c.at.Add(-time.Hour), 7, 10) // an hour late
		l.Add(key, c.at, 1, 1)
		booked += 11
		if got := events(t, reg); got != booked {
			t.Fatalf("day %d: %v events, want %v", day, got, booked)
		}
		c.at = c.at.Add(13 * time.Hour)
	}
	l.Add(key, c.at, -5, -5)
	if got := events(t, reg); got != booked {
		t.Errorf("after a correction downwards: %v events, want %v", got, booked)
	}
}

func events(t *testing.T, g prometheus.Gatherer) (sum float64) {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "slo_events_total" {
			for _, m := range f.Metric {
				sum += m.Counter.GetValue()
			}
		}
	}
	return sum
}

// TestQuality reads what is wrong with the data of a child that was last heard an hour ago.
func TestQuality(t *testing.T) {
	t.Parallel()
	child := slotest.Objective("video-api", `availability{route="/videos"}`, "Videos", 990_000_000, time.Hour)
	child.Parent, child.Group = "video-api/availability", `{route="/videos"}`
	l, c := slotest.New(child), &clock{start}
	l.Add(child.Key, start.Add(-50*time.Minute), 12, 10)
	err := testutil.CollectAndCompare(newCollector(t, l, c, nil), strings.NewReader(`
# HELP plimsoll_objective_quality 1 for what is wrong with the data of an objective, 0 for what is not.
# TYPE plimsoll_objective_quality gauge
plimsoll_objective_quality{group="{route=\"/videos\"}",objective="",service="video-api",signal="dropped_samples",slo="availability"} 0
plimsoll_objective_quality{group="{route=\"/videos\"}",objective="",service="video-api",signal="good_above_total",slo="availability"} 1
plimsoll_objective_quality{group="{route=\"/videos\"}",objective="",service="video-api",signal="low_coverage",slo="availability"} 0
plimsoll_objective_quality{group="{route=\"/videos\"}",objective="",service="video-api",signal="stale",slo="availability"} 1
`), "plimsoll_objective_quality")
	if err != nil {
		t.Error(err)
	}
}
