package incidents_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/incidents"
)

var people = rapid.SampledFrom([]string{"ada", "bob", "cy"})

// anyCommand draws any command on one of some incidents, sensible in its state or not.
func anyCommand(t *rapid.T, refs ...incidents.Ref) incidents.Command {
	text := rapid.SampledFrom([]string{"", "words"}).Draw(t, "text")
	number := rapid.IntRange(0, 3).Draw(t, "number")
	other := rapid.SampledFrom(append([]incidents.Ref{1}, refs...)).Draw(t, "other")
	commands := []incidents.Command{
		incidents.Acknowledge{},
		incidents.Assign{Role: rapid.SampledFrom(incidents.Roles()).Draw(t, "role"), To: people.Draw(t, "to")},
		incidents.Note{Text: text},
		incidents.Update{Text: text, NextIn: time.Duration(rapid.IntRange(-1, 90).Draw(t, "next")) * time.Minute},
		incidents.SetSeverity{Severity: incidents.Severity(rapid.IntRange(0, 6).Draw(t, "severity"))},
		incidents.SetTime{Event: rapid.SampledFrom(incidents.Events()).Draw(t, "event"), At: at(rapid.IntRange(-200, 400).Draw(t, "minute"))},
		incidents.Mitigate{},
		incidents.Resolve{},
		incidents.Reopen{Reason: text},
		incidents.Close{},
		incidents.Cancel{Reason: text},
		incidents.AddTask{Text: text, Owner: people.Draw(t, "owner"), Due: at(rapid.IntRange(0, 900).Draw(t, "due"))},
		incidents.FinishTask{Number: number},
		incidents.Impact{Services: []string{rapid.SampledFrom([]string{"web", "api"}).Draw(t, "service")}, Remove: rapid.Bool().Draw(t, "remove")},
		incidents.Merge{Into: other},
		incidents.Link{To: other},
		incidents.Invite{Who: people.Draw(t, "who")},
		incidents.SetPrivate{Private: rapid.Bool().Draw(t, "private")},
		incidents.DraftMessage{Audience: rapid.SampledFrom(incidents.Audiences()).Draw(t, "audience"), Text: text},
		incidents.DecideMessage{Number: number, Approve: rapid.Bool().Draw(t, "approve"), Reason: text},
		incidents.RecordSent{Number: number, Deliveries: []incidents.Delivery{{To: "list", Error: text}}},
		incidents.Happened{Kind: incidents.KindDeploy, Text: text},
		incidents.Pin{Text: text, Author: "cy"},
	}
	return rapid.SampledFrom(commands).Draw(t, "command")
}

// world is some incidents with the timelines that their commands left.
type world struct {
	incidents map[incidents.Ref]incidents.Incident
	timelines map[incidents.Ref][]incidents.TimelineEntry
}

// do gives a command and keeps what comes of it. A refused command changes nothing.
func (w *world) do(t *rapid.T, ref incidents.Ref, cmd incidents.Command, now time.Time, by string) {
	before := w.incidents[ref]
	paired, ok := cmd.(incidents.Paired)
	if !ok {
		next, entries, err := incidents.Apply(before, cmd, now, by)
		if (err == nil) != (len(entries) > 0) {
			t.Fatalf("%s: %d entries with error %v", cmd.Verb(), len(entries), err)
		}
		if err != nil && !cmp.Equal(next, before) {
			t.Fatalf("%s was refused (%v) and changed the incident", cmd.Verb(), err)
		}
		w.incidents[ref], w.timelines[ref] = next, append(w.timelines[ref], entries...)
		return
	}
	partner := paired.Partner()
	p, err := incidents.ApplyPair(before, w.incidents[partner], paired, now, by)
	if err != nil {
		return
	}
	w.incidents[ref], w.timelines[ref] = p.Incident, append(w.timelines[ref], p.Entries...)
	w.incidents[partner], w.timelines[partner] = p.Partner, append(w.timelines[partner], p.PartnerEntries...)
}

// TestAnySequence: whatever is done in whatever order, by clocks that disagree, no time between two events is negative,
// no role has two holders, no entry of a timeline and no task is lost, nobody approves what they wrote, merging goes
// round in no circle, and whoever had a part in a private incident sees it.
func TestAnySequence(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		refs := []incidents.Ref{1, 2, 3}
		w := &world{map[incidents.Ref]incidents.Incident{}, map[incidents.Ref][]incidents.TimelineEntry{}}
		for _, ref := range refs {
			w.incidents[ref] = incidents.Incident{Ref: ref}
			w.do(t, ref, declare, noon, "ada")
		}
		now := 0
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			now += rapid.IntRange(-5, 30).Draw(t, "minutes")
			w.do(t, rapid.SampledFrom(refs).Draw(t, "ref"), anyCommand(t, refs...), at(now), people.Draw(t, "by"))
		}
		for _, ref := range refs {
			i := w.incidents[ref]
			checkDurations(t, i)
			checkTimeline(t, i, w.timelines[ref])
			checkParts(t, i, w.timelines[ref])
			w.checkMerges(t, i)
		}
	})
}

