package openslo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plimsoll/alerts"
	"plimsoll/collectors"
	"plimsoll/slo"
	"plimsoll/slo/openslo"
)

const day = 24 * time.Hour

// sameZone compares instants with their zones, because a calendar follows the clock on the wall.
var sameZone = cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location().String() == b.Location().String() })

// withoutPlace compares what objectives say, wherever it is written.
var withoutPlace = cmp.Options{sameZone, cmpopts.IgnoreFields(slo.Objective{}, "File", "Line")}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEverythingAnObjectiveCanSay(t *testing.T) {
	t.Parallel()
	files := read(t, "testdata/valid/full.yaml")
	got, err := openslo.Read(config, files...)
	if err != nil {
		t.Fatal(err)
	}
	want := slo.Objective{
		Service: "checkout",
		Owner:   "orders-team", Tier: "1",
		Labels: map[string][]string{"team": {"a", "b"}, "env": {"prod"}},
		Window: slo.Window{Length: 30 * day, Calendar: &slo.Calendar{
			Start: time.Date(2026, 1, 1, 6, 0, 0, 0, zone(t, "Europe/Berlin")), Unit: slo.Month, Count: 1}},
		Method: slo.Timeslices,
		Indicator: slo.Indicator{Bad: "sum by (shop) (orders_failed_total)", Total: "sum by (shop) (orders_total)", Source: "mimir-eu",
			GroupBy: []string{"shop"}},
		MaxChildren: 20,
		NoData:      slo.NoData{Gate: slo.GapHold, Report: slo.GapBad},
		LowTraffic:  slo.LowTraffic{MinBad: 10, MinTotal: 20},
		AlertTiers:  alerts.Tiers()[2:],
		OutOfGate:   true,
		DependsOn:   []string{"payments", "stock"},
		Alerts: []slo.AlertPolicy{{
			Name: "Burning", DisplayName: "The budget burns", OnBreach: true, OnNoData: true,
			Condition: slo.AlertCondition{Name: "five-times", Description: "Five times too fast", Severity: "page", Op: slo.AtLeast, Threshold: 5.5,
				Lookback: day, After: 5 * time.Minute},
			Targets: []slo.AlertTarget{{Name: "OnCall", Target: "slack"}, {Name: "mail", Target: "email", Description: "Everybody"}},
		}},
		EffectiveFrom: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
	}
	most, all := want, want
	most.Key, most.Name, most.DisplayName = "checkout/orders/most", "orders/most", "orders: Most"
	most.Target, most.Slice = 995_000_000, slo.Slice{Length: 5 * time.Minute, Target: 950_000_000}
	all.Key, all.Name, all.DisplayName = "checkout/orders/nearly-all", "orders/nearly-all", "orders: Nearly all"
	all.Target, all.Slice = 900_000_000, slo.Slice{Length: time.Hour, Target: slo.One}
	if diff := cmp.Diff([]*slo.Objective{&most, &all}, got.Objectives, withoutPlace); diff != "" {
		t.Errorf("objectives (-want +got):\n%s", diff)
	}
	sources := []openslo.Source{{Name: "mimir-eu", Type: "mimir", URL: "https://mimir.example.com/prometheus", File: files[0].Name, Line: 15}}
	if diff := cmp.Diff(sources, got.Sources); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
	if len(got.Warnings) > 0 {
		t.Errorf("warnings: %v", got.Warnings)
	}
}

func TestComposite(t *testing.T) {
	t.Parallel()
	got, err := openslo.Load(config, "testdata/valid/composite.yaml")
	if err != nil {
		t.Fatal(err)
	}
	window := slo.Window{Length: 14 * day}
	want := []*slo.Objective{
		{Key: "shop/journey", Name: "journey", DisplayName: "The whole journey", Method: slo.Composite,
			Target: 971_111_111, // (3 × 99 % + 95 % + ½ × 90 %) ÷ 4½, rounded down
			Components: []slo.Component{{Key: "shop/journey/pages-open", Weight: 3 * slo.One}, {Key: "shop/journey/queue-is-short", Weight: slo.One},
				{Key: "shop/journey/search-answers", Weight: slo.One / 2}},
			Alerts: []slo.AlertPolicy{{Name: "p", OnResolve: true,
				Condition: slo.AlertCondition{Name: "c", Severity: "ticket", Op: slo.MoreThan, Threshold: 2, Lookback: 6 * time.Hour},
				Targets:   []slo.AlertTarget{{Name: "t", Target: "slack"}}}}},
		{Key: "shop/journey/pages-open", Name: "journey/pages-open", DisplayName: "The whole journey: Pages open", Target: 990_000_000,
			Slice:     slo.Slice{Length: 10 * time.Minute},
			Indicator: slo.Indicator{Kind: slo.Amounts, Good: "pages_good", Total: "pages_all"}},
		{Key: "shop/journey/queue-is-short", Name: "journey/queue-is-short", DisplayName: "The whole journey: Queue is short", Target: 950_000_000,
			Slice:     slo.Slice{Length: 10 * time.Minute},
			Indicator: slo.Indicator{Kind: slo.Thresholds, Query: "queue_length", Op: slo.AtMost, Value: 1000}},
		{Key: "shop/journey/search-answers", Name: "journey/search-answers", DisplayName: "The whole journey: Search answers", Target: 900_000_000,
			Slice:     slo.Slice{Length: day},
			Indicator: slo.Indicator{Kind: slo.Ratios, Query: "search_failure_ratio", Failure: true}},
	}
	for _, o := range want {
		o.Service, o.Window = "shop", window
		if o.Method == "" {
			o.Method, o.OutOfGate = slo.RatioTimeslices, true // the gate looks at the whole
		}
	}
	if diff := cmp.Diff(want, got, withoutPlace); diff != "" {
		t.Errorf("objectives (-want +got):\n%s", diff)
	}
}

