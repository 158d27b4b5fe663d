package backtest

import (
	"cmp"
	"slices"
	"time"

	"plimsoll/slo"
)

// history is what a view said of some minutes, summed up so that every reading of them takes the same short time. It shows the past: what
// it had heard last is asked for by [history.heard].
type history struct {
	slo.Reader            // for its revision
	from, to   slo.Minute // the minutes (from, to]
	sums       []slo.Reading
	minutes    []slo.MinuteCounts // with events or observed, ascending
}

// remember reads the minutes (from, to] of a view.
func remember(view slo.Reader, from, to slo.Minute) *history {
	h := &history{Reader: view, from: from, to: to, sums: make([]slo.Reading, 1, to-from+1)}
	for m := from + 1; m <= to; m++ {
		h.sums = append(h.sums, add(h.sums[len(h.sums)-1], view.Read(m-1, m)))
	}
	view.Each(from, to, func(m slo.MinuteCounts) bool {
		h.minutes = append(h.minutes, m)
		return true
	})
	return h
}

func add(a, b slo.Reading) slo.Reading {
	return slo.Reading{Counts: a.Add(b.Counts), Observed: a.Observed + b.Observed, Minutes: a.Minutes + b.Minutes}
}

// Read implements [slo.Reader] for minutes that are remembered.
func (h *history) Read(from, to slo.Minute) slo.Reading {
	a, b := h.sums[from-h.from], h.sums[max(from, to)-h.from]
	return slo.Reading{Counts: b.Sub(a.Counts), Observed: b.Observed - a.Observed, Minutes: b.Minutes - a.Minutes}
}

// Each implements [slo.Reader].
func (h *history) Each(from, to slo.Minute, f func(slo.MinuteCounts) bool) {
	for _, m := range h.minutes[h.find(from+1):] {
		if m.Minute > to || !f(m) {
			return
		}
	}
}

// find returns the place of the first minute that is not before m.
func (h *history) find(m slo.Minute) int {
	i, _ := slices.BinarySearchFunc(h.minutes, m, func(c slo.MinuteCounts, m slo.Minute) int { return cmp.Compare(c.Minute, m) })
	return i
}

// heard returns the end of the newest minute up to m in which the source was seen; zero if there is none.
func (h *history) heard(m slo.Minute) time.Time {
	for i := h.find(m+1) - 1; i >= 0; i-- {
		if h.minutes[i].Observed {
			return h.minutes[i].Minute.Time().Add(time.Minute)
		}
	}
	return time.Time{}
}

// settled is how long before the history a source must have been silent for it to count as not there yet.
const settled = 24 * 60

// begins returns when the measurements began: the beginning of the history if there were any before, otherwise that of the first minute
// in which the source was seen, or that has events; zero if there is none.
func (h *history) begins() time.Time {
	if before := h.Reader.Read(h.from-settled, h.from); before.Observed > 0 || before.Total > 0 {
		return (h.from + 1).Time()
	}
	if len(h.minutes) == 0 {
		return time.Time{}
	}
	return h.minutes[0].Minute.Time()
}
