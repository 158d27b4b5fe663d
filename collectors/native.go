package collectors

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"plimsoll/slo/ledger"
)

const (
	bucketSuffix = "_bucket"
	countSuffix  = "_count"
)

// native is a native histogram. It is counted as the series of a classic one that objectives ask for: those of its count and of its
// buckets, whose values are interpolated.
type native struct {
	parts []*part // the tally first, which is the count
	whole *whole
}

// part is how a series is made from a native histogram.
type part struct {
	series *series
	bound  float64 // +Inf for the count
	tally  bool    // it is the one part that tells what became of the histogram
	whole  *whole
}

// whole is what the parts of a histogram have in common.
type whole struct {
	id           wholeID
	classic      atomic.Bool // there is a classic histogram beside it, which is exact and counts instead
	interpolated atomic.Bool
	custom       atomic.Pointer[[]float64] // the bounds of a histogram that lacks the one that is asked for

	// What the tally says about its newest sample, at t; 0 if it says nothing, because it had none before. An interpolated bucket cannot
	// tell by itself that the counter began anew: it may fall when the histogram's buckets are merged, and rise when they are emptied and
	// filled again.
	t      int64
	reset  bool
	events int64
}

// wholeID identifies a histogram, native or classic.
type wholeID struct {
	source string
	labels uint64 // hash of those of the native one
}

// unwantedNative reports, with certainty if true, that no objective wants anything of native histograms of this name.
func (m *matcher) unwantedNative(name string) bool {
	return len(m.byName[name+bucketSuffix]) == 0 && len(m.byName[name+countSuffix]) == 0
}

// nativeOf finds or makes the native histogram with these labels. It returns nil if nothing wants it, or if it is refused.
func (c *Collector) nativeOf(source string, ls labels.Labels) (s *series, refused bool) {
	hash := ls.Hash()
	if s = c.find(hash, source, ls, true); s != nil {
		return s, false
	}
	s = &series{labels: ls, source: source, native: &native{whole: c.wholeOf(wholeID{source, hash})}}
	if refused = c.divideNative(s); len(s.native.parts) == 0 {
		return nil, refused
	}
	c.wholes[s.native.whole.id] = s.native.whole
	c.series[hash] = append(c.series[hash], s)
	c.addSlot(s)
	return s, false
}

// wholeOf returns what is known of a histogram, of which there may be no series yet.
func (c *Collector) wholeOf(id wholeID) *whole {
	if w := c.wholes[id]; w != nil {
		return w
	}
	return &whole{id: id}
}

// divideNative finds the parts of a native histogram that objectives want. Its count is always among them.
func (c *Collector) divideNative(s *series) (refused bool) {
	name, m := s.labels.Get(model.MetricNameLabel), c.table.Load().matcher
	b := labels.NewBuilder(s.labels)
	parts := []part{{bound: math.Inf(1), tally: true}}
	names := []labels.Labels{b.Set(model.MetricNameLabel, name+countSuffix).Labels()}
	for _, bound := range m.bounds(name + bucketSuffix) {
		b.Set(model.MetricNameLabel, name+bucketSuffix).Set(model.BucketLabel, labels.FormatOpenMetricsFloat(bound))
		parts, names = append(parts, part{bound: bound}), append(names, b.Labels())
	}
	if !slices.ContainsFunc(names, func(ls labels.Labels) bool { return len(m.wants(s.source, ls)) > 0 }) {
		return false
	}
	for i := range parts {
		p, tooMuch := c.seriesOf(s.source, names[i], parts[i].tally)
		refused = refused || tooMuch
		if p == nil || p.base != 0 {
			continue
		}
		p.part = &parts[i]
		p.part.series, p.part.whole = p, s.native.whole
		s.native.parts = append(s.native.parts, p.part)
	}
	return refused
}

// bounds returns the bucket bounds that objectives ask for of a metric, the highest first.
func (m *matcher) bounds(name string) []float64 {
	var bounds []float64
	for _, r := range m.byName[name] {
		if bound, ok := r.term.bound(); ok {
			bounds = append(bounds, bound)
		}
	}
	slices.SortFunc(bounds, func(a, b float64) int { return -cmp.Compare(a, b) })
	return slices.Compact(bounds)
}

// bound returns the bucket bound that a selector asks for.
func (s *selector) bound() (float64, bool) {
	for _, m := range s.matchers {
		if m.Name == model.BucketLabel && m.Type == labels.MatchEqual {
			v, err := strconv.ParseFloat(m.Value, 64)
			return v, err == nil && !math.IsNaN(v)
		}
	}
	return 0, false
}

