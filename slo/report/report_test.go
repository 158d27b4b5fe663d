package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
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

var update = flag.Bool("update", false, "write the golden files anew")

var (
	week   = report.Week{Year: 2026, Number: 48}
	monday = week.Start()
)

func on(day, hour, minute int) time.Time {
	return monday.Add(time.Duration(day)*24*time.Hour + time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

// eventful is a week in which one service spends its budget and another does nothing.
func eventful() report.Inputs {
	objectives := []*slo.Objective{
		slotest.Objective("video-api", "availability", "API answers", 999_000_000, 30*24*time.Hour),
		slotest.Objective("video-api", "latency/p95", "95 % of answers within 300 ms", 950_000_000, 30*24*time.Hour),
		slotest.Objective("search", "availability", "Search | answers", 990_000_000, 7*24*time.Hour),
		slotest.Objective("archive", "availability", "Archive answers", 990_000_000, 7*24*time.Hour),
	}
	objectives[0].Owner = "team-video"
	l := slotest.New(objectives...)
	for at := monday.Add(-30 * 24 * time.Hour); at.Before(week.End()); at = at.Add(time.Minute) {
		bad := int64(0)
		if at.Minute() == 0 {
			bad = 1
		}
		if !at.Before(on(1, 14, 10)) && at.Before(on(1, 15, 20)) {
			bad = 60
		}
		l.Add("video-api/availability", at, 100-bad, 100)
		l.Add("video-api/latency/p95", at, 99, 100)
		if at.Before(on(3, 0, 0)) {
			l.Add("search/availability", at, 10, 10)
		}
	}
	in := report.Inputs{Week: week, Now: week.End().Add(time.Hour)}
	for _, o := range objectives {
		r, _ := l.Reader(o.Key)
		in.Objectives = append(in.Objectives, report.Source{Objective: o, Reader: r})
	}
	in.Decisions = decisions()
	in.Events = freezeEvents()
	in.Incidents = weekIncidents()
	return in
}

func decisions() []gate.Decision {
	ask := func(at time.Time, outcome, would gate.Outcome, reason gate.Reason) gate.Decision {
		return gate.Decision{At: at, Outcome: outcome, Would: would, Reason: reason, Change: gate.Change{Service: "video-api", Environment: "production"}}
	}
	return []gate.Decision{
		ask(on(-1, 23, 59), gate.Deny, "", gate.CodeRedInForce), // the week before
		ask(on(0, 9, 0), gate.Allow, "", gate.WithinBudget),
		ask(on(1, 16, 0), gate.Deny, "", gate.CodeRedInForce),
		ask(on(1, 17, 0), gate.Deny, "", gate.CodeRedInForce),
		ask(on(1, 18, 0), gate.Allow, "", gate.ExemptRollback),
		ask(on(2, 9, 0), gate.Hold, "", gate.DataStale),
		ask(on(2, 10, 0), gate.Allow, gate.Deny, gate.BudgetCaution),
		ask(on(7, 0, 0), gate.Deny, "", gate.CodeRedInForce), // the week after
	}
}

func freezeEvents() []gate.Event {
	event := func(at time.Time, kind gate.EventKind, from, to gate.Phase, reason string) gate.Event {
		return gate.Event{Kind: kind, At: at, Service: "video-api", Environment: "production", From: from, To: to, Reason: reason}
	}
	thaw := event(on(2, 12, 0), gate.Thawed, gate.CodeRed, gate.CodeRed, "the fix has to go out")
	until := on(2, 14, 0)
	thaw.Until = &until
	return []gate.Event{
		event(on(-3, 0, 0), gate.EnteredCodeRed, gate.Open, gate.CodeRed, "an older outage"),
		event(on(0, 6, 0), gate.EnteredThawing, gate.CodeRed, gate.Thawing, "budget back"),
		event(on(0, 18, 0), gate.EnteredOpen, gate.Thawing, gate.Open, "thawed"),
		event(on(1, 15, 0), gate.EnteredCodeRed, gate.Open, gate.CodeRed, "the budget of API answers is spent"),
		thaw,
	}
}

func weekIncidents() []incidents.Incident {
	return []incidents.Incident{
		{Ref: 8, Title: "API answers with 500", Severity: 2, State: incidents.Resolved, Services: []string{"video-api"}, Times: incidents.Times{
			Started: on(1, 14, 10), Detected: on(1, 14, 15), Declared: on(1, 14, 20), Acknowledged: on(1, 14, 18), Mitigated: on(1, 15, 20), Resolved: on(1, 17, 0)}},
		{Ref: 9, Title: "Search *misses* new videos", Severity: 3, State: incidents.Declared, Services: []string{"search"}, Times: incidents.Times{
			Started: on(4, 0, 0), Declared: on(4, 1, 0)}},
		{Ref: 8, Title: "A drill", Severity: 1, State: incidents.Declared, Drill: true, Services: []string{"search"}, Times: incidents.Times{Declared: on(3, 0, 0)}},
		{Ref: 7, Title: "Nothing at all", Severity: 1, State: incidents.Cancelled, Services: []string{"search"}, Times: incidents.Times{Declared: on(3, 0, 0)}},
		{Ref: 2, Title: "Long over", Severity: 1, State: incidents.Closed, Services: []string{"search"}, Times: incidents.Times{Declared: on(-9, 0, 0), Resolved: on(-8, 0, 0)}},
	}
}

func markdown(t *testing.T, r report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Markdown(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	t.Parallel()
	ongoing := eventful()
	ongoing.Now = on(2, 13, 0).Add(30 * time.Second)
	one := eventful()
	one.Service = "search"
	for name, in := range map[string]report.Inputs{
		"week": eventful(), "ongoing": ongoing, "code_red": codeRedHour(), "service": one, "empty": {Week: week, Now: week.End()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := markdown(t, report.Build(in))
			file := filepath.Join("testdata", name+".md")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("not as in %s (go test -update writes it anew):\n%s", file, d)
			}
		})
	}
}

// The same inputs in any order give the same bytes, whenever they are asked for after the week.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	in := eventful()
	want := markdown(t, report.Build(in))
	random := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		in.Now = in.Now.Add(time.Duration(random.Int64N(int64(1000 * time.Hour))))
		in.Objectives, in.Decisions = slices.Clone(in.Objectives), slices.Clone(in.Decisions)
		in.Events, in.Incidents = slices.Clone(in.Events), slices.Clone(in.Incidents)
		random.Shuffle(len(in.Objectives), func(i, j int) { in.Objectives[i], in.Objectives[j] = in.Objectives[j], in.Objectives[i] })
		random.Shuffle(len(in.Decisions), func(i, j int) { in.Decisions[i], in.Decisions[j] = in.Decisions[j], in.Decisions[i] })
		random.Shuffle(len(in.Events), func(i, j int) { in.Events[i], in.Events[j] = in.Events[j], in.Events[i] })
		random.Shuffle(len(in.Incidents), func(i, j int) { in.Incidents[i], in.Incidents[j] = in.Incidents[j], in.Incidents[i] })
		if d := cmp.Diff(want, markdown(t, report.Build(in))); d != "" {
			t.Fatal(d)
		}
	}
}

