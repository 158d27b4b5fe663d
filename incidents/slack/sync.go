package slack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	slackapi "github.com/slack-go/slack"

	"plimsoll/incidents"
)

// SyncArgs is the job of bringing Slack up to date about an incident. Whoever changes an incident inserts it, in the
// transaction of the change; one is enough for what happened before it.
type SyncArgs struct {
	Incident incidents.Ref `json:"incident" river:"unique"`
	Entries  int           `json:"entries" river:"unique"` // on the timeline, after the change
}

// Kind names the job.
func (SyncArgs) Kind() string { return "slack_incident_room" }

// InsertOpts make a change one job. River's waits between so many attempts span a week.
func (SyncArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 20, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()}}
}

type syncWorker struct {
	river.WorkerDefaults[SyncArgs]
	store    store
	rooms    rooms
	bot      *Bot
	page     printer
	announce string // channel for everybody; empty for none
	logger   *slog.Logger
}

// Timeout bounds one attempt; it is shorter than a lease.
func (w *syncWorker) Timeout(*river.Job[SyncArgs]) time.Duration { return 45 * time.Second }

// busyFor is how long to wait for another job that has the room.
const busyFor = 250 * time.Millisecond

// Work brings the room up to date. It does again only what an earlier attempt did not finish.
func (w *syncWorker) Work(ctx context.Context, job *river.Job[SyncArgs]) error {
	i, err := w.store.Get(ctx, incidents.Viewer{System: true}, job.Args.Incident)
	if err != nil {
		if errors.Is(err, incidents.ErrNotFound) {
			return river.JobCancel(err)
		}
		return err
	}
	room, ok, err := w.rooms.Lease(ctx, i.Ref)
	switch {
	case err != nil:
		return err
	case !ok:
		return river.JobSnooze(busyFor)
	}
	s := &syncing{syncWorker: w, incident: i, room: room}
	err = s.all(ctx)
	if release := w.rooms.Release(context.WithoutCancel(ctx), s.room); release != nil && !errors.Is(release, ErrLeaseLost) {
		err = errors.Join(err, release)
	}
	if _, refused := errors.AsType[*refusal](err); refused {
		w.logger.ErrorContext(ctx, "Slack refuses to show an incident", "incident", i.Ref, "err", err)
	}
	return fate(err)
}

// syncing is one pass over the room of one incident.
type syncing struct {
	*syncWorker
	incident incidents.Incident
	room     Room
}

