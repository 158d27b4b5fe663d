package incidents_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"plimsoll/incidents"
)

var people = rapid.SampledFrom([]string{"ada", "bob", "cy"})

// anyCommand draws any command, sensible in the incident's state or not.
func anyCommand(t *rapid.T) incidents.Command {
	text := rapid.SampledFrom([]string{"", "words"}).Draw(t, "text")
	switch rapid.IntRange(0, 10).Draw(t, "command") {
	case 0:
		return incidents.Acknowledge{}
	case 1:
		return incidents.Assign{Role: rapid.SampledFrom(incidents.Roles()).Draw(t, "role"), To: people.Draw(t, "to")}
	case 2:
		return incidents.Note{Text: text}
	case 3:
		return incidents.Update{Text: text, NextIn: time.Duration(rapid.IntRange(-1, 90).Draw(t, "next")) * time.Minute}
	case 4:
		return incidents.SetSeverity{Severity: incidents.Severity(rapid.IntRange(0, 6).Draw(t, "severity"))}
	case 5:
		return incidents.SetTime{Event: rapid.SampledFrom(incidents.Events()).Draw(t, "event"),
			At: at(rapid.IntRange(-200, 400).Draw(t, "minute"))}
	case 6:
		return incidents.Mitigate{}
	case 7:
		return incidents.Resolve{}
	case 8:
		return incidents.Reopen{Reason: text}
	case 9:
		return incidents.Close{}
	default:
		return incidents.Cancel{Reason: text}
	}
}

// TestAnySequence: whatever is done in whatever order, by clocks that disagree, no time between two events is negative,
// no role has two holders, and no entry of the timeline is lost.
func TestAnySequence(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		i, timeline, err := incidents.Apply(incidents.Incident{Ref: 1}, declare, noon, "ada")
		if err != nil {
			t.Fatal(err)
		}
		now := 0
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			now += rapid.IntRange(-5, 30).Draw(t, "minutes")
			cmd := anyCommand(t)
			before := i
			next, entries, err := incidents.Apply(i, cmd, at(now), people.Draw(t, "by"))
			if (err == nil) != (len(entries) > 0) {
				t.Fatalf("%s: %d entries with error %v", cmd.Verb(), len(entries), err)
			}
			if err != nil {
				if next.Entries != before.Entries || next.State != before.State || next.Changed != before.Changed {
					t.Fatalf("%s was refused (%v) and changed the incident", cmd.Verb(), err)
				}
				continue
			}
			i, timeline = next, append(timeline, entries...)
		}
		checkDurations(t, i)
		checkTimeline(t, i, timeline)
	})
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
