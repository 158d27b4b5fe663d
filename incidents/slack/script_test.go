package slack_test

import (
	"context"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/incidents/recordtest"
)

var rewrite = flag.Bool("rewrite", false, "write what is seen over the transcripts in testdata")

// script is a conversation of people with Plimsoll, written down with everything that anybody saw.
type script struct {
	*office
	b strings.Builder
}

// do takes a step and writes down what became visible by it.
func (s *script) do(what string, step func()) {
	s.t.Helper()
	s.pass(time.Minute)
	s.b.WriteString("> " + s.clock().Format("15:04") + " " + what + "\n")
	step()
	for _, line := range s.settle() {
		s.b.WriteString("  " + strings.ReplaceAll(line, "\n", "\n    ") + "\n")
	}
}

func (s *script) typed(user, channel, text string) {
	s.t.Helper()
	s.do(s.name(user)+" types in #"+s.Look(channel).Name+": "+s.Plain(text), func() { s.Type(user, channel, text) })
}

// fill fills the open modal in, and writes down what it shows at a field.
func (s *script) fill(user string, values map[string]string) {
	s.t.Helper()
	for label, problem := range s.Submit(user, values) {
		s.b.WriteString("  at the field " + label + " " + s.name(user) + " reads: " + problem + "\n")
	}
}

func (s *script) name(user string) string {
	return map[string]string{"U1": "ada", "U2": "bob", "U3": "cy", "U4": "eve"}[user]
}

// matches compares the transcript with the one that is kept.
func (s *script) matches(file string) {
	s.t.Helper()
	got := s.b.String()
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		s.t.Errorf("the transcript differs; -rewrite writes it anew (-want +got):\n%s%s", d, s.troubles())
	}
}

// TestFromAlertToClosedActionItem is an incident that is driven by nothing but what Slack sends: commands, modals, buttons, reactions
// and edits. Everything that anybody sees is in the transcript, and everything that is kept in the record, in which the same script from
// the command line ends, too (cmd/plimsoll).
func TestFromAlertToClosedActionItem(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"http", "socket"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			if way == "socket" {
				o.connectSocket()
			}
			s := &script{office: o}
			play(s)
			s.matches("testdata/transcript.txt")
			recordtest.Matches(t, "testdata/record.json", recordtest.Read(t, o.store, o.postmortems, 1), *rewrite)
		})
	}
}

func play(s *script) {
	ctx := context.Background()
	s.do("an alert declares an incident", func() {
		if _, _, err := s.store.Declare(ctx, incidents.Declare{Title: "Playback stalls", Severity: 2, Services: []string{"video-api"},
			Source: incidents.SourceAlert, DedupKey: "alert/1", Started: s.clock().Add(-5 * time.Minute)}, incidents.Caller{Subject: "alerts", System: true}); err != nil {
			s.t.Fatal(err)
		}
	})
	room := s.room(1)
	s.do("ada presses Acknowledge", func() { s.Press("U1", room, "Acknowledge") })
	s.do("ada presses Take command", func() { s.Press("U1", room, "Take command") })
	s.typed("U1", room, "/incident ops <@U2|bob>")
	s.typed("U2", room, "/incident note the cache was rebuilt at 11:50")
	var pinned, task, later string
	s.do("bob and ada talk; ada reacts with a pushpin, a check mark and a repeat sign", func() {
		pinned = s.Say("U2", room, "origin answers 503 since the <https://deploys.example/42|deploy>")
		task = s.Say("U2", room, "somebody has to roll 42 back")
		later = s.Say("U1", room, "we need a test for a cold cache")
		s.React("U1", room, pinned, "pushpin")
		s.idle()
		s.React("U1", room, task, "white_check_mark")
		s.idle()
		s.React("U1", room, later, "repeat")
	})
	s.do("bob edits what was pinned", func() { s.Edit(room, pinned, "origin answers 502 since the deploy") })
	s.typed("U1", room, "/incident update")
	s.do("ada fills the form in, wrongly at first", func() {
		s.fill("U1", map[string]string{"How does it go?": "We roll a change back.", "When does the next word come?": "soon"})
		s.fill("U1", map[string]string{"How does it go?": "We roll a change back.", "When does the next word come?": "20m"})
	})
	s.typed("U1", room, "/incident comms customers")
	s.typed("U1", room, "/incident comms approve 1")
	s.typed("U2", room, "/incident comms approve 1")
	s.typed("U2", room, "/incident done 1")
	s.typed("U2", room, "/incident mitigate rolled back to 41")
	s.do("ada presses Resolved", func() { s.Press("U1", room, "Resolved") })
	s.do("ada presses Postmortem", func() { s.Press("U1", room, "Postmortem") })
	s.typed("U1", room, "/incident item prevent p1 <@U2|bob> Rebuild the cache before traffic arrives")
	s.typed("U2", room, "/incident done")
	s.do("bob fills the form in, with a runbook that cannot be found at first", func() {
		s.fill("U2", map[string]string{"Action item": "AI-2", "What shows that it is done?": "runbook", "Where is it?": "nowhere", "What does it show?": "how to warm it"})
		s.fill("U2", map[string]string{"Action item": "AI-2", "What shows that it is done?": "test", "Where is it?": "TestWarmCache", "What does it show?": "It fails when traffic reaches a cold cache."})
	})
	s.typed("U2", room, "/incident verify AI-2")
	s.typed("U1", room, "/incident verify AI-2 I saw it fail on the old version")
	s.typed("U1", room, "/incident close")
	s.typed("U1", room, "/incident status")
}
