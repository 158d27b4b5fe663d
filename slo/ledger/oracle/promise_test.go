package oracle_test

import (
	"fmt"
	"math"
	"time"

	"plimsoll/slo"
)

// horizon is how late a sample may be.
const horizon = 2 * time.Hour

// series is one series of a process.
type series struct {
	name, code, route, instance string
}

// weight is what one event adds; of a gauge, what one of its values is.
type weight struct {
	good, total int64
	threshold   float64 // of a gauge
	gauge       bool
}

// of returns what an event adds, if it is the value v of a gauge.
func (w weight) of(v float64) (good, total int64) {
	if w.gauge {
		if v <= w.threshold {
			return 1, 1
		}
		return 0, 1
	}
	return w.good, w.total
}

// promise is an objective as it is drawn, and what it counts as the replay sees it.
type promise struct {
	key       slo.Key
	kind      slo.Kind
	objective *slo.Objective
	weigh     func(series) (weight, bool)
	divided   bool
}

var routes = []string{"/videos", `/a"b`, ""}

// child returns the key of the child that the events of a series belong to, too, or nothing.
func (p promise) child(s series) slo.Key {
	if !p.divided {
		return ""
	}
	return p.key + slo.Key(fmt.Sprintf("{route=%q}", s.route))
}

func (p promise) childKeys() []slo.Key {
	var keys []slo.Key
	for _, route := range routes {
		if p.divided {
			keys = append(keys, p.child(series{route: route}))
		}
	}
	return keys
}

// served counts requests: all of them, those with code 200 as good. The second way of counting takes a 404 for good, too.
func served(second bool) (slo.Indicator, func(series) (weight, bool)) {
	good := `sum(rate(requests_total{code="200"}[5m]))`
	if second {
		good = `sum(requests_total{code=~"200|404"})`
	}
	return slo.Indicator{Good: good, Total: `sum(requests_total)`}, func(s series) (weight, bool) {
		switch {
		case s.name != "requests_total":
			return weight{}, false
		case s.code == "200" || second && s.code == "404":
			return weight{good: 1, total: 1}, true
		default:
			return weight{total: 1}, true
		}
	}
}

// divided counts failures by route.
func divided() (slo.Indicator, func(series) (weight, bool)) {
	ind := slo.Indicator{
		Bad: `sum by (route) (requests_total{code="500"})`, Total: `sum by (route) (requests_total)`, GroupBy: []string{"route"},
	}
	return ind, func(s series) (weight, bool) {
		switch {
		case s.name != "requests_total":
			return weight{}, false
		case s.code == "500":
			return weight{total: 1}, true
		default:
			return weight{good: 1, total: 1}, true
		}
	}
}

// odd counts what no sound objective would: totals that fall, and more good events than there are.
func odd() (slo.Indicator, func(series) (weight, bool)) {
	ind := slo.Indicator{Good: `done_total`, Total: `sum(requests_total{code="200"}) - requests_total{code="500",instance="b"}`}
	return ind, func(s series) (weight, bool) {
		switch {
		case s.name == "done_total":
			return weight{good: 1}, true
		case s.name == "requests_total" && s.code == "200":
			return weight{total: 1}, true
		case s.name == "requests_total" && s.code == "500" && s.instance == "b":
			return weight{total: -1}, true
		}
		return weight{}, false
	}
}

// warm takes every value of a gauge for an event, good up to a threshold.
func warm() (slo.Indicator, func(series) (weight, bool)) {
	const threshold = 0.3
	ind := slo.Indicator{Kind: slo.Thresholds, Query: `temperature`, Op: slo.AtMost, Value: threshold}
	return ind, func(s series) (weight, bool) {
		return weight{gauge: true, threshold: threshold}, s.name == "temperature"
	}
}

// drawObjectives returns the objectives of a history as they are defined next. What is counted stays with the key, but for the first.
func (h *history) drawObjectives() []promise {
	type way struct {
		key   slo.Key
		count func() (slo.Indicator, func(series) (weight, bool))
	}
	ways := []way{
		{"shop/served", func() (slo.Indicator, func(series) (weight, bool)) { return served(h.one(4)) }},
		{"shop/again", func() (slo.Indicator, func(series) (weight, bool)) { return served(false) }},
		{"shop/divided", divided},
		{"shop/odd", odd},
		{"oven/warm", warm},
	}
	var promises []promise
	for _, w := range ways {
		if len(promises) > 0 && h.one(4) {
			continue // left out
		}
		ind, weigh := w.count()
		o := &slo.Objective{
			Key: w.key, Service: w.key.Service(), Name: string(w.key[5:]), DisplayName: "Promise", Indicator: ind,
			Target: slo.Ratio(pick(h.rng, 0, 500, 900, 999) * 1_000_000), Window: h.drawWindow(), MaxChildren: 1,
		}
		if h.roomForChildren {
			o.MaxChildren = len(routes)
		}
		o.Method, o.Slice = h.drawMethod()
		if h.one(8) {
			o.EffectiveFrom = time.UnixMilli(h.now + h.rng.Int64N(5*hour) - hour).UTC()
		}
		promises = append(promises, promise{w.key, ind.Kind, o, weigh, len(ind.GroupBy) > 0})
	}
	if parts := h.rng.IntN(len(promises) + 1); parts > 0 {
		o := &slo.Objective{
			Key: "shop/all", Service: "shop", Name: "all", DisplayName: "Composite", Method: slo.Composite,
			Target: slo.Ratio(pick(h.rng, 500, 999) * 1_000_000), Window: h.drawWindow(),
		}
		for _, p := range promises[:parts] {
			o.Components = append(o.Components, slo.Component{Key: p.key, Weight: slo.Ratio(1 + h.rng.Int64N(3e9))})
		}
		promises = append(promises, promise{o.Key, slo.Counters, o, func(series) (weight, bool) { return weight{}, false }, false})
	}
	return promises
}

func (h *history) drawMethod() (slo.Method, slo.Slice) {
	length := time.Duration(pick(h.rng, 1, 2, 5, 7, 60, 90, 180)) * time.Minute
	switch h.rng.IntN(4) {
	case 0:
		return slo.Timeslices, slo.Slice{Length: length, Target: slo.Ratio(pick(h.rng, 500, 900, 999, 1000) * 1_000_000)}
	case 1:
		return slo.RatioTimeslices, slo.Slice{Length: length}
	default:
		return slo.Occurrences, slo.Slice{}
	}
}

func (h *history) drawWindow() slo.Window {
	if !h.one(3) {
		return slo.Window{Length: time.Duration(1+h.rng.IntN(pick(h.rng, 30, 300, 3000))) * time.Minute}
	}
	zone := pick(h.rng, zones...)
	c := &slo.Calendar{Start: time.Date(2026, 1, 1, 0, 0, 0, 0, zone), Unit: pick(h.rng, slo.Hour, slo.Day, slo.Week, slo.Month), Count: 1 + h.rng.IntN(2)}
	return slo.Window{Length: c.Nominal(), Calendar: c}
}

var zones = []*time.Location{time.UTC, mustZone("Europe/Berlin"), mustZone("Asia/Kathmandu")}

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// nan is what a gauge without a value exposes.
var nan = math.NaN()
