package report_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/report"
	"plimsoll/slo/slotest"
)

// began is when Code Red begins in codeRedHour.
var began = on(1, 15, 0).Add(5 * time.Second)

// codeRedHour is the first report after a Code Red, asked 20 seconds later: everything that matters has happened in the
// running minute, up to the very instant of asking.
func codeRedHour() report.Inputs {
	o := slotest.Objective("video-api", "availability", "API answers", 999_000_000, 30*24*time.Hour)
	o.Owner = "team-video"
	l := slotest.New(o)
	for at := on(-1, 0, 0); at.Before(began.Truncate(time.Minute)); at = at.Add(time.Minute) {
		l.Add(o.Key, at, 100, 100)
	}
	l.Add(o.Key, began, 600, 1000)
	r, _ := l.Reader(o.Key)
	now := began.Add(20 * time.Second)
	ask := func(at time.Time, outcome gate.Outcome, reason gate.Reason) gate.Decision {
		return gate.Decision{At: at, Outcome: outcome, Reason: reason, Change: gate.Change{Service: "video-api", Environment: "production"}}
	}
	return report.Inputs{
		Week: week, Now: now,
		Objectives: []report.Source{{Objective: o, Reader: r}},
		Decisions: []gate.Decision{
			ask(on(1, 9, 0), gate.Allow, gate.WithinBudget),
			ask(began.Add(10*time.Second), gate.Deny, gate.CodeRedInForce),
			ask(now, gate.Deny, gate.CodeRedInForce),
			ask(now.Add(time.Second), gate.Deny, gate.CodeRedInForce),
		},
		Events: []gate.Event{{Kind: gate.EnteredCodeRed, At: began, Service: "video-api", Environment: "production",
			From: gate.Open, To: gate.CodeRed, Reason: "the budget is spent"}},
		Incidents: []incidents.Incident{
			{Ref: 3, Title: "Uploads are slow", Severity: 1, State: incidents.Resolved, Services: []string{"video-api"},
				Times: incidents.Times{Started: on(0, 9, 0), Declared: on(0, 9, 0), Resolved: on(0, 10, 0)}},
			{Ref: 4, Title: "Code Red: video-api has spent the error budget of API answers", Severity: 2, State: incidents.Declared,
				Source: incidents.SourceCodeRed, Services: []string{"video-api"}, Times: incidents.Times{Started: began, Declared: now}},
		},
	}
}

func TestCodeRedHour(t *testing.T) {
	t.Parallel()
	r := report.Build(codeRedHour())
	want := []string{
		"0 of 1 objectives with traffic kept their promise; missed: API answers (video-api).",
		"One error budget is spent: API answers (video-api) stands at −5.6 %.",
		"3 releases asked at the gate: 1 allowed, 2 denied, 0 held back because it could not be decided.",
		"Releases of video-api to production are frozen since 2026-11-24 15:00 UTC.",
		"There were 2 incidents; the most severe was INC-3 of severity 1 (Uploads are slow); the longest took 1 h to resolve; one is not resolved.",
		"The Code Red incident INC-4 of severity 2 is open since 2026-11-24 15:00 UTC (Code Red: video-api has spent the error budget of API answers).",
	}
	if d := cmp.Diff(want, r.Summary); d != "" {
		t.Errorf("summary (-want +got):\n%s", d)
	}
	alone := codeRedHour()
	alone.Incidents = alone.Incidents[1:]
	if d := cmp.Diff(slices.Delete(slices.Clone(want), 4, 5), report.Build(alone).Summary); d != "" {
		t.Errorf("summary with this incident alone (-want +got):\n%s", d)
	}
	if o := r.Services[0].Objectives[0]; o.Bad() != 400 || !o.End.Spent {
		t.Errorf("%v bad, %+v", o.Bad(), o.End)
	}
	f := r.Services[0].Freezes
	if len(f) != 1 || !f[0].Ongoing || !f[0].From.Equal(began) || f[0].Seconds != 20 {
		t.Errorf("freezes %+v", f)
	}
	if !r.Until.Equal(began.Add(20*time.Second)) || r.Complete {
		t.Errorf("until %v, complete %v", r.Until, r.Complete)
	}
}