// all takes the steps in order. Each keeps what it did before the next begins.
func (s *syncing) all(ctx context.Context) error {
	for _, step := range []func(context.Context) error{s.withdraw, s.channel, s.topic, s.bookmarks, s.people, s.cards, s.entries} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// tolerate goes on without what Slack refuses and responders can do without.
func (s *syncing) tolerate(ctx context.Context, err error) error {
	if _, refused := errors.AsType[*refusal](err); !refused {
		return err
	}
	s.logger.WarnContext(ctx, "Slack refuses a part of the channel of an incident", "incident", s.incident.Ref, "err", err)
	return nil
}

func (s *syncing) save(ctx context.Context) error {
	return s.rooms.Save(context.WithoutCancel(ctx), s.room)
}

// withdraw takes back what everybody sees of an incident that has become private: its cards, and its channel, which is
// archived. A private one takes its place, which is told everything from the start.
func (s *syncing) withdraw(ctx context.Context) error {
	if !s.incident.Private || s.room.Private || s.room.Name == "" {
		return nil
	}
	for channel, card := range s.room.Cards {
		if card.Timestamp != "" {
			if _, _, err := s.bot.api.DeleteMessageContext(ctx, channel, card.Timestamp); err != nil {
				if err := called("take a card back", err); !refusedWith(err, "message_not_found", "channel_not_found", "is_archived") {
					return err
				}
			}
		}
		delete(s.room.Cards, channel)
		if err := s.save(ctx); err != nil {
			return err
		}
	}
	if s.room.Channel != "" {
		if err := called("archive a channel", s.bot.api.ArchiveConversationContext(ctx, s.room.Channel)); err != nil && !refusedWith(err, "already_archived", "channel_not_found") {
			return err
		}
	}
	s.room = Room{Incident: s.room.Incident, Lease: s.room.Lease, Private: true, Left: append(s.room.Left, s.room.Channel)}
	return s.save(ctx)
}

// channel makes the channel, under another name if one is taken. Whether an earlier attempt came through is asked before
// it is made again.
func (s *syncing) channel(ctx context.Context) error {
	for copy := 1; s.room.Channel == ""; copy++ {
		name := channelName(s.incident, copy)
		if s.room.Asked && s.room.Name == name {
			id, err := s.bot.mine(ctx, name)
			if err != nil {
				return err
			}
			s.room.Channel = id
		}
		if s.room.Channel == "" {
			s.room.Name, s.room.Asked, s.room.Private = name, true, s.incident.Private
			if err := s.save(ctx); err != nil {
				return err
			}
			id, err := s.bot.create(ctx, name, s.incident.Private)
			if refusedWith(err, "name_taken") && copy < maxCopies {
				continue
			}
			if err != nil {
				return err
			}
			s.room.Channel = id
		}
		return s.save(ctx)
	}
	return nil
}

// maxCopies bounds how many names are tried.
const maxCopies = 9

func (s *syncing) topic(ctx context.Context) error {
	topic := s.page.topic(s.incident)
	if topic == s.room.Topic {
		return nil
	}
	if _, err := s.bot.api.SetTopicOfConversationContext(ctx, s.room.Channel, topic); err != nil {
		if err := s.tolerate(ctx, called("set the topic of a channel", err)); err != nil {
			return err
		}
	}
	s.room.Topic = topic
	return s.save(ctx)
}

// bookmarks links to the pages of the incident, where there are any.
func (s *syncing) bookmarks(ctx context.Context) error {
	if s.room.Marked || s.page.url == "" {
		return nil
	}
	there, err := s.bot.api.ListBookmarksContext(ctx, s.room.Channel)
	if err != nil {
		return s.tolerate(ctx, called("list bookmarks", err))
	}
	for _, b := range []slackapi.AddBookmarkParameters{
		{Title: s.incident.Ref.String(), Type: "link", Link: s.page.link(s.incident.Ref)},
		{Title: "Postmortem", Type: "link", Link: s.page.link(s.incident.Ref) + "/postmortem"},
	} {
		if slices.ContainsFunc(there, func(t slackapi.Bookmark) bool { return t.Link == b.Link }) {
			continue
		}
		if _, err := s.bot.api.AddBookmarkContext(ctx, s.room.Channel, b); err != nil {
			return s.tolerate(ctx, called("add a bookmark", err))
		}
	}
	s.room.Marked = true
	return s.save(ctx)
}

// people invites who has a part in the incident and is known to Slack. Whom Slack does not let in is not asked again.
func (s *syncing) people(ctx context.Context) error {
	for _, member := range s.incident.Members {
		user := s.page.people.user(member)
		if user == "" || slices.Contains(s.room.Invited, user) {
			continue
		}
		if _, err := s.bot.api.InviteUsersToConversationContext(ctx, s.room.Channel, user); err != nil {
			err := called("invite to a channel", err)
			if !refusedWith(err, "already_in_channel", "cant_invite_self") {
				if err := s.tolerate(ctx, err); err != nil {
					return err
				}
			}
		}
		s.room.Invited = append(s.room.Invited, user)
		if err := s.save(ctx); err != nil {
			return err
		}
	}
	return nil
}

// cards shows how the incident stands in its room and, unless it is private, in everybody's channel.
func (s *syncing) cards(ctx context.Context) error {
	update, err := s.lastUpdate(ctx)
	if err != nil {
		return err
	}
	if err := s.card(ctx, s.room.Channel, update); err != nil {
		return err
	}
	if s.announce == "" || s.incident.Private {
		return nil
	}
	return s.tolerate(ctx, s.card(ctx, s.announce, update))
}

// lastUpdate is what everybody was told last; empty if nothing yet, or if it was taken back.
func (s *syncing) lastUpdate(ctx context.Context) (string, error) {
	timeline, err := s.store.Timeline(ctx, incidents.Viewer{System: true}, s.incident.Ref)
	if err != nil {
		return "", err
	}
	for _, e := range slices.Backward(timeline) {
		if e.Kind == incidents.KindUpdate && !e.Retracted() {
			return e.Text, nil
		}
	}
	return "", nil
}

// card posts the live card into a channel, or brings it up to date in place; again if somebody has deleted it.
func (s *syncing) card(ctx context.Context, channel, update string) error {
	m := s.page.card(s.incident, update, channel, s.room.Channel)
	card, digest := s.room.Cards[channel], m.digest()
	if card.Timestamp != "" && card.Digest == digest {
		return nil
	}
	if card.Timestamp != "" {
		_, _, _, err := s.bot.api.UpdateMessageContext(ctx, channel, card.Timestamp, m.options()...)
		if err = called("update a card", err); refusedWith(err, "message_not_found") {
			card.Timestamp = ""
		} else if err != nil {
			return err
		}
	}
	if card.Timestamp == "" {
		ts, err := s.once(ctx, &s.room.Carding, channel, fmt.Sprintf("card/%s/%s", s.incident.Ref, channel), m)
		if err != nil {
			return err
		}
		card.Timestamp = ts
	}
	card.Digest, s.room.Carding = digest, ""
	if s.room.Cards == nil {
		s.room.Cards = map[string]Card{}
	}
	s.room.Cards[channel] = card
	return s.save(ctx)
}

// maxEntries is how many entries one message tells.
const maxEntries = 10

// entries posts what has come onto the timeline. The declaration is what the card says.
func (s *syncing) entries(ctx context.Context) error {
	if to := s.room.TellingTo; to > s.room.Told {
		ts, err := s.bot.posted(ctx, s.room.Channel, s.room.Telling)
		if err != nil {
			return err
		}
		if ts != "" {
			s.room.Told = to
		}
		s.room.Telling, s.room.TellingTo = "", 0
		if err := s.save(ctx); err != nil {
			return err
		}
	}
	timeline, err := s.store.Timeline(ctx, incidents.Viewer{System: true}, s.incident.Ref)
	if err != nil {
		return err
	}
	timeline = slices.DeleteFunc(timeline, func(e incidents.TimelineEntry) bool { return e.Number <= s.room.Told })
	for batch := range slices.Chunk(timeline, maxEntries) {
		var lines []string
		for _, e := range batch {
			if e.Kind != incidents.KindDeclared {
				lines = append(lines, s.page.line(e))
			}
		}
		first, last := batch[0].Number, batch[len(batch)-1].Number
		if len(lines) > 0 {
			s.room.TellingTo = last
			if _, err := s.once(ctx, &s.room.Telling, s.room.Channel, fmt.Sprintf("entries/%s/%d-%d", s.incident.Ref, first, last), message{Text: strings.Join(lines, "\n")}); err != nil {
				return err
			}
		}
		s.room.Told, s.room.Telling, s.room.TellingTo = last, "", 0
		if err := s.save(ctx); err != nil {
			return err
		}
	}
	return nil
}

// once posts a message, unless an attempt that never heard an answer came through: pending keeps its key meanwhile.
func (s *syncing) once(ctx context.Context, pending *string, channel, key string, m message) (string, error) {
	if *pending == key {
		if ts, err := s.bot.posted(ctx, channel, key); err != nil || ts != "" {
			return ts, err
		}
	}
	*pending = key
	if err := s.save(ctx); err != nil {
		return "", err
	}
	return s.bot.post(ctx, channel, key, m)
}
