package slack

import (
	"context"
	"errors"
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
	ref := job.Args.Incident
	if _, err := w.store.Get(ctx, incidents.Viewer{System: true}, ref); err != nil {
		if errors.Is(err, incidents.ErrNotFound) {
			return river.JobCancel(err)
		}
		return err
	}
	room, ok, err := w.rooms.Lease(ctx, ref)
	switch {
	case err != nil:
		return err
	case !ok:
		return river.JobSnooze(busyFor)
	}
	s := &syncing{syncWorker: w, room: room}
	err = s.all(ctx)
	if release := w.rooms.Release(context.WithoutCancel(ctx), s.room); release != nil && !errors.Is(release, ErrLeaseLost) {
		err = errors.Join(err, release)
	}
	if _, refused := errors.AsType[*refusal](err); refused {
		w.logger.ErrorContext(ctx, "Slack refuses to show an incident", "incident", ref, "err", err)
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
	for _, step := range []func(context.Context) error{s.read, s.withdraw, s.channel, s.topic, s.bookmarks, s.people, s.cards, s.entries} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// read reads the incident, which only the holder of the room may show: what was read before that may have become private meanwhile.
func (s *syncing) read(ctx context.Context) (err error) {
	s.incident, err = s.store.Get(ctx, incidents.Viewer{System: true}, s.room.Incident)
	return err
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
	if err := s.claim(ctx); err != nil {
		return err
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

// claim finds the channel and the card of which no answer of Slack told whether they were made.
func (s *syncing) claim(ctx context.Context) error {
	if s.room.Channel == "" && s.room.Asked {
		id, err := s.bot.mine(ctx, s.room.Name)
		if err != nil {
			return err
		}
		s.room.Channel = id
	}
	if key := s.room.Carding; key != "" {
		channel := key[strings.LastIndex(key, "/")+1:]
		ts, err := s.bot.posted(ctx, channel, key)
		if err != nil && !refusedWith(err, "channel_not_found", "not_in_channel") {
			return err
		}
		if ts != "" {
			s.keepCard(channel, Card{Timestamp: ts})
		}
	}
	return s.save(ctx)
}

// channel makes the channel, under another name if one is taken. Whether an earlier attempt came through, under whatever name, is
// asked before another is made.
func (s *syncing) channel(ctx context.Context) error {
	if s.room.Channel != "" {
		return nil
	}
	if s.room.Asked {
		if err := s.claim(ctx); err != nil || s.room.Channel != "" {
			return err
		}
	}
	for copy := 1; ; copy++ {
		s.room.Name, s.room.Asked, s.room.Private = channelName(s.incident, copy), true, s.incident.Private
		if err := s.save(ctx); err != nil {
			return err
		}
		id, err := s.bot.create(ctx, s.room.Name, s.incident.Private)
		if refusedWith(err, "name_taken") && copy < maxCopies {
			continue
		}
		if err != nil {
			return err
		}
		s.room.Channel = id
		return s.save(ctx)
	}
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
