package oracle_test

import (
	"fmt"
	"math"
	"math/big"
	"time"

	"plimsoll/slo"
)

// future is a window that is looked at from later on: what leaves it is known, and what enters it goes on as in the last hour. Counts
// are in fractions of an event, 1/scale each.
type future struct {
	now    slo.Minute
	begin  slo.Minute                  // the first minute that is known
	past   []slo.Counts                // sums of the events of the minutes before begin+i
	rate   slo.Counts                  // in each minute, or at the last minute of each slice
	slice  slo.Minute                  // 1 if events are counted
	first  func(slo.Minute) slo.Minute // the first minute of the window that ends with one
	target slo.Ratio
	effect func(slo.Minute) slo.Effect // of the corrections that hold

	enters, good []slo.Counts // sums of what enters in the minutes up to now+i, as it is now and if all of it is good
}

// future returns how the window of an objective goes on.
func (c court) future(o *slo.Objective, v verdict) *future {
	f := &future{now: v.to, begin: v.from + 1, slice: 1, target: o.Target, first: firsts(o.Window), effect: v.effect,
		enters: make([]slo.Counts, 1), good: make([]slo.Counts, 1)}
	basis := slo.Minute(60)
	if o.Method != slo.Occurrences {
		f.slice = slo.Minute(o.Slice.Length / time.Minute)
		basis = max(basis, f.slice)
	}
	r := v.read(c, v.to-basis, v.to)
	scale := int64(1)
	switch {
	case o.Method == slo.Timeslices:
		f.rate, scale = r.Counts, max(1, r.Total)
	case o.Method == slo.RatioTimeslices:
		f.rate, scale = r.Counts, max(1, r.Total/slo.RatioWeight)
	case r.Observed > 0:
		f.rate, scale = r.Counts, r.Observed
	}
	f.past = make([]slo.Counts, 1, f.now-f.begin+2)
	for m := f.begin; m <= f.now; m++ {
		n := slo.Counts{}
		if i := int(m - c.origin); i >= 0 && i < c.length {
			n = v.judged.counts[i]
		}
		f.past = append(f.past, f.past[len(f.past)-1].Add(slo.Counts{Good: n.Good * scale, Total: n.Total * scale}))
	}
	return f
}

// firsts returns the first minute of the window that ends with a minute, for minutes that go on.
func firsts(w slo.Window) func(slo.Minute) slo.Minute {
	if w.Calendar == nil {
		return func(m slo.Minute) slo.Minute { return m - slo.Minute(w.Length/time.Minute) + 1 }
	}
	var begin, next slo.Minute
	return func(m slo.Minute) slo.Minute {
		if m < begin || m >= next {
			begin, next = bounds(w.Calendar, m.Time())
		}
		return begin
	}
}

// at returns what the window holds at the end of a minute to come.
func (f *future) at(m slo.Minute, withErrors bool) slo.Counts {
	sums := &f.enters
	if !withErrors {
		sums = &f.good
	}
	for next := f.now + slo.Minute(len(*sums)); next <= m; next++ {
		n := f.entering(next)
		if !withErrors {
			n.Good = n.Total
		}
		*sums = append(*sums, (*sums)[len(*sums)-1].Add(n))
	}
	first := f.first(m)
	n := (*sums)[m-f.now].Sub((*sums)[max(0, first-1-f.now)])
	if first <= f.now {
		n = n.Add(f.past[len(f.past)-1].Sub(f.past[max(0, first-f.begin)]))
	}
	return n
}

// entering returns what enters in a minute to come. Of what a correction excludes nothing does, and a slice is corrected if all of it is.
func (f *future) entering(m slo.Minute) slo.Counts {
	if (int64(m)+1)%int64(f.slice) != 0 {
		return slo.Counts{}
	}
	n, corrected := slo.Counts{}, true
	for i := m - f.slice + 1; i <= m; i++ {
		switch f.effect(i) {
		case slo.CountGood:
			n = slo.Counts{Good: f.rate.Total, Total: f.rate.Total}
		case "":
			corrected = false
		}
	}
	if corrected {
		return n
	}
	return f.rate
}

// spent returns about what share of the budget is spent then.
func (f *future) spent(n slo.Counts) float64 {
	if n.Total <= 0 {
		return 0
	}
	return float64(n.Total-n.Good) / float64(n.Total) / (float64(slo.One-f.target) / float64(slo.One))
}

// forecast returns the first minute of those to come at which a budget is spent, or no longer is.
func forecast(o *slo.Objective, parts []part, futures []*future, now slo.Minute, spent, withErrors bool) *slo.Minute {
	last := now + slo.Minute(o.Window.Length/time.Minute)
	if o.Window.Calendar != nil {
		_, last = bounds(o.Window.Calendar, now.Time())
		if spent {
			last--
		}
	}
	weights, sum := make([]float64, len(parts)), 0.0
	for i, p := range parts {
		weights[i], _ = p.weight.Float64()
		sum += weights[i]
	}
	windows := make([]slo.Counts, len(parts))
	for m := now + 1; m <= last; m++ {
		share := 0.0
		for i, f := range futures {
			windows[i] = f.at(m, withErrors)
			share += weights[i] / sum * f.spent(windows[i])
		}
		is := share >= 1
		if math.Abs(share-1) < 1e-6 {
			is = exactlySpent(parts, futures, windows)
		}
		if is == spent {
			return &m
		}
	}
	return nil
}

// exactlySpent reports whether with these windows all of the budget is spent.
func exactlySpent(parts []part, futures []*future, windows []slo.Counts) bool {
	if len(parts) == 1 {
		bad, total := big.NewInt(windows[0].Total-windows[0].Good), big.NewInt(windows[0].Total)
		return bad.Mul(bad, big.NewInt(int64(slo.One))).Cmp(total.Mul(total, big.NewInt(int64(slo.One-futures[0].target)))) >= 0
	}
	i := -1
	return compose(parts, func(part) *big.Rat {
		i++
		return spentOf(futures[i].target, windows[i])
	}).Cmp(big.NewRat(1, 1)) >= 0
}

// whoIgnoresGaps is a use for which no objective says what gaps mean.
const whoIgnoresGaps slo.Use = ""

// compareForecast holds when the budget will be spent, or come back, against a window that is looked at minute by minute.
func (h *history) compareForecast(c court, s slo.Status, parts []part) error {
	got, ok := h.ledger.Forecast(s.Objective.Key, h.clock(), whoIgnoresGaps)
	if !ok {
		return fmt.Errorf("there is no forecast")
	}
	if h.fault.forecast != nil {
		h.fault.forecast(&got)
	}
	var futures []*future
	for _, p := range parts {
		futures = append(futures, c.future(p.objective, p.verdict))
	}
	o := s.Objective
	want := map[string]*slo.Minute{}
	if compose(parts, func(p part) *big.Rat { return p.spent }).Cmp(big.NewRat(1, 1)) < 0 {
		want["spent"] = forecast(o, parts, futures, s.To, true, true)
	} else {
		want["back"] = forecast(o, parts, futures, s.To, false, false)
		want["back at the present rate"] = forecast(o, parts, futures, s.To, false, true)
	}
	for what, at := range map[string]*time.Time{"spent": got.ExhaustedAt, "back": got.RecoversAt, "back at the present rate": got.RecoversAtPresentRate} {
		switch w := want[what]; {
		case w == nil && at == nil:
		case w == nil || at == nil || !w.Time().Equal(*at):
			return fmt.Errorf("the budget is %s at %v, want %v", what, at, w)
		case what == "spent":
			h.saw(sawExhausts)
		default:
			h.saw(sawRecovers)
		}
	}
	return nil
}
