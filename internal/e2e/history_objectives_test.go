package e2e

import (
	"fmt"
	"math/rand/v2"
	"time"
)

var berlin = mustZone("Europe/Berlin")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// promised is an objective as it is defined now.
type promised struct {
	name          string
	permille      int64
	window        time.Duration
	daily         bool // its window is the day in Berlin
	method        string
	slice         time.Duration
	slicePermille int64
	divided       bool
}

// drawPromises returns the objectives as they are defined next.
func drawPromises(rng *rand.Rand) []promised {
	window := func() time.Duration { return time.Duration(20+rng.IntN(120)) * time.Minute }
	target := func() int64 { return []int64{500, 900, 990, 999}[rng.IntN(4)] }
	return []promised{
		{name: "served", permille: target(), window: window(), method: "Occurrences"},
		{name: "daily", permille: target(), window: 24 * time.Hour, daily: true, method: "Occurrences"},
		{name: "slices", permille: target(), window: window(), method: "Timeslices", slice: 5 * time.Minute, slicePermille: []int64{500, 700, 1000}[rng.IntN(3)]},
		{name: "ratios", permille: target(), window: window(), method: "RatioTimeslices", slice: 7 * time.Minute},
		{name: "routes", permille: target(), window: window(), method: "Occurrences", divided: true},
		{name: "sliced-routes", permille: target(), window: window(), method: "Timeslices", slice: 4 * time.Minute, slicePermille: 600, divided: true},
	}
}

// yaml writes an objective.
func (p promised) yaml() string {
	window := fmt.Sprintf("{duration: %dm, isRolling: true}", int(p.window/time.Minute))
	if p.daily {
		window = `{duration: 1d, isRolling: false, calendar: {startTime: "2026-01-01 00:00:00", timeZone: Europe/Berlin}}`
	}
	by, slices := "", ""
	if p.divided {
		by = "by (route) "
	}
	if p.slice > 0 {
		slices = fmt.Sprintf(", timeSliceWindow: %dm", int(p.slice/time.Minute))
	}
	if p.method == "Timeslices" {
		slices += fmt.Sprintf(", timeSliceTarget: %g", float64(p.slicePermille)/1000)
	}
	return fmt.Sprintf(`---
apiVersion: openslo/v1
kind: SLO
metadata: {name: %s}
spec:
  service: shop
  budgetingMethod: %s
  timeWindow: [%s]
  indicator:
    metadata: {name: %s}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: 'sum %s(requests_total{code="200"})'}}}
        total: {metricSource: {type: Prometheus, spec: {query: 'sum %s(requests_total)'}}}
  objectives: [{target: %g%s}]
`, p.name, p.method, window, p.name, by, by, float64(p.permille)/1000, slices)
}
