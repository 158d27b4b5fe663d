package openslo_test

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
	"plimsoll/slo/openslo"
)

func write(t rapid.TB, objectives []*slo.Objective) string {
	t.Helper()
	docs, err := openslo.Documents(objectives)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := openslo.Write(&b, docs...); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// checkRoundTrip writes objectives and reads them again.
func checkRoundTrip(t rapid.TB, c openslo.Config, objectives []*slo.Objective) {
	t.Helper()
	text := write(t, objectives)
	again, err := openslo.Parse(c, openslo.File{Name: "again.yaml", Data: []byte(text)})
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, text)
	}
	if diff := gocmp.Diff(objectives, again, withoutPlace); diff != "" {
		t.Fatalf("objectives (-written +read):\n%s\nin\n%s", diff, text)
	}
	if diff := gocmp.Diff(text, write(t, again)); diff != "" {
		t.Fatalf("written again (-first +second):\n%s", diff)
	}
}

func TestWrittenObjectivesAreReadTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checkRoundTrip(t, config, drawObjectives(t))
	})
}

// drawObjectives draws objectives as files can define them, sorted by key.
func drawObjectives(t *rapid.T) []*slo.Objective {
	var objectives []*slo.Objective
	for i := range rapid.IntRange(1, 4).Draw(t, "SLOs") {
		objectives = append(objectives, drawSLO(t, fmt.Sprintf("slo-%d", i))...)
	}
	slices.SortFunc(objectives, func(a, b *slo.Objective) int { return cmp.Compare(a.Key, b.Key) })
	return objectives
}

var (
	text     = rapid.StringMatching(`[ -~äöü€"':#\n]{0,40}`)
	words    = rapid.StringMatching(`[A-Za-zé%:"'#{}&*!|>-][ -~]{0,20}`)
	name     = rapid.StringMatching(`[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?`)
	query    = rapid.StringMatching(`[a-z_]{1,10}(\{a=~"[ -!#-\[\]-~]{0,8}"\})?`)
	ratio    = rapid.Custom(func(t *rapid.T) slo.Ratio { return slo.Ratio(rapid.Int64Range(1, int64(slo.One)-1).Draw(t, "ratio")) })
	gap      = rapid.SampledFrom([]slo.Gap{"", slo.GapIgnored, slo.GapGood, slo.GapBad, slo.GapHold})
	op       = rapid.SampledFrom([]slo.Op{slo.AtMost, slo.AtLeast, slo.LessThan, slo.MoreThan})
	zones    = rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"})
	calendar = rapid.SampledFrom([]slo.Unit{slo.Hour, slo.Day, slo.Week, slo.Month})
)

func drawSLO(t *rapid.T, id string) []*slo.Objective {
	o := slo.Objective{
		Service: name.Draw(t, "service"), Name: id, DisplayName: cmp.Or(words.Draw(t, "display"), id),
		Description: text.Draw(t, "description"), Owner: text.Draw(t, "owner"), Tier: text.Draw(t, "tier"),
		Window:     drawWindow(t),
		Method:     rapid.SampledFrom([]slo.Method{slo.Occurrences, slo.Timeslices, slo.RatioTimeslices}).Draw(t, "method"),
		NoData:     slo.NoData{Gate: gap.Draw(t, "gate"), Alert: gap.Draw(t, "alert"), Report: gap.Draw(t, "report")},
		LowTraffic: slo.LowTraffic{MinBad: rapid.Int64Range(0, 9).Draw(t, "bad"), MinTotal: rapid.Int64Range(0, 1e12).Draw(t, "total")},
		OutOfGate:  rapid.Bool().Draw(t, "out"),
	}
	o.Key = slo.Key(o.Service + "/" + id)
	if rapid.Bool().Draw(t, "labels") {
		o.Labels = map[string][]string{"team": {words.Draw(t, "label")}, "env": rapid.SliceOfN(words, 2, 3).Draw(t, "labels")}
	}
	if rapid.Bool().Draw(t, "depends") {
		o.DependsOn = []string{o.Service + "-a", o.Service + "b"}
	}
	if rapid.Bool().Draw(t, "effective") {
		o.EffectiveFrom = time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "from"), 0).UTC()
	}
	if rapid.Bool().Draw(t, "no tiers") {
		o.AlertTiers = []slo.AlertTier{}
	}
	o.Alerts = drawAlerts(t)
	if rapid.Bool().Draw(t, "composite") {
		return drawComposite(t, o)
	}
	o.Indicator, o.MaxChildren = drawIndicator(t)
	count := rapid.IntRange(1, 3).Draw(t, "objectives")
	if o.Indicator.Kind == slo.Thresholds {
		count = 1 // OpenSLO allows one
	}
	var objectives []*slo.Objective
	for i := range count {
		one := o
		one.Target, one.Slice = ratio.Draw(t, "target"), drawSlice(t, o)
		if count > 1 {
			divide(&one, o.DisplayName, i)
		}
		one.Alerts = slices.Clone(o.Alerts)
		objectives = append(objectives, &one)
	}
	for _, one := range objectives { // all of an SLO have the same alerts, so each must be able to reach them
		dropUnreachable(objectives, 1/one.Budget().Float())
	}
	return objectives
}

