package incidents_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/slo"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// step is a command at so many minutes after noon.
type step struct {
	minute int
	by     string
	cmd    incidents.Command
}

var declare = incidents.Declare{Title: "Playback stalls", Severity: 2, Source: incidents.SourceAPI,
	Services: []string{"video-api"}, Started: at(-10), Detected: at(-4)}

// run applies the steps to INC-7 and returns it with its timeline.
func run(t *testing.T, steps ...step) (incidents.Incident, []incidents.TimelineEntry, error) {
	t.Helper()
	i, timeline := incidents.Incident{Ref: 7}, []incidents.TimelineEntry(nil)
	for _, s := range steps {
		next, entries, err := incidents.Apply(i, s.cmd, at(s.minute), s.by)
		if err != nil {
			return i, timeline, err
		}
		i, timeline = next, append(timeline, entries...)
	}
	return i, timeline, nil
}

func sentences(timeline []incidents.TimelineEntry) []string {
	var out []string
	for _, e := range timeline {
		out = append(out, e.At.Format("15:04")+" "+e.By+": "+e.Sentence(nil))
	}
	return out
}

func TestWholeIncident(t *testing.T) {
	t.Parallel()
	i, timeline, err := run(t,
		step{0, "ada", declare},
		step{2, "bob", incidents.Acknowledge{}},
		step{3, "bob", incidents.Assign{Role: incidents.Commander}},
		step{4, "bob", incidents.Assign{Role: incidents.Scribe, To: "cy"}},
		step{5, "cy", incidents.Note{Text: " origin returns 503 "}},
		step{6, "bob", incidents.Update{Text: "We know the cause", NextIn: 20 * time.Minute}},
		step{8, "bob", incidents.Assign{Role: incidents.Commander, To: "ada"}},
		step{10, "ada", incidents.SetSeverity{Severity: 1, Reason: "all regions"}},
		step{20, "ada", incidents.SetTime{Event: incidents.EventStarted, At: at(-12)}},
		step{30, "ada", incidents.Mitigate{How: "rolled back"}},
		step{40, "ada", incidents.Reopen{Reason: "it came back"}},
		step{50, "ada", incidents.Resolve{How: "cache rebuilt"}},
		step{60, "ada", incidents.Close{}},
	)
	if err != nil {
		t.Fatal(err)
	}
	want := incidents.Incident{
		Ref: 7, Title: "Playback stalls", Severity: 1, State: incidents.Closed, Source: incidents.SourceAPI,
		Services: []string{"video-api"},
		Times: incidents.Times{Started: at(-12), Detected: at(-4), Declared: at(0), Acknowledged: at(2),
			Mitigated: at(50), Resolved: at(50), Closed: at(60)},
		Roles:      map[incidents.Role]string{incidents.Commander: "ada", incidents.Scribe: "cy"},
		Members:    []string{"ada", "bob", "cy"},
		LastUpdate: at(6), Reopened: 1, Entries: 14, Changed: at(60),
	}
	if d := cmp.Diff(want, i); d != "" {
		t.Errorf("incident (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{
		"12:00 ada: declared as sev2: Playback stalls",
		"12:02 bob: acknowledged",
		"12:03 bob: incident commander is bob",
		"12:04 bob: scribe is cy",
		"12:05 cy: note: origin returns 503",
		"12:06 bob: update: We know the cause",
		"12:08 bob: incident commander handed off from bob to ada",
		"12:10 ada: severity changed from sev2 to sev1: all regions",
		"12:20 ada: time started corrected from 2026-03-02 11:50:00 UTC to 2026-03-02 11:48:00 UTC",
		"12:30 ada: mitigated: rolled back",
		"12:40 ada: reopened: it came back",
		"12:50 ada: mitigated",
		"12:50 ada: resolved: cache rebuilt",
		"13:00 ada: closed",
	}, sentences(timeline)); d != "" {
		t.Errorf("timeline (-want +got):\n%s", d)
	}
	for name, m := range map[string]struct {
		got  func() (time.Duration, bool)
		want time.Duration
	}{
		"detect":      {i.Times.TimeToDetect, 8 * time.Minute},
		"acknowledge": {i.Times.TimeToAcknowledge, 6 * time.Minute},
		"mitigate":    {i.Times.TimeToMitigate, 62 * time.Minute},
		"resolve":     {i.Times.TimeToResolve, 62 * time.Minute},
	} {
		if got, ok := m.got(); !ok || got != m.want {
			t.Errorf("time to %s = %v, %v; want %v", name, got, ok, m.want)
		}
	}
}

