package slack_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"plimsoll/incidents"
	"plimsoll/incidents/slack"
	"plimsoll/incidents/slack/slacktest"
)

// TestRefusals: what is refused does nothing, and whoever asked reads why.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		do   func(o *office)
		sees string // empty for nobody sees anything
	}{
		{"an unknown verb", func(o *office) { o.Type("U1", o.team, "/incident rezolve") }, `There is no verb "rezolve" (did you mean "resolve"?)`},
		{"an unknown person", func(o *office) { o.Type("U1", o.team, "/incident INC-1 lead @zoe") }, `"@zoe" is nobody that Slack knows`},
		{"an unknown incident", func(o *office) { o.Type("U1", o.team, "/incident INC-7 ack") }, "There is no such incident: INC-7."},
		{"an expired trigger", func(o *office) { o.ExpireTriggers(true); o.Type("U1", o.team, "/incident INC-1 note") },
			"The form came too late for Slack. Type it instead:\n`/incident [INC-n] note text`"},
		{"a form while Slack is down", func(o *office) { o.Down(true); o.Type("U1", o.team, "/incident INC-1 sev"); o.Down(false) },
			"Slack did not open the form. Type it instead:\n`/incident [INC-n] sev 1-5 [reason]`"},
		{"a form that the rate does not allow", func(o *office) { o.Limit("views.open", 1); o.Type("U1", o.team, "/incident new") }, "Slack did not open the form."},
		{"no gate", func(o *office) { o.Type("U1", o.team, "/gate status") }, "The gate cannot be asked from here."},
		{"an unknown verb of the gate", func(o *office) { o.Type("U1", o.team, "/gate freze") }, `There is no verb "freze" (did you mean "freeze"?)`},
		{"a reaction in a channel that is no incident's", func(o *office) {
			o.React("U1", o.team, o.Say("U1", o.team, "lunch?"), "pushpin")
		}, ""},
		{"another reaction", func(o *office) { o.React("U1", o.room(1), o.Say("U1", o.room(1), "thanks"), "heart") }, ""},
		{"an edit of what is not pinned", func(o *office) { o.Edit(o.room(1), o.Say("U1", o.room(1), "helo"), "hello") }, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, func(c *slack.WorkerConfig) { c.Announce = "" })
			if _, _, err := o.store.Declare(context.Background(), incidents.Declare{Title: "fire", Severity: 2, Source: incidents.SourceAPI}, incidents.Caller{Subject: "ada"}); err != nil {
				t.Fatal(err)
			}
			o.settle()
			before := o.timeline(1)
			tc.do(o)
			seen := strings.Join(o.settle(), "\n")
			if !strings.Contains(seen, tc.sees) || tc.sees == "" && strings.Contains(seen, "plimsoll:") {
				t.Errorf("people see %q\nwant %q", seen, tc.sees)
			}
			if after := o.timeline(1); len(after) != len(before) {
				t.Errorf("something was done: %v", after)
			}
		})
	}
}

// TestLateForm: Slack says only after the acknowledgement that it does not open the form, and the person reads so all the same.
func TestLateForm(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ExpireTriggers(true)
	release := o.Hold("views.open")
	t.Cleanup(release)
	o.Type("U1", o.team, "/incident new") // returns once it is acknowledged
	if lines := o.Seen(); lines != nil {
		t.Errorf("people see %v before Slack has said anything", lines)
	}
	release()
	var lines []string
	o.until(func() bool {
		lines = append(lines, o.Seen()...)
		return len(lines) > 0
	})
	if !strings.HasPrefix(lines[0], "#team (only ada) plimsoll: The form came too late for Slack. Type it instead:") {
		t.Errorf("people see %q", lines)
	}
}

// TestOtherCommand: a workspace that calls the command otherwise reads so after a button, too, of which Slack names no command.
func TestOtherCommand(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(c *slack.WorkerConfig) { c.Command = "/inc" })
	o.Type("U1", o.team, "/inc new fire sev2")
	o.settle()
	o.Press("U1", o.room(1), "Resolved")
	o.seen("When did it start? `/inc INC-1 at started 14:05`")
}