// appendNative appends a native histogram as the series that are wanted of it.
func (a *appender) appendNative(s *series, st, t int64, h *histogram.Histogram, fh *histogram.FloatHistogram) {
	if h != nil {
		fh = h.ToFloat(nil)
	}
	if value.IsStaleNaN(fh.Sum) {
		a.stale++
		return
	}
	w := s.native.whole
	if w.classic.Load() {
		return
	}
	if st == 0 && fh.CounterResetHint == histogram.CounterReset {
		st = t + 1 // another incarnation, nobody knows since when
	}
	for _, p := range s.native.parts {
		v, exact := math.NaN(), true // not the value of a counter
		if fh.CounterResetHint != histogram.GaugeType {
			v, exact = countBelow(fh, p.bound)
		}
		if !exact {
			w.interpolated.Store(true)
		}
		if fh.UsesCustomBuckets() && math.IsNaN(v) && w.custom.Load() == nil {
			bounds := slices.Clone(fh.CustomValues)
			w.custom.Store(&bounds)
		}
		a.samples = append(a.samples, sample{p.series, st, t, v})
	}
}

// countBelow returns how many observations of h are at most bound, and whether that is exact. If no bucket ends there it is interpolated in
// the way of Prometheus's histogram_fraction. It is NaN if the histogram has buckets of its own choice and the bound is none of them.
func countBelow(h *histogram.FloatHistogram, bound float64) (below float64, exact bool) {
	custom := h.UsesCustomBuckets()
	switch {
	case math.IsInf(bound, 1):
		return h.Count, true
	case custom && !slices.Contains(h.CustomValues, bound):
		return math.NaN(), true
	}
	for it := h.AllBucketIterator(); it.Next(); {
		b := it.At()
		zero := !custom && b.Lower <= 0 && b.Upper >= 0
		switch {
		case zero && len(h.NegativeBuckets) == 0 && len(h.PositiveBuckets) > 0:
			b.Lower = 0
		case zero && len(h.PositiveBuckets) == 0 && len(h.NegativeBuckets) > 0:
			b.Upper = 0
		}
		switch {
		case b.Upper <= bound:
			below += b.Count
		case b.Lower < bound:
			return below + b.Count*b.FractionBelow(bound, zero), false
		default:
			return below, true
		}
	}
	return below, true
}

// step is that of a counter. For the bucket of a native histogram the tally decides whether the counter began anew.
func (p *part) step(s *sample, c ledger.Cursor, known bool, scraped int64, taken span) progress {
	if p == nil {
		return step(c, known, s.st, s.t, s.v, scraped, taken)
	}
	told := !p.tally && p.whole.t == s.t
	if told && known {
		if c.Value = min(c.Value, s.v); p.whole.reset {
			c.Value = math.Inf(1)
		}
	}
	grown := step(c, known, s.st, s.t, s.v, scraped, taken)
	switch {
	case p.tally && grown.why.counts():
		p.whole.t, p.whole.reset, p.whole.events = 0, grown.why == verdictReset, grown.events
		if known {
			p.whole.t = s.t
		}
	case told && known:
		grown.events = min(grown.events, p.whole.events)
	}
	return grown
}

// classicBase returns the hash of the labels that the native histogram beside a classic bucket has, or 0 if the series is no bucket.
func classicBase(ls labels.Labels) uint64 {
	base, bucket := strings.CutSuffix(ls.Get(model.MetricNameLabel), bucketSuffix)
	if !bucket || !ls.Has(model.BucketLabel) {
		return 0
	}
	return labels.NewBuilder(ls).Set(model.MetricNameLabel, base).Del(model.BucketLabel).Labels().Hash()
}

// maxEstimates is after how many samples of a classic bucket none is compared with an estimate any more: the transaction in which it is found
// may hold an estimate, too.
const maxEstimates = 2

// foundClassic notes that a wanted series is exposed as such, and is not only a part of a native histogram.
func (c *Collector) foundClassic(s *series) {
	if s.base == 0 {
		s.base = classicBase(s.labels)
	}
	if s.base != 0 {
		w := c.wholeOf(wholeID{s.source, s.base})
		w.classic.Store(true)
		c.wholes[w.id] = w
		if s.part != nil {
			s.estimates = maxEstimates
		}
		s.part = nil
	}
}