func TestJumpedSteps(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		cmd  incidents.Command
		want []string
	}{
		{"mitigating acknowledges", incidents.Mitigate{}, []string{"acknowledged", "mitigated"}},
		{"resolving does both", incidents.Resolve{How: "drained"}, []string{"acknowledged", "mitigated", "resolved: drained"}},
		{"taking command acknowledges", incidents.Assign{Role: incidents.Commander}, []string{"acknowledged", "incident commander is bob"}},
		{"naming another commander does not", incidents.Assign{Role: incidents.Commander, To: "ada"}, []string{"incident commander is ada"}},
		{"another role does not", incidents.Assign{Role: incidents.Scribe}, []string{"scribe is bob"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, timeline, err := run(t, step{0, "ada", declare}, step{1, "bob", tc.cmd})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range timeline[1:] {
				got = append(got, e.Sentence(nil))
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	with := func(edit func(*incidents.Declare)) []step {
		d := declare
		edit(&d)
		return []step{{0, "ada", d}}
	}
	open := func(cmds ...incidents.Command) []step {
		steps := []step{{0, "ada", declare}}
		for n, c := range cmds {
			steps = append(steps, step{n + 1, "ada", c})
		}
		return steps
	}
	for _, tc := range []struct {
		name  string
		steps []step
		says  string
	}{
		{"nobody", []step{{0, "", declare}}, "needs somebody"},
		{"not declared", []step{{0, "ada", incidents.Acknowledge{}}}, "INC-7 is not declared yet"},
		{"declared twice", open(declare), "INC-7 is declared, so it is not possible to declare; it is possible to: acknowledge, cancel, merge, mitigate, resolve"},
		{"acknowledged twice", open(incidents.Acknowledge{}, incidents.Acknowledge{}), "INC-7 is acknowledged, so it is not possible to acknowledge"},
		{"closed too early", open(incidents.Close{}), "not possible to close"},
		{"update of a cancelled one", open(incidents.Cancel{Reason: "test"}, incidents.Update{Text: "x"}), "INC-7 is cancelled, so it is not possible to update; it is possible to: reopen"},
		{"no title", with(func(d *incidents.Declare) { d.Title = " " }), "title is missing"},
		{"two lines", with(func(d *incidents.Declare) { d.Title = "a\nb" }), "one line"},
		{"long title", with(func(d *incidents.Declare) { d.Title = strings.Repeat("ä", 201) }), "at most 200 characters"},
		{"severity 6", with(func(d *incidents.Declare) { d.Severity = 6 }), `severity "6" is not valid: expected 1 to 5`},
		{"a service in two words", with(func(d *incidents.Declare) { d.Services = []string{"a", "b c"} }), `services[1] "b c" is not valid`},
		{"a service with a control character", with(func(d *incidents.Declare) { d.Services = []string{"a\x00"} }), "services[0]"},
		{"half an objective", with(func(d *incidents.Declare) { d.Objectives = []slo.Key{"video-api"} }), `objectives[0] "video-api"`},
		{"started after it was detected", with(func(d *incidents.Declare) { d.Started = at(-1) }), "started \"2026-03-02 11:59:00 UTC\" is not valid: expected a time not after it was detected, 2026-03-02 11:56:00 UTC"},
		{"detected in the future", with(func(d *incidents.Declare) { d.Detected = at(9) }), "detected"},
		{"an unknown role", open(incidents.Assign{Role: "captain"}), `role "captain" is not valid: expected commander`},
		{"the role is theirs", open(incidents.Assign{Role: "scribe"}, incidents.Assign{Role: "scribe"}), "scribe already"},
		{"an empty note", open(incidents.Note{}), "text is missing"},
		{"a promise that is too far", open(incidents.Update{Text: "x", NextIn: 200 * time.Hour}), "7 days"},
		{"the same severity", open(incidents.SetSeverity{Severity: 2}), "already"},
		{"reopened without a reason", open(incidents.Resolve{}, incidents.Reopen{}), "reason is missing"},
		{"a time of an unknown event", open(incidents.SetTime{Event: "end", At: noon}), `event "end" is not valid`},
		{"a time that has not come", open(incidents.SetTime{Event: "mitigated", At: noon}), "has not been mitigated"},
		{"a time in the future", open(incidents.SetTime{Event: "started", At: at(60)}), "not in the future"},
		{"a time after the end", append(open(incidents.Resolve{}, incidents.Close{}), step{30, "ada", incidents.SetTime{Event: "resolved", At: at(20)}}),
			"a time not after it was closed"},
		{"a time of an event that is never corrected", open(incidents.SetTime{Event: "closed", At: noon}), `event "closed"`},
		{"a time out of order", open(incidents.Mitigate{}, incidents.SetTime{Event: "mitigated", At: at(-30)}), "mitigated"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := run(t, tc.steps...)
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("got %v, want %q", err, tc.says)
			}
			var state *incidents.StateError
			var input *incidents.InputError
			if !errors.As(err, &state) && !errors.As(err, &input) && !errors.Is(err, incidents.ErrNobody) {
				t.Errorf("%T is not one of the documented errors", err)
			}
		})
	}
}

func TestUpdateDue(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		steps []step
		want  time.Time // zero for none
	}{
		{"by the severity, since the declaration", nil, at(60)},
		{"by the severity, since the last update", []step{{7, "ada", incidents.Update{Text: "x"}}}, at(67)},
		{"as promised", []step{{7, "ada", incidents.Update{Text: "x", NextIn: 5 * time.Minute}}}, at(12)},
		{"a new severity overrides the promise", []step{{7, "ada", incidents.Update{Text: "x", NextIn: 5 * time.Minute}},
			{8, "ada", incidents.SetSeverity{Severity: 1}}}, at(37)},
		{"still due while only mitigated", []step{{7, "ada", incidents.Mitigate{}}}, at(60)},
		{"none when it is over", []step{{7, "ada", incidents.Resolve{}}}, time.Time{}},
		{"none at severity 5", []step{{7, "ada", incidents.SetSeverity{Severity: 5}}}, time.Time{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			i, _, err := run(t, append([]step{{0, "ada", declare}}, tc.steps...)...)
			if err != nil {
				t.Fatal(err)
			}
			got, ok := i.UpdateDue()
			if !got.Equal(tc.want) || ok != !tc.want.IsZero() {
				t.Errorf("due %v, %v; want %v", got, ok, tc.want)
			}
		})
	}
}