// divide makes o the ith of several objectives.
func divide(o *slo.Objective, display string, i int) {
	o.Name = fmt.Sprintf("%s/part-%d", o.Name, i)
	o.Key = slo.Key(o.Service + "/" + o.Name)
	o.DisplayName = fmt.Sprintf("%s: Part: %d", display, i)
}

func drawComposite(t *rapid.T, whole slo.Objective) []*slo.Objective {
	method := whole.Method
	whole.Method = slo.Composite
	objectives := []*slo.Objective{&whole}
	var sum, weights int64
	fastest := 0.0
	for i := range rapid.IntRange(2, 3).Draw(t, "components") {
		one := whole
		one.Method, one.Components, one.Alerts, one.OutOfGate = method, nil, nil, true
		one.Indicator, one.MaxChildren = drawIndicator(t)
		if one.MaxChildren > 0 {
			one.MaxChildren = 100 // one annotation is for all components
		}
		one.Target, one.Slice = ratio.Draw(t, "target"), drawSlice(t, one)
		divide(&one, whole.DisplayName, i)
		weight := rapid.Int64Range(1, 9).Draw(t, "weight")
		whole.Components = append(whole.Components, slo.Component{Key: one.Key, Weight: slo.Ratio(weight) * slo.One / 4})
		sum += weight * int64(one.Target)
		weights += weight
		fastest += float64(weight) / one.Budget().Float()
		objectives = append(objectives, &one)
	}
	whole.Target = slo.Ratio(sum / weights)
	dropUnreachable(objectives[:1], fastest/float64(weights))
	return objectives
}

// dropUnreachable takes away the alerts that could never fire, which files cannot define.
func dropUnreachable(objectives []*slo.Objective, fastest float64) {
	for _, o := range objectives {
		o.Alerts = slices.DeleteFunc(o.Alerts, func(p slo.AlertPolicy) bool {
			c := p.Condition
			never := func(other *slo.Objective) bool { return c.Unreachable(other) != "" }
			return c.Lookback > o.Window.Length || slices.ContainsFunc(objectives, never) || (c.Op == slo.MoreThan || c.Op == slo.AtLeast) && c.Threshold >= fastest*0.999
		})
		if len(o.Alerts) == 0 {
			o.Alerts = nil
		}
	}
}

