package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"plimsoll/incidents"
	"plimsoll/incidents/postgres"
)

var people = []string{"ada", "bob", "cy"}

// anyCommand draws a command on one of some incidents.
func anyCommand(t *rapid.T, refs []incidents.Ref, start time.Time) incidents.Command {
	number := rapid.IntRange(1, 2).Draw(t, "number")
	who := rapid.SampledFrom(people).Draw(t, "who")
	other := rapid.SampledFrom(refs).Draw(t, "other")
	return rapid.SampledFrom([]incidents.Command{
		incidents.Acknowledge{}, incidents.Mitigate{How: "drained"}, incidents.Resolve{}, incidents.Close{},
		incidents.Reopen{Reason: "again"}, incidents.Cancel{Reason: "none"},
		incidents.Assign{Role: rapid.SampledFrom(incidents.Roles()).Draw(t, "role"), To: who},
		incidents.Note{Text: "words"}, incidents.Update{Text: "news", NextIn: time.Hour}, incidents.Pin{Text: "words", Author: who},
		incidents.SetSeverity{Severity: incidents.Severity(rapid.IntRange(1, 5).Draw(t, "severity"))},
		incidents.SetTime{Event: rapid.SampledFrom(incidents.Events()).Draw(t, "event"), At: start.Add(time.Duration(rapid.IntRange(-90, 90).Draw(t, "minute")) * time.Minute)},
		incidents.AddTask{Text: "do", Owner: who, Due: start.Add(1000 * time.Hour)}, incidents.FinishTask{Number: number},
		incidents.Impact{Services: []string{"web"}, Remove: rapid.Bool().Draw(t, "remove")},
		incidents.Merge{Into: other}, incidents.Merge{Into: other}, incidents.Link{To: other},
		incidents.Invite{Who: who}, incidents.SetPrivate{Private: rapid.Bool().Draw(t, "private")},
		incidents.DraftMessage{Audience: incidents.Customers}, incidents.DecideMessage{Number: number, Approve: true},
		incidents.RecordSent{Number: number, Deliveries: []incidents.Delivery{{To: "list"}}},
	}).Draw(t, "command")
}

// TestAnySequenceThroughTheStore: what is read is what the commands returned, nothing but a command that was accepted
// leaves a trace, every entry stays, and nobody ever sees what the one rule forbids.
func TestAnySequenceThroughTheStore(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _, c := newStore(t)
	start, requests := noon, 0
	rapid.Check(t, func(t *rapid.T) {
		start = start.AddDate(0, 0, 3) // each run has days and a service of its own, so that lists stay short
		service := "s" + start.Format("20060102")
		now := start
		c.set(now)
		var refs []incidents.Ref
		timelines := map[incidents.Ref][]incidents.TimelineEntry{}
		for range 3 {
			i, made, err := s.Declare(ctx, incidents.Declare{Title: "Playback stalls", Severity: 2, Source: incidents.SourceAPI, Services: []string{service}}, by("ada"))
			if err != nil {
				t.Fatal(err)
			}
			refs, timelines[i.Ref] = append(refs, i.Ref), made
		}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(-5, 30).Draw(t, "minutes")) * time.Minute)
			c.set(now)
			ref, caller := rapid.SampledFrom(refs).Draw(t, "ref"), incidents.Caller{Subject: rapid.SampledFrom(people).Draw(t, "by")}
			if rapid.Bool().Draw(t, "requested") {
				requests++
				caller.RequestID = fmt.Sprint("r", requests)
			}
			before := mustGet(t, s, ref)
			cmd := anyCommand(t, refs, start)
			after, made, err := s.Do(ctx, ref, cmd, caller)
			if read := mustGet(t, s, ref); err != nil && !cmp.Equal(read, before) {
				t.Fatalf("%s was refused (%v) and left a trace: %s", cmd.Verb(), err, cmp.Diff(before, read))
			} else if d := cmp.Diff(after, read, cmpopts.EquateEmpty()); err == nil && d != "" {
				t.Fatalf("after %s (-returned +read):\n%s", cmd.Verb(), d)
			}
			if err == nil && caller.RequestID != "" { // delivered again
				again, remade, err := s.Do(ctx, ref, cmd, caller)
				if err != nil || !cmp.Equal(after, again, cmpopts.EquateEmpty()) || !cmp.Equal(made, remade) {
					t.Fatalf("%s again: %v\n%s", cmd.Verb(), err, cmp.Diff(after, again))
				}
			}
			if err == nil && !before.VisibleTo(caller.Viewer()) {
				t.Fatalf("%s gave a command on an incident that they do not see", caller.Subject)
			}
			timelines[ref] = append(timelines[ref], made...)
			if p, ok := cmd.(incidents.Paired); ok && err == nil { // what the partner got is not returned
				list, err := s.Timeline(ctx, system, p.Partner())
				if err != nil {
					t.Fatal(err)
				}
				timelines[p.Partner()] = append(timelines[p.Partner()], list[len(timelines[p.Partner()]):]...)
			}
		}
		for _, ref := range refs {
			checkKept(t, s, ref, timelines[ref])
			checkSeen(t, s, ref)
		}
	})
}

