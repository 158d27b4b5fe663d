package slo_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

// timeline is what an objective is judged by, minute by minute, in fractions: as it was, and from noon on as it is expected.
type timeline struct {
	o           *slo.Objective
	past        slo.Reader
	good, total *big.Rat // of each minute to come, or of each slice at its last minute
}

func newTimeline(o *slo.Objective, view slo.Reader) timeline {
	length := o.Slice.Length
	basis := view.Read(noon-slo.Minute(max(time.Hour, length)/time.Minute), noon)
	line := timeline{o, view, new(big.Rat), new(big.Rat)}
	switch {
	case length > 0 && basis.Total > 0: // the mean of the slices in the basis
		weight := map[slo.Method]int64{slo.Timeslices: 1, slo.RatioTimeslices: slo.RatioWeight}[o.Method]
		line.total.SetInt64(weight)
		line.good.SetFrac64(basis.Good*weight, basis.Total)
	case length == 0 && basis.Observed > 0:
		line.good.SetFrac64(basis.Good, basis.Observed)
		line.total.SetFrac64(basis.Total, basis.Observed)
	}
	return line
}

// share returns what of its budget the objective has spent in the window that ends with a minute to come.
func (l timeline) share(end slo.Minute, withErrors bool) *big.Rat {
	from, _ := l.o.Window.Span(end.Time())
	bad, total := new(big.Rat), new(big.Rat)
	if from < noon {
		c := l.past.Read(from, noon)
		bad.SetInt64(c.Bad())
		total.SetInt64(c.Total)
	}
	length := slo.Minute(max(time.Minute, l.o.Slice.Length) / time.Minute)
	for m := max(from, noon) + 1; m <= end; m++ {
		if (m+1)%length != 0 {
			continue
		}
		total.Add(total, l.total)
		if withErrors {
			bad.Add(bad, new(big.Rat).Sub(l.total, l.good))
		}
	}
	if total.Sign() <= 0 {
		return new(big.Rat)
	}
	return bad.Quo(bad, total.Mul(total, big.NewRat(int64(slo.One-l.o.Target), int64(slo.One))))
}

// first returns the first minute to come, up to a last one, in which the weighted share is spent or not.
func first(lines []timeline, weights []int64, last slo.Minute, wantSpent, withErrors bool) *time.Time {
	for end := noon + 1; end <= last; end++ {
		sum, weight := new(big.Rat), new(big.Rat)
		for i, l := range lines {
			w := new(big.Rat).SetInt64(weights[i])
			weight.Add(weight, w)
			sum.Add(sum, w.Mul(w, l.share(end, withErrors)))
		}
		if spent := sum.Cmp(weight) >= 0; spent == wantSpent {
			at := end.Time()
			return &at
		}
	}
	return nil
}

// replay is the oracle of forecasts.
func replay(s slo.Status, lines []timeline, weights []int64) slo.Forecast {
	last := noon + slo.Minute(s.Objective.Window.Minutes())
	if s.Objective.Window.Calendar != nil {
		if _, last = s.Objective.Window.Period(s.At); s.Budget.Spent {
			last++
		}
	}
	if !s.Budget.Spent {
		return slo.Forecast{ExhaustedAt: first(lines, weights, last, true, true)}
	}
	return slo.Forecast{
		RecoversAt: first(lines, weights, last, false, false), RecoversAtPresentRate: first(lines, weights, last, false, true),
	}
}

// drawObjective draws any window and method.
func drawObjective(t *rapid.T, key slo.Key) *slo.Objective {
	target := slo.Ratio(rapid.SampledFrom([]int64{500_000_000, 800_000_000, 900_000_000, 950_000_000}).Draw(t, "target"))
	o := objective(target, time.Duration(rapid.IntRange(2, 60).Draw(t, "window"))*time.Minute)
	o.Key = key
	if rapid.Bool().Draw(t, "calendar") {
		o.Window = calendar(time.Date(2020, 1, 1, 0, rapid.IntRange(0, 59).Draw(t, "minute of the hour"), 0, 0, time.UTC), slo.Hour, 1)
	}
	if o.Method = rapid.SampledFrom([]slo.Method{slo.Occurrences, slo.Timeslices, slo.RatioTimeslices}).Draw(t, "method"); o.Method != slo.Occurrences {
		o.Slice = slo.Slice{Length: time.Duration(rapid.IntRange(1, 7).Draw(t, "slice")) * time.Minute, Target: 900_000_000}
	}
	return o
}

