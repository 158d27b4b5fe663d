package oracle_test

import (
	"time"

	"plimsoll/slo"
)

// drawObjectives returns the objectives of a history as they are defined next. What is counted stays with the key, but for some.
func (h *history) drawObjectives() []promise {
	ways := []struct {
		key   slo.Key
		count func() promise
	}{
		{"shop/served", func() promise { return served(h.one(4)) }},
		{"shop/again", func() promise { return served(false) }},
		{"shop/divided", func() promise { return divided(h.drawLabels(), h.one(4)) }},
		{"shop/odd", odd},
		{"shop/sold", func() promise { return sold(h.one(5)) }},
		{"oven/warm", func() promise {
			return warm(pick(h.rng, slo.AtMost, slo.AtMost, slo.AtLeast, slo.LessThan, slo.MoreThan))
		}},
		{"oven/share", func() promise { return shared(h.one(3)) }},
	}
	var promises []promise
	for _, w := range ways {
		if len(promises) > 0 && h.one(3) {
			h.saw(sawLeftOut)
			continue
		}
		p := w.count()
		p.key = w.key
		o := p.objective
		o.Key, o.Service, o.Name, o.DisplayName = w.key, w.key.Service(), string(w.key[5:]), "Promise"
		o.Target, o.Window = slo.Ratio(pick(h.rng, 0, 500, 900, 999)*1_000_000), h.drawWindow()
		o.MaxChildren, o.NoData = h.maxChildren, h.drawNoData()
		o.Method, o.Slice = h.drawMethod()
		if h.one(8) {
			o.EffectiveFrom = time.UnixMilli(h.now + h.rng.Int64N(5*hour) - hour).UTC()
		}
		promises = append(promises, p)
	}
	if parts := h.rng.IntN(len(promises) + 1); parts > 0 {
		o := &slo.Objective{
			Key: "shop/all", Service: "shop", Name: "all", DisplayName: "Composite", Method: slo.Composite,
			Target: slo.Ratio(pick(h.rng, 500, 999) * 1_000_000), Window: h.drawWindow(), NoData: h.drawNoData(),
		}
		for _, p := range promises[:parts] {
			o.Components = append(o.Components, slo.Component{Key: p.key, Weight: slo.Ratio(1 + h.rng.Int64N(3e9))})
		}
		promises = append(promises, promise{key: o.Key, objective: o})
	}
	return promises
}

// drawLabels returns by what an objective is divided: mostly what it was divided by before.
func (h *history) drawLabels() []string {
	if h.labels == nil || h.one(4) {
		if h.labels != nil {
			h.saw(sawRegrouped)
		}
		h.labels = pick(h.rng, []string{"route"}, []string{"route"}, []string{"code"}, []string{"code", "route"})
	}
	return h.labels
}

func (h *history) drawNoData() slo.NoData {
	gap := func() slo.Gap { return pick(h.rng, "", slo.GapIgnored, slo.GapGood, slo.GapBad, slo.GapHold) }
	return slo.NoData{Gate: gap(), Alert: gap(), Report: gap()}
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