func mustGet(t *rapid.T, s *postgres.Store, ref incidents.Ref) incidents.Incident {
	i, err := s.Get(context.Background(), system, ref)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// checkKept: the timeline has every entry that was ever made, once and in order, and no time is negative.
func checkKept(t *rapid.T, s *postgres.Store, ref incidents.Ref, made []incidents.TimelineEntry) {
	got, err := s.Timeline(context.Background(), system, ref)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(made, got); d != "" {
		t.Fatalf("timeline of %s (-made +read):\n%s", ref, d)
	}
	i := mustGet(t, s, ref)
	for n, e := range got {
		if e.Number != n+1 || i.Entries != len(got) {
			t.Fatalf("entry %d of %d is numbered %d", n+1, i.Entries, e.Number)
		}
	}
	for _, measure := range []func() (time.Duration, bool){i.Times.TimeToDetect, i.Times.TimeToAcknowledge, i.Times.TimeToMitigate, i.Times.TimeToResolve} {
		if d, ok := measure(); ok && d < 0 {
			t.Fatalf("%s took %v: %+v", ref, d, i.Times)
		}
	}
}

// checkSeen: every read agrees with [incidents.Incident.VisibleTo].
func checkSeen(t *rapid.T, s *postgres.Store, ref incidents.Ref) {
	ctx := context.Background()
	i := mustGet(t, s, ref)
	for _, v := range []incidents.Viewer{{}, {Subject: "ada"}, {Subject: "bob"}, {Subject: "cy"}, {Subject: "operator"}, {System: true}} {
		for name, sees := range reads(ctx, s, v, i) {
			if got, err := sees(); err != nil || got != i.VisibleTo(v) {
				t.Fatalf("%s of %s (private %v, members %v) for %+v: %v, %v", name, ref, i.Private, i.Members, v, got, err)
			}
		}
	}
}

// reads are the ways to come upon an incident; each reports whether it was found.
func reads(ctx context.Context, s *postgres.Store, v incidents.Viewer, i incidents.Incident) map[string]func() (bool, error) {
	among := func(list []incidents.Incident, err error) (bool, error) {
		return slices.ContainsFunc(list, func(o incidents.Incident) bool { return o.Ref == i.Ref }), err
	}
	found := func(err error) (bool, error) {
		if err != nil && !errors.Is(err, incidents.ErrNotFound) {
			return false, err
		}
		return err == nil, nil
	}
	all := map[string]func() (bool, error){
		"get":      func() (bool, error) { _, err := s.Get(ctx, v, i.Ref); return found(err) },
		"timeline": func() (bool, error) { _, err := s.Timeline(ctx, v, i.Ref); return found(err) },
		"versions": func() (bool, error) { _, err := s.Versions(ctx, v, i.Ref, 1); return found(err) },
		"list":     func() (bool, error) { return among(s.List(ctx, v, incidents.Filter{Before: i.Ref + 1, Limit: 1})) },
		"declared": func() (bool, error) {
			return among(s.Declared(ctx, v, i.Times.Declared, i.Times.Declared.Add(time.Second)))
		},
	}
	if i.State.Open() {
		all["open"] = func() (bool, error) { return among(s.Open(ctx, v, i.Services[0])) }
	}
	if i.MergedInto != 0 {
		all["absorbed"] = func() (bool, error) { return among(s.Absorbed(ctx, v, i.MergedInto)) }
	}
	return all
}
