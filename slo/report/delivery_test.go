package report_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
	"plimsoll/slo/report"
	"plimsoll/slo/slotest"
)

// TestDelivery tells of a week in which three changes ended, one of them badly.
func TestDelivery(t *testing.T) {
	t.Parallel()
	week, err := report.ParseWeek("2026-W48")
	if err != nil {
		t.Fatal(err)
	}
	at := func(hours float64) time.Time { return week.Start().Add(time.Duration(hours * float64(time.Hour))) }
	o := slotest.Objective("video-api", "availability", "API answers", slo.One/1000*999, 30*24*time.Hour)
	ledger := slotest.New(o)
	ledger.Add(o.Key, at(1), 999, 1000)
	reader, _ := ledger.Reader(o.Key)
	deploy := func(ref deploys.Ref, environment string, decision int64, started, finished float64) deploys.Deploy {
		return deploys.Deploy{Ref: ref, Service: "video-api", Environment: environment, Class: gate.Feature, Decision: decision, State: deploys.Finished,
			Committed: at(started - 2), Started: at(started), Finished: at(finished)}
	}
	bad := deploy(2, "production", 8, 20, 21)
	bad.State, bad.Failed, bad.RolledBack = deploys.RolledBack, at(22), at(22.5)
	other := deploy(5, "production", 9, 30, 31)
	other.Service = "search"
	in := report.Inputs{Week: week, Now: at(1000), Objectives: []report.Source{{Objective: o, Reader: reader}}, Deploys: []deploys.Deploy{
		deploy(1, "production", 7, 10, 11), bad, deploy(3, "production", 0, 40, 42), deploy(4, "staging", 0, 1, 2), other, deploy(6, "production", 7, -20, -19),
	}}
	r := report.Build(in)
	rate := 1.0 / 3
	none := 0.0
	measures := func(environment string) deploys.Measures {
		return deploys.Measures{Service: "video-api", Environment: environment, From: week.Start(), To: week.End()}
	}
	production, staging := measures("production"), measures("staging")
	production.Deployments, production.PerDay, production.Ended, production.Failures, production.ChangeFailureRate = 3, 3.0/7, 3, 1, &rate
	production.LeadTime = deploys.Durations{Count: 3, MedianSeconds: 3 * 3600, P90Seconds: 4 * 3600}
	production.Recovery = deploys.Durations{Count: 1, MedianSeconds: 1800, P90Seconds: 1800}
	staging.Deployments, staging.PerDay, staging.Ended, staging.ChangeFailureRate = 1, 1.0/7, 1, &none
	staging.LeadTime = deploys.Durations{Count: 1, MedianSeconds: 3 * 3600, P90Seconds: 3 * 3600}
	want := []report.Delivery{{Measures: production, Ungated: 1}, {Measures: staging, Ungated: 1}}
	if diff := cmp.Diff(want, r.Services[0].Delivery); diff != "" {
		t.Error(diff)
	}
	if sentence := "4 changes were deployed; 1 of 4 had to be put right; 2 went out without the gate's leave."; !slices.Contains(r.Summary, sentence) {
		t.Errorf("%q", r.Summary)
	}
	alone := in
	alone.Deploys = []deploys.Deploy{{Ref: 7, Service: "video-api", Environment: "production", Class: gate.Feature, State: deploys.Started, Started: at(3)}}
	if sentence := "No change was deployed; one went out without the gate's leave."; !slices.Contains(report.Build(alone).Summary, sentence) {
		t.Errorf("of one that has not ended: %q", report.Build(alone).Summary)
	}
	var b bytes.Buffer
	if err := report.Markdown(&b, r); err != nil {
		t.Fatal(err)
	}
	if row := "| production | 3 | 0.4 | 3 h (3) | 33.4 % (1 of 3) | 30 min (1) | 0 | 1 |\n| staging | 1 | 0.1 | 3 h (1) | 0.0 % (0 of 1) | – | 0 | 1 |\n"; !strings.Contains(b.String(), row) {
		t.Error(b.String())
	}
}
