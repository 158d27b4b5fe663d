package oracle_test

import (
	"fmt"
	"math/big"

	"plimsoll/slo"
)

// missing is what the gaps of a window did to its numbers, as a replay sees it.
type missing struct {
	minutes int64
	added   slo.Counts
	hold    slo.Hold
	window  slo.Counts
	burn    []slo.Counts
}

// gaps applies a policy on gaps: minutes without data after the first of the window that had any, and older than five minutes.
func (c court) gaps(v verdict, policy slo.Gap) missing {
	first := v.to + 1
	for m := v.to; m > v.from; m-- {
		if i := int(m - c.origin); i >= 0 && i < c.length && v.judged.observed[i] {
			first = m
		}
	}
	gaps := func(from slo.Minute) (n int64) {
		for m := max(from+1, first); m <= v.to-5; m++ {
			if i := int(m - c.origin); !v.judged.observed[i] && !v.excluded[i] {
				n++
			}
		}
		return n
	}
	g := missing{minutes: gaps(v.from), window: v.window.Counts}
	for i, l := range lookbacks {
		added := lost(v.window, gaps(v.to-l), policy)
		g.burn = append(g.burn, v.burn[i].Counts.Add(added))
	}
	g.added = lost(v.window, g.minutes, policy)
	g.window = g.window.Add(g.added)
	if policy == slo.GapHold {
		g.hold = v.hold()
	}
	return g
}

// lost are the events of minutes without data, at the mean rate of the minutes with data. Bad ones are rounded up.
func lost(mean slo.Reading, minutes int64, policy slo.Gap) slo.Counts {
	if mean.Observed == 0 || mean.Total <= 0 {
		return slo.Counts{}
	}
	events := new(big.Rat).Mul(big.NewRat(mean.Total, mean.Observed), new(big.Rat).SetInt64(minutes))
	n := new(big.Int).Quo(events.Num(), events.Denom()).Int64()
	switch {
	case policy == slo.GapGood:
		return slo.Counts{Good: n, Total: n}
	case policy != slo.GapBad:
		return slo.Counts{}
	case !events.IsInt():
		n++
	}
	return slo.Counts{Total: n}
}

// hold says whether to wait for data.
func (v verdict) hold() slo.Hold {
	switch recent := v.burn[0]; {
	case v.window.Minutes > 0 && v.window.Observed == 0:
		return slo.HoldNeverSeen
	case recent.Minutes > 0 && recent.Observed == 0:
		return slo.HoldSilent
	}
	return ""
}

// compareGaps holds what each use of an objective makes of gaps against the replay.
func (h *history) compareGaps(c court, o *slo.Objective, s slo.Status, v verdict) error {
	view, ok := h.ledger.Reader(o.Key)
	if !ok {
		return fmt.Errorf("there is no reader")
	}
	for use, policy := range map[slo.Use]slo.Gap{slo.ForGate: o.NoData.Gate, slo.ForAlert: o.NoData.Alert, slo.ForReport: o.NoData.Report} {
		got := slo.Gaps(s, view, use)
		if h.fault.gaps != nil {
			h.fault.gaps(&got)
		}
		var want missing
		switch policy {
		case "", slo.GapIgnored:
			want = missing{window: v.window.Counts}
			for _, b := range v.burn {
				want.burn = append(want.burn, b.Counts)
			}
		default:
			want = c.gaps(v, policy)
		}
		switch {
		case got.Gaps.Minutes != want.minutes || got.Gaps.Added != want.added || got.Gaps.Hold != want.hold:
			return fmt.Errorf("%s of the gaps for the %s: %+v, want %+v", policy, use, got.Gaps, want)
		case got.Window.Counts != want.window || got.Window.Observed != v.window.Observed || got.Window.Minutes != v.window.Minutes:
			return fmt.Errorf("%s of the gaps for the %s: the window holds %+v, want %+v", policy, use, got.Window, want)
		}
		for i, b := range got.Burn {
			if b.Counts != want.burn[i] {
				return fmt.Errorf("%s of the gaps for the %s: %+v, want %+v", policy, use, b, want.burn[i])
			}
		}
		if err := compareBudget(got, spentOf(s.Objective.Target, want.window)); err != nil {
			return fmt.Errorf("%s of the gaps for the %s: %w", policy, use, err)
		}
		if want.added != (slo.Counts{}) {
			h.saw(sawGap)
		}
		if want.hold != "" {
			h.saw(sawHold)
		}
	}
	return nil
}
