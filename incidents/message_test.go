package incidents_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
)

func TestMessageGoesOutAfterAnotherApproves(t *testing.T) {
	t.Parallel()
	i, timeline, err := run(t,
		step{0, "ada", declare},
		step{1, "ada", incidents.DraftMessage{Audience: incidents.Customers, Text: "Videos stall."}},
		step{2, "bob", incidents.DecideMessage{Number: 1, Approve: true}},
		step{3, "plimsoll", incidents.RecordSent{Number: 1, Deliveries: []incidents.Delivery{{To: "#status", Error: "no such channel"}}}},
		step{4, "plimsoll", incidents.RecordSent{Number: 1, Deliveries: []incidents.Delivery{{To: "status page", At: at(3)}}}},
		step{5, "bob", incidents.DraftMessage{Audience: incidents.Support, Text: "x"}},
		step{6, "ada", incidents.DecideMessage{Number: 2, Reason: "says nothing"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	want := []incidents.Message{
		{Number: 1, Audience: incidents.Customers, Text: "Videos stall.", State: incidents.MessageSent, By: "ada", DecidedBy: "bob", At: at(1), Decided: at(2),
			Sent: []incidents.Delivery{{To: "#status", At: at(3), Error: "no such channel"}, {To: "status page", At: at(3)}}},
		{Number: 2, Audience: incidents.Support, Text: "x", State: incidents.MessageRejected, By: "bob", DecidedBy: "ada", At: at(5), Decided: at(6)},
	}
	if d := cmp.Diff(want, i.Messages); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{
		"12:01 ada: message 1 to customers drafted: Videos stall.",
		"12:02 bob: message 1 to customers approved",
		"12:03 plimsoll: message 1 to customers sent: not to #status (no such channel)",
		"12:04 plimsoll: message 1 to customers sent: to status page",
		"12:05 bob: message 2 to support drafted: x",
		"12:06 ada: message 2 to support rejected: says nothing",
	}, sentences(timeline[1:])); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestResponseRefusals(t *testing.T) {
	t.Parallel()
	open := func(cmds ...incidents.Command) []step {
		steps := []step{{0, "ada", declare}}
		for n, c := range cmds {
			steps = append(steps, step{n + 1, "ada", c})
		}
		return steps
	}
	draft := incidents.DraftMessage{Audience: incidents.Support, Text: "x"}
	delivery := []incidents.Delivery{{To: "list"}}
	for _, tc := range []struct {
		name  string
		steps []step
		says  string
	}{
		{"approved by its author", open(draft, incidents.DecideMessage{Number: 1, Approve: true}), "somebody else than who wrote the message"},
		{"rejected by its author", open(draft, incidents.DecideMessage{Number: 1, Reason: "x"}), "somebody else"},
		{"rejected without a reason", append(open(draft), step{2, "bob", incidents.DecideMessage{Number: 1}}), "reason is missing"},
		{"decided twice", append(open(draft), step{2, "bob", incidents.DecideMessage{Number: 1, Approve: true}}, step{3, "cy", incidents.DecideMessage{Number: 1, Reason: "x"}}), "it is approved"},
		{"sent before it was approved", open(draft, incidents.RecordSent{Number: 1, Deliveries: delivery}), "an approved one: it is draft"},
		{"a message that is not there", open(incidents.RecordSent{Number: 2, Deliveries: delivery}), "one of its 0 messages"},
		{"an unknown audience", open(incidents.DraftMessage{Audience: "press"}), `audience "press"`},
		{"sent to nobody", append(open(draft), step{2, "bob", incidents.DecideMessage{Number: 1, Approve: true}}, step{3, "ada", incidents.RecordSent{Number: 1}}), "deliveries is missing"},
		{"an unknown kind of task", open(incidents.AddTask{Kind: "chore", Text: "x"}), `kind "chore"`},
		{"a task due in the past", open(incidents.AddTask{Text: "x", Due: noon}), "a time to come"},
		{"a task due beyond all years", open(incidents.AddTask{Text: "x", Due: time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -7200))}), "before the year 10000"},
		{"a task done twice", open(incidents.AddTask{Text: "x"}, incidents.FinishTask{Number: 1}, incidents.FinishTask{Number: 1}), "not done yet"},
		{"affected already", open(incidents.Impact{Services: []string{"video-api"}}), "not affected yet"},
		{"not affected", open(incidents.Impact{Services: []string{"web"}, Remove: true}), "something that is affected"},
		{"invited twice", open(incidents.Invite{Who: "ada"}), "not a member yet"},
		{"private already", open(incidents.SetPrivate{Private: true}, incidents.SetPrivate{Private: true}), "already"},
		{"an event of another kind", open(incidents.Happened{Kind: incidents.KindNote, Text: "x"}), "alert, deploy or decision"},
		{"a control character", open(incidents.Pin{Text: "a\x00b"}), "text in UTF-8"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := run(t, tc.steps...); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("got %v, want %q", err, tc.says)
			}
		})
	}
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	open := after(t, 7)
	unset := declare
	unset.Severity, unset.Drill = incidents.Unset, true
	drill, _, err := incidents.Apply(incidents.Incident{Ref: 7}, unset, noon, "ada")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := incidents.ApplyPair(open, after(t, 8), incidents.Merge{Into: 8}, at(5), "ada")
	if err != nil {
		t.Fatal(err)
	}
	merged := pair.Incident
	for _, tc := range []struct {
		name string
		to   incidents.Audience
		i    incidents.Incident
		at   time.Time
		want string
	}{
		{"customers", incidents.Customers, open, at(1), `What is affected: Playback stalls.
Who notices: Many customers notice it.
What we do: We are finding people to work on it.
Next word: at 13:00 UTC, or earlier if there is news.`},
		{"executives", incidents.Executives, after(t, 7, incidents.Mitigate{}), at(90), `INC-7, severity 2 (major).
What is affected: Playback stalls (video-api).
Who notices: Many customers noticed it.
What we do: Customers no longer notice it. We are making sure that it stays that way.
Next word: shortly.`},
		{"support", incidents.Support, after(t, 7, incidents.Resolve{}), at(90), `INC-7, severity 2 (major).
What is affected: Playback stalls (video-api).
Who notices: Many customers noticed it.
What we do: It is over. We are looking into what we can learn from it.
What to tell customers who ask: it is over, and we want to hear from whoever still notices it.
Next word: none; this is the last one.`},
		{"one that was none", incidents.Support, after(t, 7, incidents.Cancel{Reason: "a test"}), at(90), `INC-7, severity 2 (major).
What is affected: Playback stalls (video-api).
Who notices: Nobody.
What we do: It turned out that nothing was wrong.
What to tell customers who ask: it is over, and we want to hear from whoever still notices it.
Next word: none; this is the last one.`},
		{"one that goes on as another", incidents.Customers, merged, at(90), `What is affected: Playback stalls.
Who notices: Many customers notice it.
What we do: It is part of a larger problem, on which we are working.
Next word: with the news of that problem.`},
		{"a drill of unknown severity", incidents.Customers, drill, at(1), `This is a drill.
What is affected: Playback stalls.
Who notices: We do not know yet how many customers notice it.
What we do: We are finding people to work on it.
Next word: as soon as there is news.`},
	} {
		if d := cmp.Diff(tc.want, incidents.Template(tc.to, tc.i, tc.at)); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, d)
		}
	}
}

// TestTemplateAlwaysSaysAll: whatever the incident, each of the four things is said, to every audience.
func TestTemplateAlwaysSaysAll(t *testing.T) {
	t.Parallel()
	for _, a := range incidents.Audiences() {
		for _, state := range incidents.States() {
			for _, s := range append(incidents.Severities(), incidents.Unset) {
				text := incidents.Template(a, incidents.Incident{Title: "T", State: state, Severity: s, Times: incidents.Times{Declared: noon}}, noon)
				for _, part := range []string{"What is affected: ", "Who notices: ", "What we do: ", "Next word: "} {
					_, after, found := strings.Cut(text, part)
					if line, _, _ := strings.Cut(after, "\n"); !found || len(line) < 2 || !strings.HasSuffix(line, ".") {
						t.Errorf("%s, %s, %s: %q in\n%s", a, state, s, part, text)
					}
				}
			}
		}
	}
}