// TestUnsigned: nothing that Slack did not sign, or signed long ago, is taken on any path.
func TestUnsigned(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	handlers, err := o.inbox.Handlers()
	if err != nil {
		t.Fatal(err)
	}
	body := []byte("text=ack&trigger_id=1")
	old := strconv.FormatInt(time.Now().Add(-6*time.Minute).Unix(), 10)
	for path, h := range handlers {
		for name, spoil := range map[string]func(*http.Request){
			"another secret": func(r *http.Request) {
				r.Header.Set("X-Slack-Signature", slacktest.Sign("x", r.Header.Get("X-Slack-Request-Timestamp"), body))
			},
			"no signature": func(r *http.Request) { r.Header.Del("X-Slack-Signature") },
			"a signature of old": func(r *http.Request) {
				r.Header.Set("X-Slack-Request-Timestamp", old)
				r.Header.Set("X-Slack-Signature", slacktest.Sign(slacktest.Secret, old, body))
			},
			"a signature of another time": func(r *http.Request) { r.Header.Set("X-Slack-Request-Timestamp", old) },
		} {
			r := slacktest.Request(path, "application/x-www-form-urlencoded", body)
			spoil(r)
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
				t.Errorf("%s with %s: %d", path, name, w.Code)
			}
		}
	}
	if n := o.jobs(); n != 0 {
		t.Errorf("%d jobs", n)
	}
}

func (o *office) jobs() (n int) {
	o.t.Helper()
	if err := o.pool.QueryRow(context.Background(), `SELECT count(*) FROM river_job`).Scan(&n); err != nil {
		o.t.Fatal(err)
	}
	return n
}

