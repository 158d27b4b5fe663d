package slack_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"plimsoll/incidents"
	"plimsoll/incidents/slack"
	slackpg "plimsoll/incidents/slack/postgres"
)

// meanwhile is a store of rooms that lets something happen just before a job takes a room or keeps a step.
type meanwhile struct {
	*slackpg.Store
	mu     sync.Mutex
	before func(step string, r slack.Room) (done bool) // nil once it is done
}

func (m *meanwhile) happens(step string, r slack.Room) {
	m.mu.Lock()
	f := m.before
	m.before = nil
	m.mu.Unlock()
	if f != nil && !f(step, r) {
		m.mu.Lock()
		m.before = f
		m.mu.Unlock()
	}
}

func (m *meanwhile) Lease(ctx context.Context, ref incidents.Ref) (slack.Room, bool, error) {
	m.happens("lease", slack.Room{Incident: ref})
	return m.Store.Lease(ctx, ref)
}

func (m *meanwhile) Save(ctx context.Context, r slack.Room) error {
	err := m.Store.Save(ctx, r)
	m.happens("save", r)
	return err
}

// newMeanwhile is an office in which things happen between two steps of a job.
func newMeanwhile(t *testing.T) (*office, *meanwhile) {
	m := &meanwhile{}
	o := newOffice(t, func(c *slack.WorkerConfig) {
		m.Store = c.Rooms.(*slackpg.Store)
		c.Rooms = m
	})
	return o, m
}

func (m *meanwhile) set(before func(step string, r slack.Room) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.before = before
}

func (o *office) hide(ref incidents.Ref) {
	if _, _, err := o.store.Do(context.Background(), ref, incidents.SetPrivate{Private: true}, incidents.Caller{Subject: "ada"}); err != nil {
		o.t.Error(err)
	}
}

// onlyInRoom checks that the channel for everybody says nothing of a private incident.
func (o *office) onlyInRoom(title string) {
	o.t.Helper()
	for _, m := range o.Look(o.team).Messages {
		if strings.Contains(m.Text, title) {
			o.t.Errorf("everybody reads %q of a private incident", m.Text)
		}
	}
	room := o.Look(o.room(1))
	if !room.Private || !strings.Contains(room.Topic, title) {
		o.t.Errorf("the room is %+v", room)
	}
}

// TestBecomesPrivateBeforeTheRoomIsFree: a job that waited for the room while another withdrew everything shows nothing again.
func TestBecomesPrivateBeforeTheRoomIsFree(t *testing.T) {
	t.Parallel()
	o, m := newMeanwhile(t)
	ctx := context.Background()
	if _, _, err := o.store.Declare(ctx, incidents.Declare{Title: "Keys leaked", Severity: 2, Source: incidents.SourceAPI}, incidents.Caller{Subject: "ada"}); err != nil {
		t.Fatal(err)
	}
	o.settle()
	m.set(func(string, slack.Room) bool {
		o.hide(1)
		o.until(func() bool {
			r, err := o.rooms.Of(ctx, 1)
			var held bool
			if err == nil {
				err = o.pool.QueryRow(ctx, `SELECT lease IS NOT NULL FROM slack_rooms WHERE incident = 1`).Scan(&held)
			}
			return err == nil && r.Private && r.Told == 3 && !held
		})
		return true
	})
	if _, _, err := o.store.Do(ctx, 1, incidents.Note{Text: "the old keys are revoked"}, incidents.Caller{Subject: "ada"}); err != nil {
		t.Fatal(err)
	}
	o.settle()
	o.onlyInRoom("Keys leaked")
}

// TestBecomesPrivateWithACardInDoubt: a card of which nobody knows whether Slack took it is withdrawn like any other.
func TestBecomesPrivateWithACardInDoubt(t *testing.T) {
	t.Parallel()
	o, m := newMeanwhile(t)
	m.set(func(step string, r slack.Room) bool {
		if step != "save" || !strings.HasSuffix(r.Carding, "/"+o.team) {
			return false
		}
		o.LoseAnswers(1)
		o.hide(1)
		return true
	})
	if _, _, err := o.store.Declare(context.Background(), incidents.Declare{Title: "Keys leaked", Severity: 2, Source: incidents.SourceAPI}, incidents.Caller{Subject: "ada"}); err != nil {
		t.Fatal(err)
	}
	o.settle()
	o.onlyInRoom("Keys leaked")
}

// TestNameTakenAndAnswerLost: the channel of the second name is made and the answer is lost. There is no third.
func TestNameTakenAndAnswerLost(t *testing.T) {
	t.Parallel()
	o, m := newMeanwhile(t)
	o.Channel("inc-1-fire", "U4")
	m.set(func(step string, r slack.Room) bool {
		if step != "save" || r.Name != "inc-1-fire-2" {
			return false
		}
		o.LoseAnswers(1)
		return true
	})
	o.Type("U1", o.team, "/incident new fire sev2")
	o.seen("#inc-1-fire-2 plimsoll: *INC-1* fire")
	if o.ChannelNamed("inc-1-fire-3") != "" {
		t.Error("a third channel was made")
	}
}

// TestLongNotes: however long the entries are, Slack takes the messages that tell them.
func TestLongNotes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx := context.Background()
	if _, _, err := o.store.Declare(ctx, incidents.Declare{Title: "fire", Severity: 2, Source: incidents.SourceAPI}, incidents.Caller{Subject: "ada"}); err != nil {
		t.Fatal(err)
	}
	o.settle()
	o.Down(true)
	for range 5 {
		if _, _, err := o.store.Do(ctx, 1, incidents.Note{Text: strings.Repeat("<", 3000)}, incidents.Caller{Subject: "ada"}); err != nil {
			t.Fatal(err)
		}
	}
	o.Down(false)
	o.revive()
	o.settle()
	if r, err := o.rooms.Of(ctx, 1); err != nil || r.Told != 6 {
		t.Errorf("%d of 6 entries are told (%v): %s", r.Told, err, o.troubles())
	}
}