func TestObjectivesNameServices(t *testing.T) {
	t.Parallel()
	i, _, err := run(t, step{0, "ada", incidents.Declare{Title: "x", Severity: 3, Source: incidents.SourceAlert,
		Services: []string{"web", "api", "web"}, Objectives: []slo.Key{"video-api/latency", "api/availability", "video-api/latency"}}})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"api", "video-api", "web"}, i.Services); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]slo.Key{"api/availability", "video-api/latency"}, i.Objectives); d != "" {
		t.Error(d)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]incidents.Ref{"INC-7": 7, "inc-12": 12, "3": 3, "INC-": 0, "": 0, "0": 0, "-1": 0, "+1": 0, "INC-+1": 0, "INC7": 0} {
		if got, err := incidents.ParseRef(in); got != want || (err == nil) != (want != 0) {
			t.Errorf("ParseRef(%q) = %v, %v", in, got, err)
		}
	}
	for in, want := range map[string]incidents.Severity{"1": 1, "sev5": 5, "SEV-2": 2, "Major": 2, "sev6": 0, "": 0} {
		if got, err := incidents.ParseSeverity(in); got != want || (err == nil) != (want != 0) {
			t.Errorf("ParseSeverity(%q) = %v, %v", in, got, err)
		}
	}
}

func TestAmend(t *testing.T) {
	t.Parallel()
	_, timeline, err := run(t, step{0, "ada", declare}, step{1, "ada", incidents.Note{Text: "typo"}})
	if err != nil {
		t.Fatal(err)
	}
	edited, err := incidents.Amend(timeline[1], "no typo", at(2), "bob")
	if err != nil {
		t.Fatal(err)
	}
	want := incidents.TimelineEntry{Number: 2, Kind: incidents.KindNote, At: at(1), By: "ada", Text: "no typo", Version: 2, EditedBy: "bob", EditedAt: at(2)}
	if d := cmp.Diff(want, edited); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	retracted, err := incidents.Amend(edited, "", at(3), "ada")
	if err != nil || !retracted.Retracted() || retracted.Sentence(nil) != "note retracted" {
		t.Errorf("%+v, %v", retracted, err)
	}
	if _, err := incidents.Amend(timeline[0], "x", at(2), "bob"); err == nil {
		t.Error("the declaration was rewritten")
	}
}