// checkParts: tasks and messages are those that the timeline tells of, and members are those who had a part.
func checkParts(t *rapid.T, i incidents.Incident, timeline []incidents.TimelineEntry) {
	kinds := map[incidents.Kind]int{}
	members := map[string]bool{timeline[0].By: true}
	for _, e := range timeline {
		kinds[e.Kind]++
		if e.Kind == incidents.KindAssigned || e.Kind == incidents.KindInvited {
			members[e.Became] = true
		}
	}
	if n := kinds[incidents.KindTask] + kinds[incidents.KindFollowUp]; n != len(i.Tasks) {
		t.Fatalf("%d tasks on the timeline, %d on record", n, len(i.Tasks))
	}
	done, sent := 0, 0
	for n, task := range i.Tasks {
		if task.Number != n+1 || !task.Done.IsZero() && task.Moved != 0 {
			t.Fatalf("task %d: %+v", n+1, task)
		}
		if !task.Done.IsZero() {
			done++
		}
	}
	for n, m := range i.Messages {
		sent += len(m.Sent)
		if m.Number != n+1 || m.DecidedBy == m.By || (m.State == incidents.MessageDraft) != (m.DecidedBy == "") || m.Text == "" {
			t.Fatalf("message %d: %+v", n+1, m)
		}
		if len(m.Sent) > 0 && m.State != incidents.MessageApproved && m.State != incidents.MessageSent {
			t.Fatalf("message %d went out and is %s", n+1, m.State)
		}
	}
	if done != kinds[incidents.KindTaskDone] || sent != kinds[incidents.KindSent] || len(i.Messages) != kinds[incidents.KindDrafted] {
		t.Fatalf("%d tasks done, %d deliveries, %d messages; the timeline tells of %v", done, sent, len(i.Messages), kinds)
	}
	for member := range members {
		if !i.VisibleTo(incidents.Viewer{Subject: member}) {
			t.Fatalf("%s had a part and does not see it: %v", member, i.Members)
		}
	}
	if i.Private && i.VisibleTo(incidents.Viewer{}) || i.Private && i.VisibleTo(incidents.Viewer{Subject: "stranger"}) {
		t.Fatal("a stranger sees a private incident")
	}
}

// checkMerges follows an incident to the end, and looks for the tasks that it gave away.
func (w *world) checkMerges(t *rapid.T, i incidents.Incident) {
	if (i.State == incidents.Merged) != (i.MergedInto != 0) || (i.State == incidents.Merged) != !i.Times.Merged.IsZero() {
		t.Fatalf("%s is %s, merged into %d at %v", i.Ref, i.State, i.MergedInto, i.Times.Merged)
	}
	for n, at := 0, i; at.MergedInto != 0; n++ {
		if at = w.incidents[at.MergedInto]; n == len(w.incidents) {
			t.Fatalf("%s merges in a circle", i.Ref)
		}
	}
	for _, task := range i.Tasks {
		if task.Moved != 0 && !slices.ContainsFunc(w.incidents[task.Moved].Tasks, func(o incidents.Task) bool { return o.Text == task.Text && o.Owner == task.Owner }) {
			t.Fatalf("task %d of %s is not in %s", task.Number, i.Ref, task.Moved)
		}
	}
	for _, linked := range i.Links {
		if linked == i.Ref {
			t.Fatalf("%s is linked to itself", i.Ref)
		}
	}
}

func checkDurations(t *rapid.T, i incidents.Incident) {
	for name, f := range map[string]func() (time.Duration, bool){
		"detect": i.Times.TimeToDetect, "acknowledge": i.Times.TimeToAcknowledge,
		"mitigate": i.Times.TimeToMitigate, "resolve": i.Times.TimeToResolve,
	} {
		if d, ok := f(); ok && d < 0 {
			t.Fatalf("time to %s is %v: %+v", name, d, i.Times)
		}
	}
}

// checkTimeline replays the entries: they are numbered without gaps, in time, and each hand-off starts at the holder.
func checkTimeline(t *rapid.T, i incidents.Incident, timeline []incidents.TimelineEntry) {
	if i.Entries != len(timeline) {
		t.Fatalf("%d entries counted, %d seen", i.Entries, len(timeline))
	}
	holders := map[string]string{}
	for n, e := range timeline {
		if e.Number != n+1 {
			t.Fatalf("entry %d is numbered %d", n+1, e.Number)
		}
		if n > 0 && e.At.Before(timeline[n-1].At) {
			t.Fatalf("entry %d is before the one before it", e.Number)
		}
		if e.Kind == incidents.KindAssigned {
			if holders[e.Field] != e.Was {
				t.Fatalf("%s was held by %q and handed off from %q", e.Field, holders[e.Field], e.Was)
			}
			holders[e.Field] = e.Became
		}
	}
	if len(holders) != len(i.Roles) {
		t.Fatalf("timeline ends with roles %v, the record has %v", holders, i.Roles)
	}
	for role, holder := range i.Roles {
		if holders[string(role)] != holder {
			t.Fatalf("timeline ends with roles %v, the record has %v", holders, i.Roles)
		}
	}
}
