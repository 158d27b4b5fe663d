package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
)

// proposed is the priority of an action item that nobody has weighed yet.
const proposed postmortem.Priority = 3

// FollowUps makes an action item of every follow-up of an incident, once each, and returns the postmortem. It is one of process until
// somebody says that it prevents or detects: those a postmortem must not lack. What the postmortem takes no more is left on
// the incident.
//
// Errors: [postmortem.ErrNotFound] while no postmortem is begun.
func (s *Store) FollowUps(ctx context.Context, ref incidents.Ref, by incidents.Caller) (postmortem.Record, error) {
	i, err := s.visible(ctx, by.Viewer(), ref)
	if err != nil {
		return postmortem.Record{}, fmt.Errorf("take follow-ups: %w", err)
	}
	r, err := s.Get(ctx, by.Viewer(), ref)
	if err != nil {
		return r, fmt.Errorf("take follow-ups: %w", err)
	}
	return s.propose(ctx, i, r, by)
}

// propose adds those of an incident as it was read to its postmortem. Each is a request of its own, so that it runs once, whoever asks.
func (s *Store) propose(ctx context.Context, i incidents.Incident, r postmortem.Record, by incidents.Caller) (postmortem.Record, error) {
	for _, t := range i.Tasks {
		if t.Kind != incidents.TaskFollowUp || t.Moved != 0 {
			continue
		}
		by.RequestID = fmt.Sprintf("followup/%s/%d", i.Ref, t.Number)
		next, err := s.Do(ctx, i.Ref, postmortem.AddItem{
			Kind: postmortem.Process, Text: line(t.Text), Owner: cmp.Or(t.Owner, i.Roles[incidents.Commander], t.By), Priority: proposed, FollowUp: true,
		}, by)
		var state *postmortem.StateError
		var input *incidents.InputError
		switch {
		case errors.As(err, &state), errors.As(err, &input): // it is closed, or has as many items as it may
			return r, nil
		case err != nil:
			return r, fmt.Errorf("take follow-ups: %w", err)
		}
		r = next
	}
	return r, nil
}

// line makes one line of a text, no longer than an action item may be.
func line(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > postmortem.MaxLine {
		return string(runes[:postmortem.MaxLine-1]) + "…"
	}
	return text
}