// What the command line gets as JSON writes the same Markdown as what the server has.
func TestJSONKeepsAll(t *testing.T) {
	t.Parallel()
	want := report.Build(eventful())
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got report.Report
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if strings.Contains(string(b), "null") {
		t.Errorf("has null where a list belongs: %s", b)
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	r := report.Build(eventful())
	video := r.Services[2]
	o := video.Objectives[0]
	// 168 bad events at full hours, of which one fell into the outage, and 70 minutes with 60 each.
	if o.Bad() != 167+70*60 || o.Total != 7*24*60*100 {
		t.Errorf("%v bad of %v", o.Bad(), o.Total)
	}
	if got := []time.Time{o.Worst[0].From, o.Worst[1].From, o.Worst[2].From}; !slices.Equal(got, []time.Time{on(1, 14, 0), on(1, 15, 0), on(0, 0, 0)}) {
		t.Errorf("worst hours %v", got)
	}
	if o.Start.Bad != 720 || o.Start.Spent || !o.End.Spent {
		t.Errorf("start %+v, end %+v", o.Start, o.End)
	}
	var frozen []int64
	for _, f := range video.Freezes {
		frozen = append(frozen, f.Seconds/3600)
	}
	// Monday until 6:00; Tuesday 15:00 until it is lifted by hand on Wednesday from 12:00 to 14:00; then until the end.
	if !slices.Equal(frozen, []int64{6, 21, 10 + 4*24}) || !video.Freezes[2].Ongoing {
		t.Errorf("frozen for %v hours: %+v", frozen, video.Freezes)
	}
}