// What happens at the very instant of asking is part of the report.
func TestInstantOfAsking(t *testing.T) {
	t.Parallel()
	in := codeRedHour()
	in.Now = began
	r := report.Build(in)
	if f := r.Services[0].Freezes; len(f) != 1 || !f[0].Ongoing || f[0].Seconds != 0 {
		t.Errorf("freezes %+v", f)
	}
	if !slices.Contains(r.Summary, "Releases of video-api to production are frozen since 2026-11-24 15:00 UTC.") {
		t.Errorf("summary %q", r.Summary)
	}
}

// The report of a running week reads the same figures as slo.Evaluate does.
func TestBudgetIsThatOfNow(t *testing.T) {
	t.Parallel()
	in := codeRedHour()
	got := report.Build(in).Services[0].Objectives[0].End
	want := slo.Evaluate(in.Objectives[0].Objective, in.Objectives[0].Reader, in.Now)
	if got.Remaining != want.Budget.Remaining || got.Bad != float64(want.Budget.Bad()) || got.Coverage != want.Window.Coverage() {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A freeze that began in an earlier week is frozen since then, though only this week's share is counted.
func TestFrozenSinceBeforeTheWeek(t *testing.T) {
	t.Parallel()
	in := codeRedHour()
	in.Events[0].At = on(-2, 3, 0)
	r := report.Build(in)
	if !slices.Contains(r.Summary, "Releases of video-api to production are frozen since 2026-11-21 03:00 UTC.") {
		t.Errorf("summary %q", r.Summary)
	}
	if f := r.Services[0].Freezes[0]; !f.From.Equal(monday) {
		t.Errorf("counted from %v", f.From)
	}
}

// A source that was seen without a break since it was first seen needs no repair, however new it is.
func TestCoverageAdvice(t *testing.T) {
	t.Parallel()
	first := on(2, 10, 0)
	for _, tc := range []struct {
		name       string
		now        time.Time
		every      time.Duration // between observations
		rule, text string
		says       string
	}{
		{"new", first.Add(30 * time.Minute), time.Minute, "measured-since", `"API answers" is measured since Wednesday 10:00 UTC`, "Measured since Wednesday 10:00 UTC only: API answers (video-api)."},
		{"new, week over", week.End(), time.Minute, "measured-since", `"API answers" is measured since Wednesday 10:00 UTC`, ""},
		{"new with gaps", first.Add(10 * time.Hour), 2 * time.Minute, "measurement-first", "it was seen for only 50.0 % of the time since Wednesday 10:00 UTC", "was seen 50.0 % of the time since Wednesday 10:00 UTC"},
		{"known from before", on(0, 6, 0), time.Minute, "room-to-spend", "", ""},
		{"known from before, week just begun", monday.Add(5 * time.Second), time.Minute, "go-on", "", "the lowest is that of"},
		{"never seen", on(2, 9, 0), time.Minute, "measurement-first", "it was seen for only 0.0 % of the week", "was seen 0.0 % of the time."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := slotest.Objective("video-api", "availability", "API answers", 999_000_000, 30*24*time.Hour)
			l := slotest.New(o)
			from := first
			if strings.HasPrefix(tc.name, "known") {
				from = on(-1, 0, 0)
			}
			for at := from; at.Before(tc.now.Truncate(time.Minute)); at = at.Add(tc.every) {
				l.Add(o.Key, at, 100, 100)
			}
			r, _ := l.Reader(o.Key)
			got := report.Build(report.Inputs{Week: week, Now: tc.now, Objectives: []report.Source{{Objective: o, Reader: r}}})
			if a := got.Services[0].Advice; a.Rule != tc.rule || !strings.Contains(a.Text, tc.text) {
				t.Errorf("advice %+v", a)
			}
			if s := strings.Join(got.Summary, "\n"); !strings.Contains(s, tc.says) {
				t.Errorf("summary without %q:\n%s", tc.says, s)
			}
		})
	}
}
