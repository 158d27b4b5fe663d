package oracle_test

import (
	"math"
	"slices"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// faults are what Plimsoll could do wrong, one thing each.
var faults = map[string]fault{
	"samples are a minute late":                               change(func(_ *history, s *raw) { s.t += minute }),
	"start timestamps are ignored":                            change(func(_ *history, s *raw) { s.st = 0 }),
	"fractions of events are lost":                            change(func(_ *history, s *raw) { s.v = math.Floor(s.v*2) / 2 }),
	"no value is taken for 0":                                 change(func(_ *history, s *raw) { s.v = max(s.v, 0); s.v = zeroIfNaN(s.v) }),
	"a failed scrape is taken for good":                       change(func(_ *history, s *raw) { s.v = math.Abs(s.v); s.v = oneIfUp(s) }),
	"what is too late is counted":                             change(func(h *history, s *raw) { s.t = max(s.t, h.now-horizon.Milliseconds()) }),
	"what is ahead of the clock is moved":                     change(func(h *history, s *raw) { s.t = min(s.t, h.now+10*minute) }),
	"late samples are lost":                                   omit(func(h *history, s raw) bool { return s.t < h.now-minute }),
	"failed scrapes are not heard":                            omit(func(_ *history, s raw) bool { return s.series.name == up && s.v == 0 }),
	"counters at 0 are lost":                                  omit(func(_ *history, s raw) bool { return s.v == 0 && s.series.name != up }),
	"a counter that begins anew is counted from where it was": {sample: noReset},
	"a repeated increase counts again": {sample: func(_ *history, tx transaction, s *raw) bool {
		if tx.again && tx.delta {
			s.t++
		}
		return true
	}},
	"what is rolled back is committed": {commits: true},

	"a window is a minute short":                 {define: func(o *slo.Objective) { o.Window.Length = max(time.Minute, o.Window.Length-time.Minute) }},
	"the clock of a calendar never changes":      {define: fixZone},
	"a slice is a minute longer":                 {define: func(o *slo.Objective) { o.Slice.Length += time.Duration(min(1, o.Slice.Length)) * time.Minute }},
	"a slice needs a thousandth more":            {define: func(o *slo.Objective) { o.Slice.Target = min(slo.One, o.Slice.Target*1001/1000) }},
	"a threshold itself does not hold":           {define: func(o *slo.Objective) { o.Indicator.Op = map[slo.Op]slo.Op{slo.AtMost: slo.LessThan}[o.Indicator.Op] }},
	"a share of bad events is taken for good":    {define: func(o *slo.Objective) { o.Indicator.Failure = false }},
	"amounts are counted as counters":            {define: amountsAsCounters},
	"a child too many is taken":                  {define: func(o *slo.Objective) { o.MaxChildren++ }},
	"a child too few is taken":                   {define: func(o *slo.Objective) { o.MaxChildren = max(1, o.MaxChildren-1) }},
	"the parts of a composite weigh the same":    {define: func(o *slo.Objective) { o.Components = evenly(o.Components) }},
	"what takes effect later does at once":       {define: func(o *slo.Objective) { o.EffectiveFrom = time.Time{} }},
	"gaps mean to the gate what they do reports": {define: func(o *slo.Objective) { o.NoData.Gate = o.NoData.Report }},

	"a correction is a minute long":      corrected(func(c *slo.Correction) { c.To = c.From.Add(time.Minute) }),
	"a correction is taken back":         corrected(func(c *slo.Correction) { c.Undone = c.To }),
	"a correction stays that is not":     corrected(func(c *slo.Correction) { c.Undone = time.Time{} }),
	"what is excluded is taken for good": corrected(func(c *slo.Correction) { c.Effect = slo.CountGood }),
	"a correction of one is one of all":  corrected(func(c *slo.Correction) { c.Objective, c.Service = "", "" }),
	"a correction is applied twice":      {correct: func(cs []slo.Correction) []slo.Correction { return append(cs, cs...) }},
	"cursors are not saved":              {store: func(c *ledger.Checkpoint) { c.Cursors = nil }},
	"a block is not saved":               saved(func(o *ledger.ObjectiveState) { o.Blocks = o.Blocks[min(1, len(o.Blocks)):] }),
	"what came too late is not saved":    saved(func(o *ledger.ObjectiveState) { o.Drops = nil }),
	"versions are not saved":             saved(func(o *ledger.ObjectiveState) { o.Versions = nil }),
	"revisions are not saved":            saved(func(o *ledger.ObjectiveState) { o.Revision = 0 }),
	"a follower misses checkpoints":      {misses: true},

	"history is counted as if it were live":  {filled: true, live: true},
	"how far history is filled is not saved": {filled: true, store: func(c *ledger.Checkpoint) { c.Cursors = nil }},
	"history lacks its first scrape":         {filled: true, sample: func(h *history, tx transaction, s *raw) bool { return !tx.past || s.t > start.UnixMilli()+10_000 }},
	"a counter begins anew only in history":  {filled: true, sample: func(h *history, tx transaction, s *raw) bool { return tx.past || noReset(h, tx, s) }},

	"a revision is not counted":             {status: func(s *slo.Status) { s.Revision -= min(1, s.Revision) }},
	"what came too late is not told":        {status: func(s *slo.Status) { s.Dropped = 0 }},
	"a minute too many is observed":         {status: func(s *slo.Status) { s.Window.Observed++ }},
	"an event too many is good":             {status: func(s *slo.Status) { s.Window.Good++ }},
	"a lookback ends where the window does": {status: func(s *slo.Status) { s.Burn = shorten(s.Burn, s.Window) }},
	"what was measured is shown corrected":  {status: func(s *slo.Status) { s.Raw = s.Window }},
	"the newest sample is not the newest":   {status: func(s *slo.Status) { s.LastSample = s.LastSample.Truncate(time.Minute) }},
	"a millionth of the budget is missing":  {status: func(s *slo.Status) { s.Budget.Remaining -= 1e-6 }},
	"a spent budget is not said to be":      {status: func(s *slo.Status) { s.Budget.Spent = false }},
	"the present version is the first":      {status: func(s *slo.Status) { s.Version = 1 }},
	"a gap minute too many":                 {gaps: func(s *slo.Status) { s.Gaps.Minutes += min(1, s.Gaps.Minutes) }},
	"bad events of gaps are rounded down":   {gaps: func(s *slo.Status) { s.Window.Total -= min(1, s.Gaps.Added.Bad()) }},
	"nobody waits for data":                 {gaps: func(s *slo.Status) { s.Gaps.Hold = "" }},
	"a budget is spent a minute later":      {forecast: func(f *slo.Forecast) { f.ExhaustedAt = later(f.ExhaustedAt) }},
	"a budget is back a minute later":       {forecast: func(f *slo.Forecast) { f.RecoversAt = later(f.RecoversAt) }},
	"a budget is back whatever the rate is": {forecast: func(f *slo.Forecast) { f.RecoversAtPresentRate = f.RecoversAt }},
}

// change plants a change of every sample.
func change(f func(h *history, s *raw)) fault {
	return fault{sample: func(h *history, _ transaction, s *raw) bool { f(h, s); return true }}
}

// omit plants that some samples are lost.
func omit(f func(h *history, s raw) bool) fault {
	return fault{sample: func(h *history, _ transaction, s *raw) bool { return !f(h, *s) }}
}

func corrected(f func(c *slo.Correction)) fault {
	return fault{correct: func(cs []slo.Correction) []slo.Correction {
		for i := range cs {
			f(&cs[i])
		}
		return cs
	}}
}

func saved(f func(o *ledger.ObjectiveState)) fault {
	return fault{store: func(c *ledger.Checkpoint) {
		for i := range c.Objectives {
			f(&c.Objectives[i])
		}
	}}
}

// noReset lets a counter go on where it was before it began anew.
func noReset(h *history, tx transaction, s *raw) bool {
	if tx.delta || s.v < 0 || s.series.name == up {
		return true
	}
	was := h.planted[s.series]
	if s.v < was.last {
		was.offset += was.last
	}
	was.last = s.v
	h.planted[s.series] = was
	s.v, s.st = s.v+was.offset, 0
	return true
}

// planted is what a fault remembers of a series.
type planted struct{ last, offset float64 }

func zeroIfNaN(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

func oneIfUp(s *raw) float64 {
	if s.series.name == up {
		return 1
	}
	return s.v
}

// fixZone takes Berlin for a place where the clock never changes.
func fixZone(o *slo.Objective) {
	if c := o.Window.Calendar; c != nil && c.Start.Location().String() == "Europe/Berlin" {
		fixed := *c
		fixed.Start = c.Start.In(mustZone("Etc/GMT-1"))
		o.Window.Calendar = &fixed
	}
}

func amountsAsCounters(o *slo.Objective) {
	if o.Indicator.Kind == slo.Amounts {
		o.Indicator.Kind = slo.Counters
	}
}

func evenly(components []slo.Component) []slo.Component {
	components = slices.Clone(components)
	for i := range components {
		components[i].Weight = slo.One
	}
	return components
}

func shorten(burn []slo.Burn, window slo.Reading) []slo.Burn {
	burn = slices.Clone(burn)
	for i := range burn {
		if burn[i].Minutes > window.Minutes {
			burn[i].Counts = window.Counts
		}
	}
	return burn
}

func later(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	next := at.Add(time.Minute)
	return &next
}