// A period is that of the wall clock of its zone, across changes of the clock.
func TestCalendarFollowsItsZone(t *testing.T) {
	t.Parallel()
	got, err := openslo.Load(config, "testdata/valid/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	berlin := zone(t, "Europe/Berlin")
	start, end := got[0].Window.Calendar.Period(time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC))
	if want := time.Date(2026, 3, 1, 6, 0, 0, 0, berlin); !start.Equal(want) {
		t.Errorf("begins %s, want %s", start, want)
	}
	if want := time.Date(2026, 4, 1, 6, 0, 0, 0, berlin); !end.Equal(want) || end.Sub(start) != 31*day-time.Hour {
		t.Errorf("ends %s after %s, want %s", end, end.Sub(start), want)
	}
}

// Sources that only the configuration knows need no document, and one that nobody knows cannot be asked.
func TestSourcesOfTheConfiguration(t *testing.T) {
	t.Parallel()
	const text = `apiVersion: openslo/v1
kind: SLO
metadata: {name: a}
spec:
  service: s
  indicator:
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {metricSourceRef: prod, spec: {query: good_total}}}
        total: {metricSource: {metricSourceRef: prod, spec: {query: all_total}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
`
	const document = "---\napiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: prod}\nspec: {type: Prometheus}\n"
	for _, tc := range []struct {
		name, text string
		sources    []string
		severity   openslo.Severity
	}{
		{"known to both", text + document, []string{"prod"}, ""},
		{"known to the configuration", text, []string{"prod"}, ""},
		{"not checked", text + document, nil, ""},
		{"without an address", text + document, []string{"test"}, openslo.Unsupported},
		{"known to nobody", text, nil, openslo.Error},
		{"known, but not as what it is", strings.ReplaceAll(text, "metricSourceRef: prod", "metricSourceRef: prod, type: Datadog"), []string{"prod"}, openslo.Unsupported},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := config
			c.Sources = tc.sources
			d, err := openslo.Read(c, openslo.File{Name: "a.yaml", Data: []byte(tc.text)})
			switch problems, _ := err.(openslo.Problems); {
			case err == nil && (tc.severity != "" || d.Objectives[0].Indicator.Source != "prod"):
				t.Errorf("read as %+v", d.Objectives[0])
			case err != nil && (tc.severity == "" || problems[0].Severity != tc.severity):
				t.Error(err)
			}
		})
	}
}

// What the collector cannot count is said where it stands; groups come from the queries.
func TestQueriesAreThoseOfTheCollector(t *testing.T) {
	t.Parallel()
	const text = `apiVersion: openslo/v1
kind: SLO
metadata: {name: a}
spec:
  service: s
  indicator:
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: 'GOOD'}}}
        total: {metricSource: {type: Prometheus, spec: {query: 'TOTAL'}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
`
	for _, tc := range []struct {
		name, good, total string
		groups            []string
		place, says       string
	}{
		{"one sum", "sum(good_total)", "sum(all_total)", nil, "", ""},
		{"sums by labels in any order", "sum by (b, a) (good_total)", "sum by (a, b) (all_total)", []string{"a", "b"}, "", ""},
		{"sums by other labels", "sum by (a) (good_total)", "sum by (b) (all_total)", nil, "spec.indicator.spec.ratioMetric", "divided by"},
		{"a division", "sum(good_total)", "a / b", nil, "spec.indicator.spec.ratioMetric.total.metricSource.spec.query", "not supported"},
		{"no PromQL", "sum(", "b", nil, "spec.indicator.spec.ratioMetric.good.metricSource.spec.query", "not PromQL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := openslo.Config{CheckIndicator: collectors.CheckIndicator, Grouping: collectors.Grouping}
			data := strings.NewReplacer("GOOD", tc.good, "TOTAL", tc.total).Replace(text)
			objs, err := openslo.Parse(c, openslo.File{Name: "a.yaml", Data: []byte(data)})
			if tc.place == "" {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.groups, objs[0].Indicator.GroupBy); diff != "" {
					t.Errorf("groups (-want +got):\n%s", diff)
				}
				if divided := objs[0].MaxChildren == 100; divided != (tc.groups != nil) {
					t.Errorf("at most %d children", objs[0].MaxChildren)
				}
				return
			}
			problems, _ := err.(openslo.Problems)
			if len(problems) != 1 || problems[0].Path != tc.place || problems[0].Severity != openslo.Unsupported || !strings.Contains(problems[0].Message, tc.says) {
				t.Errorf("got %v, want %s: …%s…", err, tc.place, tc.says)
			}
		})
	}
}

// What stands behind an alias or a merge key is read as if it were written out.
func TestAliasesAndMergeKeys(t *testing.T) {
	t.Parallel()
	got, err := openslo.Load(config, "testdata/valid/merged.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := slo.Objective{Service: "shop", Window: slo.Window{Length: 28 * day}, Method: slo.Occurrences,
		Indicator: slo.Indicator{Good: "pages_good", Total: "pages_all"}}
	most, all := want, want
	most.Key, most.Name, most.DisplayName, most.Target = "shop/opens/most", "opens/most", "opens: Most", 990_000_000
	all.Key, all.Name, all.DisplayName, all.Target = "shop/opens/nearly-all", "opens/nearly-all", "opens: Nearly all", 999_000_000
	if diff := cmp.Diff([]*slo.Objective{&most, &all}, got, withoutPlace); diff != "" {
		t.Errorf("objectives (-want +got):\n%s", diff)
	}
}
