package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/incidents"
)

// EventArgs is the job of one event: a reaction to a message, an edit or deletion of one, or somebody who came into a channel.
type EventArgs struct {
	ID         string    `json:"id" river:"unique"`
	Type       string    `json:"type"` // reaction_added, message_changed, message_deleted or member_joined_channel
	Channel    string    `json:"channel"`
	Timestamp  string    `json:"ts,omitempty"`
	User       string    `json:"user,omitempty"`
	Reaction   string    `json:"reaction,omitempty"`
	Text       string    `json:"text,omitempty"`
	Inviter    string    `json:"inviter,omitempty"`
	ReceivedAt time.Time `json:"receivedAt"`
}

// Kind names the job.
func (EventArgs) Kind() string { return "slack_event" }

// InsertOpts make an event that comes again the same job.
func (EventArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 12, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()}}
}

// Reactions that mean something, by Slack's names for them.
const (
	reactionPin      = "pushpin"
	reactionTask     = "white_check_mark"
	reactionFollowUp = "repeat"
)

// readEvent keeps of an event what we need; its ID is empty if it is none of ours.
func readEvent(payload []byte) (EventArgs, error) {
	var outer struct {
		Type    string `json:"type"`
		EventID string `json:"event_id"`
		Event   struct {
			Type, Subtype, Channel, User, Reaction, Inviter string
			DeletedTS                                       string `json:"deleted_ts"`
			Item                                            struct{ Type, Channel, TS string }
			Message                                         struct{ User, Text, TS string }
		} `json:"event"`
	}
	if err := json.Unmarshal(payload, &outer); err != nil {
		return EventArgs{}, fmt.Errorf("read event: %w", err)
	}
	e := outer.Event
	args := EventArgs{ID: outer.EventID, Type: e.Type, Channel: e.Channel, User: e.User}
	switch {
	case e.Type == "reaction_added" && e.Item.Type == "message" && (e.Reaction == reactionPin || e.Reaction == reactionTask || e.Reaction == reactionFollowUp):
		args.Channel, args.Timestamp, args.Reaction = e.Item.Channel, e.Item.TS, e.Reaction
	case e.Type == "message" && e.Subtype == "message_changed":
		args.Type, args.Timestamp, args.Text, args.User = e.Subtype, e.Message.TS, storable(e.Message.Text), e.Message.User
	case e.Type == "message" && e.Subtype == "message_deleted":
		args.Type, args.Timestamp = e.Subtype, e.DeletedTS
	case e.Type == "member_joined_channel":
		args.Inviter = e.Inviter
	default:
		return EventArgs{}, nil
	}
	return args, nil
}

type eventWorker struct {
	river.WorkerDefaults[EventArgs]
	as          func(ctx context.Context, subject string) context.Context // of [WorkerConfig]
	store       store
	postmortems postmortems
	rooms       rooms
	pins        pins
	bot         *Bot
	page        printer
	logger      *slog.Logger
}

// Timeout bounds one attempt.
func (w *eventWorker) Timeout(*river.Job[EventArgs]) time.Duration { return 30 * time.Second }

// Work does what the event means. What is none of ours is left alone: people react in every channel.
func (w *eventWorker) Work(ctx context.Context, job *river.Job[EventArgs]) error {
	var err error
	switch a := job.Args; a.Type {
	case "reaction_added":
		err = w.react(ctx, a)
	case "message_changed", "message_deleted":
		err = w.edited(ctx, a)
	case "member_joined_channel":
		err = w.joined(ctx, a)
	}
	if err == nil || !correctable(err) {
		return fate(err)
	}
	if job.Args.User == "" || errors.Is(err, incidents.ErrNotFound) {
		w.logger.InfoContext(ctx, "an event changes nothing", "kind", job.Args.Type, "reason", err)
		return nil
	}
	return fate(w.bot.whisper(ctx, job.Args.Channel, job.Args.User, w.page.refused(err)))
}

// react puts a message on the timeline of the incident in whose room it stands, or makes a task of it. Two people who react
// with the same to the same message do it once.
func (w *eventWorker) react(ctx context.Context, a EventArgs) error {
	ref, err := w.rooms.Incident(ctx, a.Channel)
	if err != nil || ref == 0 {
		return err
	}
	m, err := w.bot.read(ctx, a.Channel, a.Timestamp)
	if err != nil {
		return err
	}
	by := incidents.Caller{Subject: w.page.people.subject(a.User), RequestID: fmt.Sprintf("slack/%s/%s/%s", a.Reaction, a.Channel, a.Timestamp)}
	own := ctx // what follows by itself
	ctx = w.as(ctx, by.Subject)
	text := plain(m.text, w.page.people.subject)
	if a.Reaction != reactionPin {
		kind := map[string]incidents.TaskKind{reactionTask: incidents.TaskNow, reactionFollowUp: incidents.TaskFollowUp}[a.Reaction]
		_, _, err := w.store.Do(ctx, ref, incidents.AddTask{Kind: kind, Text: text}, by)
		if err != nil || kind != incidents.TaskFollowUp {
			return err
		}
		return followUp(ctx, w.postmortems, ref, by)
	}
	_, made, err := w.store.Do(ctx, ref, incidents.Pin{Text: text, Author: w.page.people.subject(m.author), Link: m.link}, by)
	if err != nil || len(made) == 0 {
		return err
	}
	if err := w.pins.Pin(ctx, Pin{Channel: a.Channel, Timestamp: a.Timestamp, Incident: ref, Entry: made[0].Number}); err != nil {
		return err
	}
	// Somebody may have edited the message since it was read, of which nothing was known to be pinned then.
	now, err := w.bot.read(ctx, a.Channel, a.Timestamp)
	if err != nil && !refusedWith(err, "message_not_found") {
		return err
	}
	return w.edited(own, EventArgs{Channel: a.Channel, Timestamp: a.Timestamp, Text: now.text, User: now.author})
}

// edited keeps another version of a pinned message; one without text if it was deleted. Plimsoll does it for its author, of
// whom Slack says nothing when a message is deleted.
func (w *eventWorker) edited(ctx context.Context, a EventArgs) error {
	p, ok, err := w.pins.Pinned(ctx, a.Channel, a.Timestamp)
	if err != nil || !ok {
		return err
	}
	text := plain(a.Text, w.page.people.subject)
	timeline, err := w.store.Timeline(ctx, incidents.Viewer{System: true}, p.Incident)
	if err != nil {
		return err
	}
	for _, e := range timeline {
		if e.Number == p.Entry && e.Text == text {
			return nil // an unfurled link, or the event came before
		}
	}
	by := incidents.Caller{Subject: "slack", System: true}
	if a.User != "" {
		by.Subject = w.page.people.subject(a.User)
	}
	_, err = w.store.Amend(ctx, p.Incident, p.Entry, text, by)
	return err
}

// joined makes whom a member brings into a private room a member too: they read there what members read.
func (w *eventWorker) joined(ctx context.Context, a EventArgs) error {
	ref, err := w.rooms.Incident(ctx, a.Channel)
	if err != nil || ref == 0 || a.Inviter == "" {
		return err
	}
	by := incidents.Caller{Subject: w.page.people.subject(a.Inviter), RequestID: "slack/" + a.ID}
	ctx = w.as(ctx, by.Subject)
	i, err := w.store.Get(ctx, by.Viewer(), ref)
	who := w.page.people.subject(a.User)
	if err != nil || !i.Private || i.VisibleTo(incidents.Viewer{Subject: who}) {
		return err
	}
	_, _, err = w.store.Do(ctx, ref, incidents.Invite{Who: who}, by)
	return err
}
