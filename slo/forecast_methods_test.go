package slo_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

// script is what an objective is judged by, minute by minute: as it was, and from noon on as it is expected. All counts are times the number
// of observed minutes, or of slices, in the last hour, so that one of them holds a whole number.
type script struct {
	minutes
	excluded map[slo.Minute]bool
}

// Read implements [slo.Reader].
func (s script) Read(from, to slo.Minute) slo.Reading {
	r := s.minutes.Read(from, to)
	for m := from + 1; m <= to; m++ {
		if s.excluded[m] {
			r.Minutes--
		}
	}
	return r
}

// newScript writes down what comes in the minutes up to last.
func newScript(o *slo.Objective, view slo.Reader, cs []slo.Correction, last slo.Minute, withErrors bool) script {
	s := script{minutes{}, map[slo.Minute]bool{}}
	good := map[slo.Minute]bool{}
	for _, c := range cs {
		for m := slo.MinuteOf(c.From); m < slo.MinuteOf(c.To) && c.Applies(o); m++ {
			if c.Effect == slo.Exclude {
				s.excluded[m] = true
			} else {
				good[m] = true
			}
		}
	}
	length := slo.Minute(max(time.Minute, o.Slice.Length) / time.Minute)
	basis := view.Read(noon-max(60, length), noon)
	weight := map[slo.Method]int64{slo.RatioTimeslices: slo.RatioWeight}[o.Method]
	scale := max(1, basis.Total/max(1, weight))
	if o.Method == slo.Occurrences {
		if scale = max(1, basis.Observed); basis.Observed == 0 {
			basis.Counts = slo.Counts{}
		}
	}
	view.Each(noon-200, noon, func(m slo.MinuteCounts) bool {
		m.Good, m.Total = m.Good*scale, m.Total*scale
		s.minutes[m.Minute] = m
		return true
	})
	for m := noon + 1; m <= last; m++ {
		if !s.excluded[m] {
			s.minutes[m] = slo.MinuteCounts{Minute: m, Observed: true}
		}
		if (m+1)%length != 0 {
			continue
		}
		left, allGood := false, true // of the slice, what is not excluded
		for n := m - length + 1; n <= m; n++ {
			if !s.excluded[n] {
				left, allGood = true, allGood && good[n]
			}
		}
		if c := s.minutes[m]; left {
			c.Minute, c.Counts = m, basis.Counts
			if allGood || !withErrors {
				c.Good = c.Total
			}
			s.minutes[m] = c
		}
	}
	return s
}

// replay is the oracle of forecasts: it evaluates, at each minute to come, what evaluate makes of scripts up to a last one.
func replay(s slo.Status, evaluate func(at slo.Minute, withErrors bool) slo.Status) slo.Forecast {
	last := horizon(s)
	first := func(wantSpent, withErrors bool) *time.Time {
		for end := noon + 1; end <= last; end++ {
			if evaluate(end, withErrors).Budget.Spent == wantSpent {
				at := end.Time()
				return &at
			}
		}
		return nil
	}
	if s.Budget.Spent {
		return slo.Forecast{RecoversAt: first(false, false), RecoversAtPresentRate: first(false, true)}
	}
	if s.Objective.Window.Calendar != nil {
		last--
	}
	return slo.Forecast{ExhaustedAt: first(true, true)}
}

// horizon is the last minute that the forecast of s looks at.
func horizon(s slo.Status) slo.Minute {
	if s.Objective.Window.Calendar == nil {
		return noon + slo.Minute(s.Objective.Window.Minutes())
	}
	_, last := s.Objective.Window.Period(s.At)
	return last + 1
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

func drawNoData(t *rapid.T) slo.NoData {
	return slo.NoData{Gate: rapid.SampledFrom([]slo.Gap{"", slo.GapGood, slo.GapBad, slo.GapHold}).Draw(t, "gaps")}
}

func TestPredictEveryMethod(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := drawObjective(t, "video/availability")
		o.NoData = drawNoData(t)
		cs := drawCorrections(t, 70)
		view := slo.View(o, drawMinutes(t, 70), cs)
		s := slo.Gaps(slo.Evaluate(o, view, noon.Time()), view, slo.ForGate)
		scripts := map[bool]script{false: newScript(o, view, cs, horizon(s), false), true: newScript(o, view, cs, horizon(s), true)}
		want := replay(s, func(at slo.Minute, withErrors bool) slo.Status {
			return slo.Gaps(slo.Evaluate(o, scripts[withErrors], at.Time()), scripts[withErrors], slo.ForGate)
		})
		if diff := cmp.Diff(want, slo.Predict(s, view)); diff != "" {
			t.Errorf("%s %s, spent %v (-want +got)\n%s", o.Method, o.Window, s.Budget.Spent, diff)
		}
	})
}

func TestPredictComposites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := drawObjective(t, "video/journey")
		o.Method, o.Slice, o.NoData = slo.Composite, slo.Slice{}, drawNoData(t)
		cs := drawCorrections(t, 70)
		views := map[slo.Key]slo.Reader{}
		var components []*slo.Objective
		for _, key := range []slo.Key{"video/availability", "video/b", "video/c"}[:rapid.IntRange(1, 3).Draw(t, "components")] {
			part := drawObjective(t, key)
			components, views[key] = append(components, part), slo.View(part, drawMinutes(t, 70), cs)
			o.Components = append(o.Components, slo.Component{Key: key, Weight: slo.Ratio(rapid.Int64Range(1, 5).Draw(t, "weight"))})
		}
		evaluate := func(views map[slo.Key]slo.Reader, at slo.Minute) (slo.Status, slo.Reader) {
			var parts []slo.Status
			for _, part := range components {
				parts = append(parts, slo.Evaluate(part, views[part.Key], at.Time()))
			}
			s := slo.EvaluateComposite(o, parts, at.Time())
			view := slo.Combined(s, views)
			return slo.Gaps(s, view, slo.ForGate), view
		}
		s, view := evaluate(views, noon)
		scripts := map[bool]map[slo.Key]slo.Reader{false: {}, true: {}}
		for withErrors, of := range scripts {
			for _, part := range components {
				of[part.Key] = newScript(part, views[part.Key], cs, horizon(s), withErrors)
			}
		}
		want := replay(s, func(at slo.Minute, withErrors bool) slo.Status {
			s, _ := evaluate(scripts[withErrors], at)
			return s
		})
		if diff := cmp.Diff(want, slo.Predict(s, view)); diff != "" {
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
