package slack

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"plimsoll/incidents"
)

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
	s.keepCard(channel, card)
	return s.save(ctx)
}

func (s *syncing) keepCard(channel string, card Card) {
	if s.room.Cards == nil {
		s.room.Cards = map[string]Card{}
	}
	s.room.Cards[channel] = card
}

// One message tells at most so many entries, and no more than Slack takes in one: of 40,000 characters an entry may be 15,000, because what
// is escaped grows fivefold.
const (
	maxEntries = 10
	maxTelling = 20_000
)

// batch is how many of the entries one message tells, and what it says of them. The declaration is what the card says.
func (p printer) batch(timeline []incidents.TimelineEntry) (n int, text string) {
	var lines []string
	size := 0
	for _, e := range timeline[:min(len(timeline), maxEntries)] {
		if e.Kind != incidents.KindDeclared {
			line := p.line(e)
			if size += len(line) + 1; len(lines) > 0 && size > maxTelling {
				break
			}
			lines = append(lines, line)
		}
		n++
	}
	return n, strings.Join(lines, "\n")
}

// entries posts what has come onto the timeline.
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
	for len(timeline) > 0 {
		n, text := s.page.batch(timeline)
		first, last := timeline[0].Number, timeline[n-1].Number
		if text != "" {
			s.room.TellingTo = last
			if _, err := s.once(ctx, &s.room.Telling, s.room.Channel, fmt.Sprintf("entries/%s/%d-%d", s.incident.Ref, first, last), message{Text: text}); err != nil {
				return err
			}
		}
		timeline = timeline[n:]
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
