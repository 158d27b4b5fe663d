package slo_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

func drawCorrections(t *rapid.T, length int) []slo.Correction {
	var cs []slo.Correction
	for id := range rapid.IntRange(0, 4).Draw(t, "corrections") {
		from := noon - slo.Minute(rapid.IntRange(-5, length+5).Draw(t, "correction's beginning"))
		c := slo.Correction{
			ID: slo.CorrectionID(id + 1), From: from.Time(), To: (from + slo.Minute(rapid.IntRange(1, 30).Draw(t, "correction's length"))).Time(),
			Effect:    rapid.SampledFrom([]slo.Effect{slo.Exclude, slo.CountGood}).Draw(t, "effect"),
			Objective: rapid.SampledFrom([]slo.Key{"", "video/availability", "another/one"}).Draw(t, "for"),
		}
		if rapid.IntRange(0, 4).Draw(t, "undone") == 0 {
			c.Undone = noon.Time()
		}
		cs = append(cs, c)
	}
	return cs
}

// judged is the events after corrections and in slices, minute by minute, and the minutes that were excluded.
func judged(o *slo.Objective, r minutes, cs []slo.Correction, last slo.Minute) (out minutes, excluded map[slo.Minute]bool) {
	out, excluded = minutes{}, map[slo.Minute]bool{}
	length := slo.Minute(max(o.Slice.Length, time.Minute) / time.Minute)
	for m := noon - 400; m <= last; m++ {
		c, ok := r[m]
		for _, k := range cs {
			if k.Undone.IsZero() && (k.Objective == "" || k.Objective == o.Key) && !m.Time().Before(k.From) && m.Time().Before(k.To) {
				if c.Good = c.Total; k.Effect == slo.Exclude {
					excluded[m] = true
				}
			}
		}
		if ok && !excluded[m] {
			out[m] = c
		}
	}
	if o.Method == slo.Occurrences {
		return out, excluded
	}
	sums := map[slo.Minute]slo.Counts{}
	for m, c := range out {
		end := m - m%length + length - 1
		sums[end] = sums[end].Add(c.Counts)
		c.Counts = slo.Counts{}
		if out[m] = c; !c.Observed {
			delete(out, m)
		}
	}
	for end, c := range sums {
		if c.Total <= 0 {
			continue
		}
		ratio := big.NewRat(c.Good, c.Total)
		var n slo.Counts
		if o.Method == slo.Timeslices {
			if n.Total = 1; ratio.Cmp(big.NewRat(int64(o.Slice.Target), int64(slo.One))) >= 0 {
				n.Good = 1
			}
		} else {
			ratio.Mul(ratio, big.NewRat(slo.RatioWeight, 1))
			n = slo.Counts{Good: new(big.Int).Quo(ratio.Num(), ratio.Denom()).Int64(), Total: slo.RatioWeight}
		}
		at := out[end]
		at.Minute, at.Counts = end, n
		out[end] = at
	}
	return out, excluded
}

// TestView holds corrections and slices against a look at every minute.
func TestView(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.IntRange(1, 100).Draw(t, "window")
		o := objective(900_000_000, time.Duration(length)*time.Minute)
		o.Method = rapid.SampledFrom([]slo.Method{slo.Occurrences, slo.Timeslices, slo.RatioTimeslices}).Draw(t, "method")
		if o.Method != slo.Occurrences {
			o.Slice.Length = time.Duration(rapid.IntRange(1, 40).Draw(t, "slice")) * time.Minute
			o.Slice.Target = slo.Ratio(rapid.Int64Range(0, int64(slo.One)).Draw(t, "slice target"))
		}
		raw, cs := drawMinutes(t, length), drawCorrections(t, length)
		view := slo.View(o, raw, cs)
		to := noon - slo.Minute(rapid.IntRange(-50, length).Draw(t, "to"))
		from := to - slo.Minute(rapid.IntRange(0, length).Draw(t, "minutes"))
		judged, excluded := judged(o, raw, cs, noon+200)
		want := judged.Read(from, to)
		for m := from + 1; m <= to; m++ {
			if excluded[m] {
				want.Minutes--
			}
		}
		if diff := cmp.Diff(want, view.Read(from, to)); diff != "" {
			t.Errorf("Read(%d, %d) (-want +got)\n%s", from-noon, to-noon, diff)
		}
		each := func(r slo.Reader) (all []slo.MinuteCounts) {
			r.Each(from, to, func(m slo.MinuteCounts) bool { all = append(all, m); return true })
			return all
		}
		if diff := cmp.Diff(each(judged), each(view), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("Each(%d, %d) (-want +got)\n%s", from-noon, to-noon, diff)
		}
		n, most := 0, rapid.IntRange(1, 5).Draw(t, "asked for")
		view.Each(from, to, func(slo.MinuteCounts) bool { n++; return n < most })
		if n > most {
			t.Errorf("%d minutes after it was enough at %d", n, most)
		}
		var touching []slo.CorrectionID
		for _, c := range cs {
			if c.Applies(o) && slo.MinuteOf(c.From) <= to && slo.MinuteOf(c.To)-1 > from {
				touching = append(touching, c.ID)
			}
		}
		if l, ok := view.(slo.Layered); ok {
			if diff := cmp.Diff(touching, l.Touching(from, to)); diff != "" {
				t.Errorf("corrections (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(raw.Read(from, to), l.Raw().Read(from, to)); diff != "" {
				t.Errorf("raw (-want +got)\n%s", diff)
			}
		} else if touching != nil || o.Method != slo.Occurrences {
			t.Error("the view shows no layers")
		}
	})
}

func TestComposite(t *testing.T) {
	t.Parallel()
	part := func(key slo.Key, good, total int64) slo.Status {
		o := objective(900_000_000, time.Hour)
		o.Key = key
		r := minutes{}
		r.add(noon, good, total)
		return slo.Evaluate(o, r, noon.Time())
	}
	o := &slo.Objective{Key: "video/all", Target: 990_000_000, Window: slo.Window{Length: time.Hour}, Method: slo.Composite,
		Components: []slo.Component{{Key: "a/a", Weight: 2 * slo.One}, {Key: "b/b", Weight: slo.One}, {Key: "c/gone", Weight: slo.One}}}
	for _, c := range []struct {
		name            string
		a, b            int64 // bad events of a thousand
		remaining, burn float64
		spent           bool
	}{
		{"untouched", 0, 0, 1, 0, false},
		{"one half spent", 50, 0, 1 - 1.0/3, 1.0 / 3, false},
		{"one overspent", 0, 300, 0, 1, true},
		{"to the event", 149, 2, 0, 1, true},
		{"but one event", 149, 1, 1 - 299.0/300, 299.0 / 300, false},
	} {
		s := slo.EvaluateComposite(o, []slo.Status{part("b/b", 1000-c.b, 1000), part("a/a", 1000-c.a, 1000)}, noon.Time())
		if d := s.Budget.Remaining - c.remaining; d > 1e-9 || d < -1e-9 || s.Budget.Spent != c.spent {
			t.Errorf("%s: remaining %v, spent %v", c.name, s.Budget.Remaining, s.Budget.Spent)
		}
		if d := s.Burn[2].Rate - c.burn; d > 1e-9 || d < -1e-9 {
			t.Errorf("%s: burn rate %v, want %v", c.name, s.Burn[2].Rate, c.burn)
		}
		if s.Window != (slo.Reading{Observed: 1, Minutes: 60}) || s.Revision != 14 || len(s.Parts) != 2 || s.Parts[0].Key != "a/a" {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
}