func drawWindow(t *rapid.T) slo.Window {
	if rapid.Bool().Draw(t, "rolling") {
		return slo.Window{Length: time.Duration(rapid.IntRange(1, 35*24*60).Draw(t, "minutes")) * time.Minute}
	}
	location, err := time.LoadLocation(zones.Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	c := &slo.Calendar{Unit: calendar.Draw(t, "unit"), Count: 1}
	c.Start = time.Unix(60*rapid.Int64Range(1e4, 60e6).Draw(t, "start"), 0).In(location)
	// Where the clock was put back an hour is written twice, and the first is meant.
	c.Start = time.Date(c.Start.Year(), c.Start.Month(), c.Start.Day(), c.Start.Hour(), c.Start.Minute(), 0, 0, location)
	return slo.Window{Length: c.Nominal(), Calendar: c}
}

func drawSlice(t *rapid.T, o slo.Objective) slo.Slice {
	if o.Method == slo.Occurrences {
		return slo.Slice{}
	}
	s := slo.Slice{Length: time.Duration(rapid.Int64Range(1, o.Window.Minutes()).Draw(t, "slice")) * time.Minute}
	if o.Method == slo.Timeslices {
		s.Target = slo.Ratio(rapid.Int64Range(1, int64(slo.One)).Draw(t, "slice target"))
	}
	return s
}

func drawIndicator(t *rapid.T) (i slo.Indicator, maxChildren int) {
	if rapid.Bool().Draw(t, "asked") {
		i.Source = rapid.StringMatching(`[A-Za-z0-9]([-./|\\A-Za-z0-9]{0,8}[A-Za-z0-9])?`).Draw(t, "source")
	}
	switch i.Kind = rapid.SampledFrom([]slo.Kind{slo.Counters, slo.Amounts, slo.Thresholds, slo.Ratios}).Draw(t, "kind"); i.Kind {
	case slo.Thresholds:
		i.Query, i.Op, i.Value = query.Draw(t, "query"), op.Draw(t, "op"), rapid.Float64().Draw(t, "value")
		return i, 0
	case slo.Ratios:
		i.Query, i.Failure = query.Draw(t, "query"), rapid.Bool().Draw(t, "failure")
		return i, 0
	}
	i.Total = query.Draw(t, "total")
	if rapid.Bool().Draw(t, "grouped") {
		i.Total, i.GroupBy = "sum by (code, path) ("+i.Total+")", []string{"code", "path"}
		maxChildren = rapid.IntRange(1, 300).Draw(t, "children")
	}
	side := &i.Good
	if rapid.Bool().Draw(t, "bad") {
		side = &i.Bad
	}
	*side = query.Draw(t, "side")
	return i, maxChildren
}

func drawAlerts(t *rapid.T) (policies []slo.AlertPolicy) {
	for i := range rapid.IntRange(0, 2).Draw(t, "alerts") {
		var labels map[string][]string
		var annotations map[string]string
		if rapid.Bool().Draw(t, "of a policy") {
			labels = map[string][]string{"team": {words.Draw(t, "label")}, "env": rapid.SliceOfN(words, 2, 3).Draw(t, "labels")}
			annotations = map[string]string{"runbook": words.Draw(t, "runbook"), "example.com/page": words.Draw(t, "page")}
		}
		policies = append(policies, slo.AlertPolicy{
			Labels: labels, Annotations: annotations,
			Name: fmt.Sprintf("Policy/%d", i), DisplayName: words.Draw(t, "display"), Description: text.Draw(t, "description"),
			OnBreach: true, OnNoData: rapid.Bool().Draw(t, "no data"), OnResolve: rapid.Bool().Draw(t, "resolve"),
			Condition: slo.AlertCondition{Name: "c", Severity: words.Draw(t, "severity"), Op: op.Draw(t, "op"),
				Threshold: rapid.Float64Range(0.001, 2000).Draw(t, "threshold"),
				Lookback:  time.Duration(rapid.IntRange(1, 5000).Draw(t, "lookback")) * time.Minute,
				After:     time.Duration(rapid.IntRange(0, 100).Draw(t, "after")) * time.Minute},
			Targets: []slo.AlertTarget{{Name: "t", Target: words.Draw(t, "target"), Description: text.Draw(t, "description")}},
		})
	}
	return policies
}

func TestWhatCannotBeWritten(t *testing.T) {
	t.Parallel()
	one := slo.Objective{Key: "s/a/x", Service: "s", Name: "a/x", DisplayName: "A: X", Target: 1, Window: slo.Window{Length: day},
		Method: slo.Occurrences, Indicator: slo.Indicator{Good: "g", Total: "t"}}
	with := func(change func(*slo.Objective)) *slo.Objective { o := one; change(&o); return &o }
	for _, tc := range []struct {
		name       string
		objectives []*slo.Objective
		says       string
	}{
		{"one of several", []*slo.Objective{&one}, "the others are not there"},
		{"an objective beside the SLO of that name", []*slo.Objective{with(func(o *slo.Objective) { o.Key, o.Name = "s/a", "a" }), &one}, "one SLO is one of the two"},
		{"two windows", []*slo.Objective{&one, with(func(o *slo.Objective) {
			o.Key, o.Name, o.DisplayName, o.Window.Length = "s/a/y", "a/y", "A: Y", 2*day
		})}, "s/a/x and s/a/y differ in Window"},
		{"a display name of its own", []*slo.Objective{&one, with(func(o *slo.Objective) { o.Key, o.Name, o.DisplayName = "s/a/y", "a/y", "B: Y" })}, "display name"},
		{"a component that is missing", []*slo.Objective{with(func(o *slo.Objective) {
			o.Key, o.Name, o.Method, o.Components = "s/a", "a", slo.Composite, []slo.Component{{Key: "s/a/z", Weight: slo.One}}
		}), &one}, "the component s/a/z is not there"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, err := openslo.Documents(tc.objectives); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want %q", err, tc.says)
			}
		})
	}
	child := with(func(o *slo.Objective) { o.Key, o.Name, o.Parent = `s/a{b="c"}`, `a{b="c"}`, "s/a" })
	if docs, err := openslo.Documents([]*slo.Objective{child}); len(docs) != 0 || err != nil {
		t.Errorf("a child is written as %v, %v", docs, err)
	}
}
