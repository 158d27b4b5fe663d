package openslo_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/alerts"
	"plimsoll/slo"
	"plimsoll/slo/openslo"
)

// tiered is an objective of 30 days with an annotation about its tiers, and one on its service.
func tiered(target, onService, onSLO string) openslo.File {
	return openslo.File{Name: "a.yaml", Data: []byte(fmt.Sprintf(`apiVersion: openslo/v1
kind: Service
metadata: {name: shop, annotations: {plimsoll.dev/alerts: %q}}
spec: {}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout, annotations: {plimsoll.dev/alerts: %q}}
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindow: [{duration: 30d, isRolling: true}]
  indicator:
    metadata: {name: ok}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: ok_total}}}
        total: {metricSource: {type: Prometheus, spec: {query: all_total}}}
  objectives: [{target: %s}]
`, onService, onSLO, target))}
}

func TestTiersOfAnObjective(t *testing.T) {
	t.Parallel()
	shipped := alerts.Tiers()
	changed := func(i int, change func(*alerts.Tier)) alerts.Tier {
		tier := shipped[i]
		change(&tier)
		return tier
	}
	factor := changed(0, func(t *alerts.Tier) { t.Share, t.Rate, t.For = 0, 10_500_000_000, 5*time.Minute })
	own := alerts.Tier{Name: "own", Severity: alerts.Page, Keep: 10 * time.Minute, Pace: slo.Pace{Share: 25_000_000, Lookback: 45 * time.Minute, Short: 5 * time.Minute}}
	for _, tc := range []struct {
		name, target, service, slo string
		want                       []alerts.Tier
	}{
		{"named", "0.999", "", "page-slow, ticket-fast", shipped[1:3]},
		{"none", "0.999", "page-fast", "none", []alerts.Tier{}},
		{"changed", "0.999", "", "page-fast{factor=10.5, for=5m}, page-slow", []alerts.Tier{factor, shipped[1]}},
		{"all but for one", "0.999", "", "all, page-fast { factor = 10.5 , for = 5m }", append(append([]alerts.Tier{}, shipped[1:]...), factor)},
		{"all that it can reach", "0.9", "", "all", shipped[1:]},
		{"its own", "0.999", "", "own{severity=page, share=2.5%, lookback=45m, short=5m, keep=10m}", []alerts.Tier{own}},
		{"those of the service", "0.999", "ticket-slow{severity=page}", "", []alerts.Tier{changed(3, func(t *alerts.Tier) { t.Severity = alerts.Page })}},
		{"not those of the service", "0.999", "ticket-slow{severity=page}", "ticket-slow", shipped[3:]},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file := tiered(tc.target, tc.service, tc.slo)
			for _, empty := range []string{` annotations: {plimsoll.dev/alerts: ""}`, `, annotations: {plimsoll.dev/alerts: ""}`} {
				file.Data = []byte(strings.ReplaceAll(string(file.Data), empty, ""))
			}
			got, err := openslo.Parse(config, file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got[0].AlertTiers); diff != "" {
				t.Error(diff)
			}
			for _, tier := range got[0].AlertTiers { // each status has what its tiers look at
				if over := got[0].Lookbacks(); !slices.Contains(over, tier.Lookback) || !slices.Contains(over, tier.Short) {
					t.Errorf("the statuses have burn rates over %s only", over)
				}
			}
		})
	}
}

func TestInvalidTiers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, target, text, says string }{
		{"unknown", "0.999", "page-fats{for=1m}", "the tier page-fats lacks severity, share or factor, lookback, short"},
		{"unknown setting", "0.999", "page-fast{fro=1m}", `found "fro" (did you mean "for"?); allowed: severity, share, factor, lookback, short, for, keep`},
		{"no value", "0.999", "page-fast{for}", `found "for" in the braces of page-fast; allowed: severity=…, share=…`},
		{"open brace", "0.999", "page-fast{for=1m", "allowed: settings in one pair of braces, such as page-fast{factor=10, for=5m}"},
		{"twice", "0.999", "page-fast, page-fast{for=1m}", "page-fast stands twice"},
		{"setting twice", "0.999", "page-fast{for=1m, for=2m}", "for of page-fast stands twice"},
		{"factor that is never reached", "0.9", "page-slow{factor=10}", "alerts asks for page-slow of shop/checkout, which can never fire: it begins at a burn rate of 10"},
		{"share that is never reached", "0.999", "page-fast{share=100%, lookback=30m}", "alerts asks for page-fast of shop/checkout, which can never fire"},
		{"lookback beyond the window", "0.999", "ticket-slow{lookback=31d}", "found a lookback of 31d for ticket-slow; allowed: up to the window of shop/checkout, which is 30d"},
		{"name of others", "0.999", "data-stale{severity=page, share=1%, lookback=1h, short=5m}", "names that begin with policy- and data- are those of other alerts"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file := tiered(tc.target, "all", tc.text)
			_, err := openslo.Parse(config, file)
			var problems openslo.Problems
			if !errors.As(err, &problems) || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), "a.yaml:") {
				t.Errorf("got %v, want %q", err, tc.says)
			}
			if n := len(problems.Of(openslo.Error)); n != 1 {
				t.Errorf("%d errors, want 1: %v", n, err)
			}
		})
	}
}

// The tiers of a file hold where nothing is said, are what the names mean, and only warn where they cannot fire.
func TestTiersOfTheConfiguration(t *testing.T) {
	t.Parallel()
	fast := alerts.Tiers()[0]
	fast.For = time.Minute
	c := config
	c.Tiers = []alerts.Tier{fast}
	named, err := openslo.Parse(c, tiered("0.999", "none", "page-fast"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Tiers, named[0].AlertTiers); diff != "" {
		t.Error(diff)
	}
	file := tiered("0.9", "x", "y")
	file.Data = []byte(strings.NewReplacer(`, annotations: {plimsoll.dev/alerts: "x"}`, "", `, annotations: {plimsoll.dev/alerts: "y"}`, "").Replace(string(file.Data)))
	d, err := openslo.Read(c, file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Tiers, d.Objectives[0].AlertTiers); diff != "" || !strings.Contains(d.Warnings.Error(), "page-fast of shop/checkout can never fire") {
		t.Errorf("%s, warnings %v", diff, d.Warnings)
	}
	if _, err := openslo.Parse(c, tiered("0.999", "none", "page-slow")); err == nil || !strings.Contains(err.Error(), `found "page-slow"`) {
		t.Errorf("a tier that the file does not have: %v", err)
	}
}
