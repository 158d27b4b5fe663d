package promrules_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"plimsoll/alerts"
	"plimsoll/alerts/promrules"
	"plimsoll/slo"
)

const day = 24 * time.Hour

func objective(change func(*slo.Objective)) *slo.Objective {
	o := &slo.Objective{
		Key: "video-api/availability", Service: "video-api", Name: "availability", DisplayName: "The API answers",
		Target: 999_000_000, Window: slo.Window{Length: 30 * day}, Method: slo.Occurrences,
		Indicator: slo.Indicator{Good: `sum(http_requests_total{code=~"2.."})`, Total: "sum(http_requests_total)"},
	}
	change(o)
	return o
}

func write(t *testing.T, objectives ...*slo.Objective) (string, *rulefmt.RuleGroups, []promrules.Skipped) {
	t.Helper()
	groups, skipped := promrules.Rules(objectives, alerts.Tiers())
	var b bytes.Buffer
	if err := promrules.Write(&b, groups); err != nil {
		t.Fatal(err)
	}
	read, errs := rulefmt.Parse(b.Bytes(), false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		t.Fatalf("Prometheus refuses the file: %v\n%s", errs, &b)
	}
	return b.String(), read, skipped
}

// Prometheus reads what is written, with one alert for each tier that can be reached.
func TestTiersBecomeAlerts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*slo.Objective)
		want   []string
	}{
		{"99.9 % of 30 days", func(*slo.Objective) {}, []string{"page-fast", "page-slow", "ticket-fast", "ticket-slow"}},
		{"90 % of 30 days", func(o *slo.Objective) { o.Target = 900_000_000 }, []string{"page-slow", "ticket-fast", "ticket-slow"}},
		{"50 % of 7 days", func(o *slo.Objective) { o.Target, o.Window.Length = 500_000_000, 7*day }, []string{"page-slow", "ticket-fast", "ticket-slow"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, groups, _ := write(t, objective(tc.change))
			var got []string
			for _, r := range groups.Groups[0].Rules {
				if r.Alert != "" {
					got = append(got, r.Labels["tier"])
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Each selector is summed by itself, with its sign, whatever stood around it.
func TestQueries(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, query, want string }{
		{"sum", `sum(a{x="1"})`, `(sum(increase(a{x="1"}[5m])) or vector(0))`},
		{"bare", `a`, `(sum(increase(a[5m])) or vector(0))`},
		{"rate of its own range", `sum(rate(a[1h]))`, `(sum(increase(a[5m])) or vector(0))`},
		{"difference", `sum(a) - (b - c)`, `(sum(increase(a[5m])) or vector(0)) - (sum(increase(b[5m])) or vector(0)) + (sum(increase(c[5m])) or vector(0))`},
		{"divided by labels", `sum by (x) (a)`, `(sum(increase(a[5m])) or vector(0))`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, groups, _ := write(t, objective(func(o *slo.Objective) { o.Indicator = slo.Indicator{Bad: "errors", Total: tc.query} }))
			if got := groups.Groups[0].Rules[0].Expr; got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestGuardAgainstLowTraffic(t *testing.T) {
	t.Parallel()
	text, _, _ := write(t, objective(func(o *slo.Objective) { o.LowTraffic = slo.LowTraffic{MinBad: 10, MinTotal: 100} }))
	for _, want := range []string{
		`plimsoll:slo_events:increase{service="video-api",slo="availability",lookback="1h"} >= 100`,
		`plimsoll:slo_bad_events:increase{service="video-api",slo="availability",lookback="6h"} >= 10`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func TestSkipped(t *testing.T) {
	t.Parallel()
	_, groups, skipped := write(t,
		objective(func(o *slo.Objective) { o.Key, o.Method = "a/slices", slo.Timeslices }),
		objective(func(o *slo.Objective) {
			o.Key, o.Indicator = "a/threshold", slo.Indicator{Kind: slo.Thresholds, Query: "up"}
		}),
		objective(func(o *slo.Objective) { o.Key, o.Parent = `a/b{x="1"}`, "a/b" }),
	)
	want := []promrules.Skipped{
		{Key: "a/slices", Reason: "rules count events, and its budgeting method is Timeslices"},
		{Key: "a/threshold", Reason: "rules count the steps of counters, and its indicator is of another kind"},
		{Key: `a/b{x="1"}`, Reason: "it is a part of a/b, which has the rules"},
	}
	if diff := cmp.Diff(want, skipped); diff != "" || len(groups.Groups) > 0 {
		t.Errorf("%d groups, skipped (-want +got):\n%s", len(groups.Groups), diff)
	}
}
