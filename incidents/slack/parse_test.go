package slack

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/slo"
)

var received = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

var ada = setting{at: received, who: people{"U1": "ada"}.subject}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text string
		ref  incidents.Ref
		verb string
		cmd  request
	}{
		{"", 0, "help", nil},
		{"help", 0, "help", nil},
		{"INC-7", 7, "status", nil},
		{"status inc-7", 7, "status", nil},
		{"list", 0, "list", nil},
		{`new "Playback stalls" sev2 svc:video-api svc:cdn since:11:50`, 0, "new", incidents.Declare{Title: "Playback stalls", Severity: 2,
			Services: []string{"video-api", "cdn"}, Started: received.Add(-10 * time.Minute), Source: incidents.SourceSlack}},
		{"new “Can’t log in” SEV1", 0, "new", incidents.Declare{Title: "Can’t log in", Severity: 1, Source: incidents.SourceSlack}},
		{"new can't log in", 0, "new", incidents.Declare{Title: "can't log in", Source: incidents.SourceSlack}},
		{`new "sev1 alerts are lost"`, 0, "new", incidents.Declare{Title: "sev1 alerts are lost", Source: incidents.SourceSlack}},
		{"new http errors 5 &lt; x since:13:00", 0, "new", incidents.Declare{Title: "http errors 5 < x",
			Started: received.Add(-23 * time.Hour), Source: incidents.SourceSlack}},
		{"ack", 0, "ack", incidents.Acknowledge{}},
		{"ACK INC-12", 12, "ack", incidents.Acknowledge{}},
		{"INC-12 lead", 12, "lead", incidents.Assign{Role: incidents.Commander}},
		{"lead <@U1|somebody>", 0, "lead", incidents.Assign{Role: incidents.Commander, To: "ada"}},
		{"ops <@U2>", 0, "ops", incidents.Assign{Role: incidents.Operations, To: "slack:U2"}},
		{"handoff comms <@U1>", 0, "handoff", incidents.Assign{Role: incidents.Communications, To: "ada"}},
		{"note <@U1> sees <https://example.com/a?b=1|this> in <#C1|ops> &amp; more\nand more", 0, "note",
			incidents.Note{Text: "@ada sees https://example.com/a?b=1 in #ops & more\nand more"}},
		{"note INC-7 is like it", 0, "note", incidents.Note{Text: "INC-7 is like it"}},
		{"update --in 30m rolled back", 0, "update", incidents.Update{Text: "rolled back", NextIn: 30 * time.Minute}},
		{"update rolled back —in 1h30m", 0, "update", incidents.Update{Text: "rolled back", NextIn: 90 * time.Minute}},
		{"update all is well", 0, "update", incidents.Update{Text: "all is well"}},
		{"sev 1 it is everybody", 0, "sev", incidents.SetSeverity{Severity: 1, Reason: "it is everybody"}},
		{"sev2", 0, "sev", incidents.SetSeverity{Severity: 2}},
		{"mitigate drained", 0, "mitigate", incidents.Mitigate{How: "drained"}},
		{"resolve INC-7", 7, "resolve", incidents.Resolve{}},
		{"reopen it is back", 0, "reopen", incidents.Reopen{Reason: "it is back"}},
		{"cancel a test", 0, "cancel", incidents.Cancel{Reason: "a test"}},
		{"new db is gone private drill", 0, "new", incidents.Declare{Title: "db is gone", Private: true, Drill: true, Source: incidents.SourceSlack}},
		{"comms", 0, "comms", incidents.Assign{Role: incidents.Communications}},
		{"comms <@U1>", 0, "comms", incidents.Assign{Role: incidents.Communications, To: "ada"}},
		{"comms customers", 0, "comms", incidents.DraftMessage{Audience: incidents.Customers}},
		{"comms Support we know of it", 0, "comms", incidents.DraftMessage{Audience: incidents.Support, Text: "we know of it"}},
		{"comms approve 2", 0, "comms", incidents.DecideMessage{Number: 2, Approve: true}},
		{"INC-7 comms reject #2 too technical", 7, "comms", incidents.DecideMessage{Number: 2, Reason: "too technical"}},
		{"task <@U1> roll back", 0, "task", incidents.AddTask{Kind: incidents.TaskNow, Text: "roll back", Owner: "ada"}},
		{"followup add a test", 0, "followup", incidents.AddTask{Kind: incidents.TaskFollowUp, Text: "add a test"}},
		{"done 2", 0, "done", incidents.FinishTask{Number: 2}},
		{"done ai-7 test TestCache fails without the fix", 0, "done", postmortem.CloseItem{ID: 7, Evidence: []postmortem.Evidence{{Kind: postmortem.EvidenceTest, Ref: "TestCache", Words: "fails without the fix"}}}},
		{"verify AI-7 seen", 0, "verify", postmortem.VerifyItem{ID: 7, Note: "seen"}},
		{"item prevent P2 <@U1> add a test", 0, "item", postmortem.AddItem{Kind: postmortem.Prevent, Priority: 2, Owner: "ada", Text: "add a test"}},
		{"item detect alert on it", 0, "item", postmortem.AddItem{Kind: postmortem.Detect, Priority: 3, Text: "alert on it"}},
		{"impact svc:cdn objective:video-api/latency", 0, "impact", incidents.Impact{Services: []string{"cdn"}, Objectives: []slo.Key{"video-api/latency"}}},
		{"impact -svc:cdn", 0, "impact", incidents.Impact{Services: []string{"cdn"}, Remove: true}},
		{"link INC-3", 0, "link", incidents.Link{To: 3}},
		{"INC-4 dup INC-3", 4, "dup", incidents.Merge{Into: 3}},
		{"invite <@U2>", 0, "invite", incidents.Invite{Who: "slack:U2"}},
		{"private INC-7", 7, "private", incidents.SetPrivate{Private: true}},
		{"postmortem INC-7", 7, "postmortem", beginPostmortem{}},
		{"close INC-7", 7, "close", incidents.Close{}},
		{"at started 11:00", 0, "at", incidents.SetTime{Event: incidents.EventStarted, At: received.Add(-time.Hour)}},
		{"at started 2026-03-01T23:00:00Z", 0, "at", incidents.SetTime{Event: incidents.EventStarted, At: received.Add(-13 * time.Hour)}},
	} {
		t.Run(tc.text, func(t *testing.T) {
			t.Parallel()
			got, err := parse(tc.text, ada)
			if err != nil {
				t.Fatal(err)
			}
			if got.ref != tc.ref || got.verb.name != tc.verb {
				t.Errorf("%s %s, want %s %s", got.ref, got.verb.name, tc.ref, tc.verb)
			}
			if d := cmp.Diff(tc.cmd, got.req); d != "" {
				t.Errorf("command (-want +got):\n%s", d)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"akc":                  `There is no verb "akc" (did you mean "ack"?).`,
		"zzzzzz":               `There is no verb "zzzzzz".`,
		"INC-7 rezolve":        `(did you mean "resolve"?)`,
		"new sev2":             "A title is missing",
		"new x since:soon":     `"soon" is no time`,
		"ack now":              `nothing may follow, and "now" does`,
		"lead @ada":            `"@ada" is nobody that Slack knows`,
		"handoff chief <@U1>":  `"chief" is no role`,
		"handoff lead":         "nobody that Slack knows",
		"sev 6":                `Severity "6" is not valid: expected 1 to 5`,
		"sev":                  "Severity is missing",
		"update --in soon x":   `"soon" is no length of time`,
		"comms custmers":       `(did you mean "customers"?)`,
		"comms approve all":    `"all" is no number of a message`,
		"impact cdn":           `"cdn" is neither svc:name`,
		"impact -svc:a svc:b":  "two commands",
		"done AI-x":            `"AI-x" is not valid`,
		"done all":             "neither the number of a task",
		"item prevnt x":        `(did you mean "prevent"?)`,
		"link":                 "expected a reference such as INC-7",
		"invite ada":           "nobody that Slack knows",
		"at started":           `"" is no time`,
		"at started yesterday": `"yesterday" is no time`,
	} {
		_, err := parse(text, ada)
		var u *usageError
		if !errors.As(err, &u) || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(says)) {
			t.Errorf("%q: got %v, want %q", text, err, says)
		}
	}
}

// FuzzParse: whatever somebody types is a command or a usage error, and a command never holds Slack's escapes.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "help", "INC-7", `new "a b" sev1 svc:x since:10:00`, "new “x", "lead <@U1>", "note <", "note &lt;&amp;lt;",
		"update --in 30m x", "at started 10:00", "sev2", "INC-99999999999999999999 ack", "handoff ops <@W9|x>", "note \xff\x00", "<!here>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		inv, err := parse(text, ada)
		var u *usageError
		switch {
		case err != nil && !errors.As(err, &u):
			t.Fatalf("%q: %T %v", text, err, err)
		case err == nil && inv.verb == nil:
			t.Fatalf("%q: neither a verb nor an error", text)
		case err == nil && (inv.req == nil) != (inv.verb.parse == nil):
			t.Fatalf("%q: verb %s with request %v", text, inv.verb.name, inv.req)
		}
		// Whatever was understood can be carried out or refused, and answered.
		if cmd, ok := inv.req.(incidents.Command); ok {
			i := incidents.Incident{Ref: 1}
			if _, declare := cmd.(incidents.Declare); !declare {
				i, _, _ = incidents.Apply(i, incidents.Declare{Title: "x", Severity: 2, Source: incidents.SourceSlack}, received, "ada")
			}
			if i, made, err := incidents.Apply(i, cmd, received, "ada"); err == nil {
				page := printer{command: "/incident"}
				page.changed(i, made)
				page.card(i, "x", "C1", "C1")
				page.topic(i)
			}
		}
		if err != nil {
			(printer{command: "/incident"}).refused(err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, text := range []string{"ack", `new "Playback stalls" sev2 svc:video-api since:11:50`} {
		b.Run(strings.Fields(text)[0], func(b *testing.B) {
			for b.Loop() {
				if _, err := parse(text, ada); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
