package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/report"
	"plimsoll/slo/slotest"
)

// TestMethods reports slices, a composite, an objective whose gaps count as bad, and a target that was changed after the week.
func TestMethods(t *testing.T) {
	t.Parallel()
	week := report.WeekOf(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC))
	end := week.End()
	sliced := slotest.Objective("billing", "minutes", "Minutes that bill well", 900_000_000, 7*24*time.Hour)
	sliced.Method, sliced.Slice = slo.RatioTimeslices, slo.Slice{Length: time.Minute}
	gappy := slotest.Objective("billing", "orders", "Orders are taken", 900_000_000, 7*24*time.Hour)
	gappy.NoData.Report = slo.GapBad
	journey := slotest.Objective("billing", "journey", "From order to bill", 990_000_000, 7*24*time.Hour)
	journey.Method, journey.Components = slo.Composite, []slo.Component{{Key: sliced.Key, Weight: slo.One}, {Key: gappy.Key, Weight: slo.One}}
	child := slotest.Objective("billing", "orders{shop=\"1\"}", "Orders are taken", 900_000_000, 7*24*time.Hour)
	child.Parent = gappy.Key

	l := slotest.New(sliced, gappy, journey, child)
	for m := range 300 {
		l.Add(sliced.Key, end.Add(-time.Duration(m+1)*time.Minute), 99-int64(m%2), 100)
	}
	for m := range 100 { // an hour at the beginning of the week's last five, and forty minutes at their end
		l.Add(gappy.Key, end.Add(-5*time.Hour+time.Duration(m+m/60*200)*time.Minute), 10, 10)
	}
	in := report.Inputs{Week: week, Now: end}
	for _, o := range l.Objectives() {
		r, _ := l.Reader(o.Key)
		in.Objectives = append(in.Objectives, report.Source{Objective: o, Reader: r, Status: func(at time.Time) slo.Status {
			s, _ := l.Status(o.Key, at)
			if o == sliced { // it was 95 % then
				then := *o
				then.Target = 950_000_000
				s = slo.Evaluate(&then, r, at)
			}
			return s
		}})
	}
	r := report.Build(in)
	if n := len(r.Services[0].Objectives); n != 3 {
		t.Fatalf("%d objectives, want those that are nobody's children", n)
	}
	byKey := map[slo.Key]report.Objective{}
	for _, o := range r.Services[0].Objectives {
		byKey[o.Key] = o
	}
	if o := byKey[sliced.Key]; o.Unit != "slices" || o.Total != 300 || o.Bad() < 4.49 || o.Bad() > 4.51 || o.Target != 950_000_000 || o.End.Allowed != 15 {
		t.Errorf("slices: %+v", o)
	}
	// 200 minutes between those that were seen, and none within the last five; ten events a minute.
	if o := byKey[gappy.Key]; !o.End.Estimated || o.End.Bad != 2000 || o.End.Allowed != 300 || o.Bad() != 0 || !o.End.Spent {
		t.Errorf("gaps: %+v", o.End)
	}
	// half of what the slices have spent; gaps of a component count where it is judged itself
	if o := byKey[journey.Key]; !o.Composite || !o.Kept || o.End.Remaining <= 0.9 || o.End.Remaining >= 1 {
		t.Errorf("composite: %+v", o)
	}
	var b bytes.Buffer
	if err := report.Markdown(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| 4.5 | 300 slices |", "(estimated; seen ", "| From order to bill | 99 % over 7d | – | – | – |"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
