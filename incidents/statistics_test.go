package incidents_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
)

func TestSummarise(t *testing.T) {
	t.Parallel()
	took := func(severity incidents.Severity, detect, resolve int) incidents.Incident {
		return incidents.Incident{Severity: severity, State: incidents.Resolved, Times: incidents.Times{
			Started: noon, Detected: at(detect), Declared: at(detect), Acknowledged: at(detect + 1), Mitigated: at(resolve), Resolved: at(resolve)}}
	}
	var list []incidents.Incident
	for n := 1; n <= 10; n++ {
		list = append(list, took(2, n, 10*n))
	}
	open := incidents.Incident{State: incidents.Declared, Reopened: 1, Times: incidents.Times{Detected: noon, Declared: noon}}
	drill, cancelled, merged := took(1, 500, 900), took(1, 500, 900), took(1, 500, 900)
	drill.Drill, cancelled.State, merged.State = true, incidents.Cancelled, incidents.Merged
	got := incidents.Summarise(append(list, open, drill, cancelled, merged))

	minutes := func(count int, mean, median, p90 float64) incidents.Spread {
		return incidents.Spread{Count: count, Mean: 60 * mean, Median: 60 * median, P90: 60 * p90}
	}
	of2 := incidents.Figures{Incidents: 10, Detect: minutes(10, 5.5, 5.5, 9.1), Acknowledge: minutes(10, 1, 1, 1),
		Mitigate: minutes(10, 55, 55, 91), Resolve: minutes(10, 55, 55, 91)}
	all := of2
	all.Incidents, all.Open, all.Reopened = 11, 1, 1
	want := incidents.Statistics{Figures: all, BySeverity: []incidents.SeverityFigures{
		{Severity: 2, Figures: of2},
		{Severity: incidents.Unset, Figures: incidents.Figures{Incidents: 1, Open: 1, Reopened: 1}},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// One long incident moves the mean and not the median.
func TestSpreadOfAnOutlier(t *testing.T) {
	t.Parallel()
	var list []incidents.Incident
	for _, d := range []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute, 10 * time.Hour} {
		list = append(list, incidents.Incident{State: incidents.Resolved, Times: incidents.Times{Started: noon, Detected: noon.Add(d)}})
	}
	if got := incidents.Summarise(list).Detect; got.Median != 150 || got.Mean != (6*60+36000)/4.0 {
		t.Errorf("%+v", got)
	}
}