func TestPredictEveryMethod(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := drawObjective(t, "video/availability")
		view := slo.View(o, drawMinutes(t, 70), drawCorrections(t, 70))
		s := slo.Evaluate(o, view, noon.Time())
		want := replay(s, []timeline{newTimeline(o, view)}, []int64{1})
		if diff := cmp.Diff(want, slo.Predict(s, view)); diff != "" {
			t.Errorf("%s %s, spent %v (-want +got)\n%s", o.Method, o.Window, s.Budget.Spent, diff)
		}
	})
}

func TestPredictComposites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := drawObjective(t, "video/journey")
		o.Method, o.Slice = slo.Composite, slo.Slice{}
		var parts []slo.Status
		var views []slo.Reader
		var lines []timeline
		var weights []int64
		for _, key := range []slo.Key{"video/a", "video/b", "video/c"}[:rapid.IntRange(1, 3).Draw(t, "components")] {
			part := drawObjective(t, key)
			view := slo.View(part, drawMinutes(t, 70), nil)
			weights = append(weights, rapid.Int64Range(1, 5).Draw(t, "weight"))
			o.Components = append(o.Components, slo.Component{Key: key, Weight: slo.Ratio(weights[len(weights)-1])})
			parts, views, lines = append(parts, slo.Evaluate(part, view, noon.Time())), append(views, view), append(lines, newTimeline(part, view))
		}
		s := slo.EvaluateComposite(o, parts, noon.Time())
		if diff := cmp.Diff(replay(s, lines, weights), slo.PredictComposite(s, views)); diff != "" {
			t.Errorf("spent %v (-want +got)\n%s", s.Budget.Spent, diff)
		}
	})
}

func TestForecastInWords(t *testing.T) {
	t.Parallel()
	month := calendar(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), slo.Month, 1)
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	later := at.Add(26 * time.Hour)
	status := func(w slo.Window, spent bool) slo.Status {
		return slo.Status{Objective: &slo.Objective{Window: w}, At: at, Window: slo.Reading{Observed: 1}, Budget: slo.Budget{Spent: spent}}
	}
	rolling := slo.Window{Length: 30 * 24 * time.Hour}
	for _, c := range []struct {
		s    slo.Status
		f    slo.Forecast
		want string
	}{
		{slo.Status{Objective: &slo.Objective{Window: rolling}, At: at}, slo.Forecast{}, "There is nothing to forecast from yet."},
		{status(rolling, false), slo.Forecast{}, "If the last hour goes on, the budget lasts for the next 30d."},
		{status(month, false), slo.Forecast{}, "If the last hour goes on, the budget lasts until the period ends on 1 Dec at 00:00 UTC."},
		{status(rolling, false), slo.Forecast{ExhaustedAt: &later}, "If the last hour goes on, the budget is spent in 1 d 2 h, on 25 Nov at 14:00 UTC."},
		{status(rolling, true), slo.Forecast{RecoversAt: &later, RecoversAtPresentRate: &later}, "If the last hour goes on, the budget is back in 1 d 2 h, on 25 Nov at 14:00 UTC."},
		{status(rolling, true), slo.Forecast{RecoversAt: &later}, "The budget is back in 1 d 2 h, on 25 Nov at 14:00 UTC if no more errors come. If the last hour goes on, it is not back within 30d."},
		{status(rolling, true), slo.Forecast{}, "The budget is not back within 30d."},
	} {
		if got := c.f.Describe(c.s); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