// TestVerification: Slack asks whether an address is ours by a challenge.
func TestVerification(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	handlers, err := o.inbox.Handlers()
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	handlers[slack.EventsPath].ServeHTTP(w, slacktest.Request(slack.EventsPath, "application/json", []byte(`{"token":"x","challenge":"3eZbrw1a","type":"url_verification"}`)))
	if w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != `{"challenge":"3eZbrw1a"}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestReplayedEvent: an event that Slack delivers again, and another person's same reaction, change nothing.
func TestReplayedEvent(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.Type("U1", o.team, "/incident new fire sev2")
	o.settle()
	room := o.room(1)
	ts := o.Say("U2", room, "it is the cache")
	event := o.React("U1", room, ts, "pushpin")
	o.idle()
	o.Again(event)
	o.Again(event)
	o.React("U2", room, ts, "pushpin")
	o.idle()
	edit := o.Edit(room, ts, "it is the origin")
	o.idle()
	o.Again(edit)
	o.Delete(room, ts)
	o.idle()
	versions, err := o.store.Versions(context.Background(), incidents.Viewer{}, 1, 2)
	if err != nil || len(o.timeline(1)) != 2 {
		t.Fatalf("timeline %v (%v)", o.timeline(1), err)
	}
	var texts []string
	for _, v := range versions {
		texts = append(texts, v.Text)
	}
	if strings.Join(texts, "|") != "it is the cache|it is the origin|" || versions[0].Field != "bob" || !strings.HasPrefix(versions[0].Became, "https://example.slack.com/archives/") {
		t.Errorf("versions %q of %+v", texts, versions[0])
	}
}

// TestRateLimit: calls that Slack does not take now are made after as long as it says, once.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(c *slack.WorkerConfig) { c.Announce = "" })
	o.Limit("conversations.create", 2)
	for _, method := range []string{"chat.postMessage", "conversations.invite", "response_url"} {
		o.Limit(method, 1)
	}
	o.Type("U1", o.team, "/incident new fire sev2")
	lines := o.seen("#team plimsoll: *INC-1* fire (sev2, declared)", "#inc-1-fire plimsoll: *INC-1* fire")
	if len(lines) != 2 {
		t.Errorf("people see\n%s", strings.Join(lines, "\n"))
	}
	if n := o.Calls("conversations.create"); n != 3 {
		t.Errorf("a channel was asked for %d times, want 3", n)
	}
}

// TestOutage: Slack is down for an hour, within which people elsewhere go on. Then everything is in the room once, in order, and
// whoever had asked in Slack is told, although the time for an answer is over.
func TestOutage(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(c *slack.WorkerConfig) { c.Announce = "" })
	ctx := context.Background()
	form := o.CommandForm("U1", o.team, "/incident new fire sev2")
	o.Down(true)
	o.SendCommand("U1", o.team, form)
	o.until(func() bool {
		_, err := o.store.Get(ctx, incidents.Viewer{}, 1)
		return err == nil
	})
	for _, text := range []string{"first", "second", "third"} {
		if _, _, err := o.store.Do(ctx, 1, incidents.Note{Text: text}, incidents.Caller{Subject: "bob"}); err != nil {
			t.Fatal(err)
		}
	}
	o.pass(time.Hour)
	o.Down(false)
	o.revive()
	lines := o.seen()
	want := []string{
		"@ada plimsoll: You asked: `/incident new fire sev2`\n*INC-1* fire (sev2, declared)\n• @ada: declared as sev2: fire",
		"#inc-1-fire plimsoll: *INC-1* fire (sev2, declared)",
		"#inc-1-fire plimsoll: • @bob: note: first\n• @bob: note: second\n• @bob: note: third",
	}
	if len(lines) != len(want) {
		t.Fatalf("people see\n%s", strings.Join(lines, "\n"))
	}
	for n := range want {
		if !strings.HasPrefix(lines[n], want[n]) {
			t.Errorf("people see %q, want %q", lines[n], want[n])
		}
	}
	if got := o.timeline(1); len(got) != 4 {
		t.Errorf("timeline %v", got)
	}
}

// until polls for something that jobs bring about.
func (o *office) until(done func() bool) {
	o.t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			o.t.Fatalf("it does not come about: %s", o.troubles())
		}
	}
}

// revive gives the jobs that ran out of attempts in a few seconds those that River would have spread over the hour.
func (o *office) revive() {
	o.t.Helper()
	if _, err := o.pool.Exec(context.Background(), `UPDATE river_job SET max_attempts = max_attempts + 50, state = 'available', finalized_at = NULL, scheduled_at = now()
		WHERE state IN ('discarded', 'retryable')`); err != nil {
		o.t.Fatal(err)
	}
}

// TestLostAnswers: Slack does what it is asked and the answer is lost on the way, again and again. Nothing is doubled.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(c *slack.WorkerConfig) { c.Announce = "" })
	ctx := context.Background()
	o.LoseAnswers(6) // the channel, its topic, its bookmarks, its card
	if _, _, err := o.store.Declare(ctx, incidents.Declare{Title: "fire", Severity: 2, Source: incidents.SourceAPI}, incidents.Caller{Subject: "ada"}); err != nil {
		t.Fatal(err)
	}
	o.seen("#inc-1-fire plimsoll: *INC-1* fire")
	o.LoseAnswers(1)
	if _, _, err := o.store.Do(ctx, 1, incidents.Note{Text: "first"}, incidents.Caller{Subject: "bob"}); err != nil {
		t.Fatal(err)
	}
	if lines := o.seen("note: first"); len(lines) != 1 {
		t.Errorf("people see\n%s", strings.Join(lines, "\n"))
	}
	poster, err := slack.NewPoster(o.client)
	if err != nil {
		t.Fatal(err)
	}
	o.LoseAnswers(1)
	for range 2 {
		if err := poster.PostToIncident(ctx, 1, "An update is due."); err != nil {
			t.Fatal(err)
		}
	}
	if lines := o.seen("#inc-1-fire plimsoll: An update is due."); len(lines) != 1 {
		t.Errorf("people see\n%s", strings.Join(lines, "\n"))
	}
	room := o.Look(o.room(1))
	if o.ChannelNamed("inc-1-fire-2") != "" || len(room.Messages) != 3 || len(room.Bookmarks) != 2 || !room.Members["U1"] {
		t.Errorf("room %+v", room)
	}
}

// TestNameTaken: a channel of the same name is somebody else's.
func TestNameTaken(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.Channel("inc-1-fire", "U4")
	o.Type("U1", o.team, "/incident new fire sev2")
	o.seen("#inc-1-fire-2 plimsoll: *INC-1* fire")
}

// TestSocketRenewed: Slack asks for another connection and nothing is lost.
func TestSocketRenewed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.connectSocket()
	o.Type("U1", o.team, "/incident new fire sev2")
	o.seen("#inc-1-fire plimsoll: *INC-1* fire")
	o.Renew()
	o.AwaitSocket()
	o.Type("U1", o.team, "/incident INC-1 ack")
	o.seen("• @ada: acknowledged")
}

// TestPrivate: outsiders see nothing of a private incident, whatever they ask and wherever; its members do.
func TestPrivate(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.Type("U1", o.team, `/incident new "Keys leaked" sev1 private`)
	lines := o.seen("#team (only ada) plimsoll: *INC-1* Keys leaked (sev1, declared, private)", "#inc-1 plimsoll: *INC-1* Keys leaked")
	for _, line := range lines {
		if !strings.HasPrefix(line, "#team (only ada)") && !strings.HasPrefix(line, "#inc-1 ") {
			t.Errorf("others see %q", line)
		}
	}
	room := o.room(1)
	if c := o.Look(room); !c.Private || c.Members["U4"] || !c.Members["U1"] {
		t.Errorf("room %+v", c)
	}
	for _, typed := range []string{"list", "status", "INC-1", "INC-1 status", "INC-1 ack", "ack", "INC-1 postmortem", "INC-1 private", "INC-1 dup INC-1", "INC-1 note x", "done AI-1 test T x"} {
		for _, channel := range []string{o.team, room} { // somebody let an outsider in by hand
			o.Type("U4", channel, "/incident "+typed)
			seen := strings.Join(o.settle(), "\n")
			if !strings.Contains(seen, "(only eve)") || strings.Contains(seen, "Keys") || strings.Contains(seen, "sev1") || strings.Contains(seen, "private") {
				t.Errorf("%q tells an outsider %q", typed, seen)
			}
		}
	}
	o.Type("U4", o.team, "/incident INC-2 ack")
	unknown := strings.Join(o.settle(), "\n")
	o.Type("U4", o.team, "/incident INC-1 ack")
	if hidden := strings.Join(o.settle(), "\n"); strings.ReplaceAll(hidden, "INC-1", "INC-2") != unknown {
		t.Errorf("a private incident is refused with %q, an unknown one with %q", hidden, unknown)
	}
	if got := o.timeline(1); len(got) != 1 {
		t.Errorf("an outsider changed something: %v", got)
	}
	o.Bring("U1", "U4", room) // a member brings them in, who is a member now
	o.seen("#inc-1 plimsoll: • @ada: @eve invited")
	o.Type("U4", room, "/incident ack")
	o.seen("#inc-1 plimsoll: • @eve: acknowledged")
}

// TestBecomesPrivate: what everybody saw of an incident is taken back, and it goes on in a private channel.
func TestBecomesPrivate(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.Type("U1", o.team, "/incident new fire sev2")
	o.settle()
	public := o.room(1)
	o.Type("U1", public, "/incident private")
	o.seen("#team plimsoll deleted a message", "#inc-1 plimsoll: *INC-1* fire (sev2, declared, private)")
	if c := o.Look(public); !c.Archived {
		t.Errorf("the public channel is %+v", c)
	}
	if c := o.Look(o.room(1)); !c.Private || c.ID == public {
		t.Errorf("the private channel is %+v", c)
	}
}
