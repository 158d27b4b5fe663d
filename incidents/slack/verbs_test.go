package slack_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/incidents/slack"
)

// TestVerbs: what is typed comes onto the timelines, and the people of roles into the channels.
func TestVerbs(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, typed := range []string{
		"new Playback stalls sev3 svc:video-api",
		`new "Login fails" drill`,
		"INC-1 sev2 more regions",
		"INC-1 impact svc:cdn objective:video-api/latency",
		"INC-1 impact -svc:cdn",
		"INC-1 handoff scribe <@U3>",
		"INC-1 task <@U2> drain edge 3",
		"INC-1 followup write a test",
		"INC-1 at started 11:40",
		"INC-1 comms support",
		"INC-1 comms reject 1 x",
		"INC-2 lead <@U2>",
		"INC-2 cancel it was a drill",
		"INC-2 reopen once more",
		"INC-2 link INC-1",
		"INC-2 dup INC-1",
	} {
		o.Type("U1", o.team, "/incident "+typed)
		o.idle()
	}
	want := []string{
		"ada: declared as sev3: Playback stalls",
		"ada: severity changed from sev3 to sev2: more regions",
		"ada: affected changed from video-api to cdn, video-api, video-api/latency",
		"ada: affected changed from cdn, video-api, video-api/latency to video-api, video-api/latency",
		"ada: scribe is cy",
		"ada: task 1 for bob: drain edge 3",
		"ada: follow-up 2: write a test",
		"ada: time started set to 2026-03-02 11:40:00 UTC",
		"ada: message 1 to support drafted",
		"ada: linked to INC-2",
		"ada: INC-2 was merged into this one",
	}
	got := o.timeline(1)
	for n := range got {
		got[n], _, _ = strings.Cut(got[n], ": INC-1, ")
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("INC-1 (-want +got):\n%s\n%s", d, strings.Join(o.Seen(), "\n"))
	}
	if got := o.timeline(2); got[len(got)-1] != "ada: merged into INC-1" {
		t.Errorf("INC-2: %v", got)
	}
	first, second := o.Look(o.room(1)), o.Look(o.room(2))
	if first.Name != "inc-1-playback-stalls" || second.Name != "drill-inc-2-login-fails" || !first.Members["U3"] || !second.Members["U2"] ||
		first.Topic != "INC-1 declared · sev2 · Playback stalls" || second.Topic != "INC-2 merged · Login fails · led by bob · goes on in INC-1" {
		t.Errorf("channels\n%+v\n%+v", first, second)
	}
}

// TestCommonChannelWithoutBot: the channel for everybody takes no card, and responders have theirs all the same. A card that somebody
// deletes comes again.
func TestCommonChannelWithoutBot(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(c *slack.WorkerConfig) { c.Announce = "C404" })
	ctx := context.Background()
	if _, _, err := o.store.Declare(ctx, incidents.Declare{Title: "fire", Severity: 2, Source: incidents.SourceAPI}, incidents.Caller{Subject: "ada"}); err != nil {
		t.Fatal(err)
	}
	o.seen("#inc-1-fire plimsoll: *INC-1* fire")
	o.Remove(o.room(1), 0)
	if _, _, err := o.store.Do(ctx, 1, incidents.Acknowledge{}, incidents.Caller{Subject: "bob"}); err != nil {
		t.Fatal(err)
	}
	o.seen("#inc-1-fire plimsoll: *INC-1* fire (sev2, acknowledged)", "• @bob: acknowledged")
}

// TestOldIncidentIsReminded: a reminder of an incident that has no channel yet makes it one.
func TestOldIncidentIsReminded(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx := context.Background()
	if _, _, err := o.store.Declare(ctx, incidents.Declare{Title: "fire", Severity: 2, Source: incidents.SourceAPI}, incidents.Caller{Subject: "ada"}); err != nil {
		t.Fatal(err)
	}
	o.idle()
	if _, err := o.pool.Exec(ctx, `DELETE FROM river_job; DELETE FROM slack_rooms`); err != nil {
		t.Fatal(err)
	}
	poster, err := slack.NewPoster(o.client)
	if err != nil {
		t.Fatal(err)
	}
	if err := poster.PostToIncident(ctx, 1, "Who leads <it>?"); err != nil {
		t.Fatal(err)
	}
	o.seen("#inc-1-fire-2 plimsoll: Who leads <it>?")
	if err := poster.PostToChannel(ctx, "k", o.team, "To everybody."); err != nil {
		t.Fatal(err)
	}
	o.seen("#team plimsoll: To everybody.")
}
