package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/internal/identity"
)

// Begin drafts the postmortem of an incident, and returns it as it is if there is one already.
// The follow-ups of the incident are its first action items.
//
// Errors: [incidents.ErrNotFound], [identity.ErrForbidden], [incidents.ErrNobody] and [postmortem.ErrNoIncident].
func (s *Store) Begin(ctx context.Context, ref incidents.Ref, by incidents.Caller) (r postmortem.Record, err error) {
	at := s.now()
	i, err := s.incidents.Get(ctx, by.Viewer(), ref)
	if err == nil {
		err = authorize(ctx, i)
	}
	if err != nil {
		return r, fmt.Errorf("begin postmortem: %w", err)
	}
	f, err := s.facts(ctx, by.Viewer(), i, at)
	if err != nil {
		return r, fmt.Errorf("begin postmortem: %w", err)
	}
	r, v, err := postmortem.Begin(f, i, at, by.Subject)
	if err != nil {
		return r, fmt.Errorf("begin postmortem: %w", err)
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		inserted, err := insert(ctx, tx, r)
		if err == nil && inserted {
			return record(ctx, tx, r.Incident, v)
		}
		if err == nil {
			r, err = one(ctx, tx, ref, "")
		}
		return err
	})
	if err != nil {
		return postmortem.Record{}, fmt.Errorf("begin postmortem: %w", err)
	}
	return s.propose(ctx, i, r, by)
}

// Refresh takes the facts of a draft again, and the follow-ups that came since; what people wrote stays.
//
// Errors: those of Do, and [postmortem.ErrNoIncident].
func (s *Store) Refresh(ctx context.Context, ref incidents.Ref, by incidents.Caller) (postmortem.Record, error) {
	at := s.now()
	i, err := s.visible(ctx, by.Viewer(), ref)
	if err != nil {
		return postmortem.Record{}, fmt.Errorf("take facts: %w", err)
	}
	f, err := s.facts(ctx, by.Viewer(), i, at)
	if err != nil {
		return postmortem.Record{}, fmt.Errorf("take facts: %w", err)
	}
	r, err := s.Do(ctx, ref, postmortem.Refresh{Facts: f}, by)
	if err != nil {
		return r, err
	}
	return s.propose(ctx, i, r, by)
}

// Do carries out a command on the postmortem of an incident, and returns it as it is then. An action item that is added
// without a number gets the next one. An edit that was made from an older version is merged with what was changed since.
//
// Errors: [postmortem.ErrNotFound], [identity.ErrForbidden], a *[postmortem.ConflictError] and those of [postmortem.Apply].
func (s *Store) Do(ctx context.Context, ref incidents.Ref, cmd postmortem.Command, by incidents.Caller) (r postmortem.Record, err error) {
	i, err := s.visible(ctx, by.Viewer(), ref)
	if err == nil {
		err = authorize(ctx, i)
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w", cmd.Verb(), err)
	}
	if _, submits := cmd.(postmortem.Submit); submits {
		if err := s.latest(ctx, ref, by); err != nil {
			return r, err
		}
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if r, err = one(ctx, tx, ref, "FOR UPDATE"); err != nil {
			return err
		}
		first, err := begin(ctx, tx, by.RequestID, s.now())
		if err != nil || !first {
			return err
		}
		if cmd, err = prepare(ctx, tx, r, cmd); err != nil {
			return err
		}
		next, v, err := postmortem.Apply(r, cmd, s.now(), by.Subject)
		if err != nil {
			return err
		}
		was := r
		if r = next; v.Number == 0 {
			return nil
		}
		if err := update(ctx, tx, was, r); err != nil {
			return err
		}
		return record(ctx, tx, ref, v)
	})
	if err != nil {
		return postmortem.Record{}, fmt.Errorf("%s: %w", cmd.Verb(), err)
	}
	return r, nil
}

// authorize returns nil if whoever asks may work on the postmortem of an incident.
func authorize(ctx context.Context, i incidents.Incident) error {
	places := make([]identity.Place, len(i.Services))
	for n, s := range i.Services {
		places[n].Service = s
	}
	return identity.Authorize(ctx, identity.WritePostmortems, places...)
}

// latest takes the facts of a draft a last time: what is submitted stays as it is read.
func (s *Store) latest(ctx context.Context, ref incidents.Ref, by incidents.Caller) error {
	by.RequestID = ""
	_, err := s.Refresh(ctx, ref, by)
	if state := (*postmortem.StateError)(nil); errors.As(err, &state) { // it is no draft, which the command will say
		return nil
	}
	return err
}

// DoItem carries out a command on one action item, whose ID it names, and returns the item as it is then.
//
// Errors: [postmortem.ErrNoItem] and those of [Store.Do].
func (s *Store) DoItem(ctx context.Context, id postmortem.ItemRef, cmd postmortem.Command, by incidents.Caller) (postmortem.ActionItem, error) {
	i, err := s.Item(ctx, by.Viewer(), id)
	if err != nil {
		return i, err
	}
	r, err := s.Do(ctx, i.Incident, cmd, by)
	if errors.Is(err, postmortem.ErrNotFound) { // it became private in between
		err = noItem(id)
	}
	if err != nil {
		return postmortem.ActionItem{}, err
	}
	i, _ = r.Item(id)
	return i, nil
}

// prepare gives a command what only the database knows.
func prepare(ctx context.Context, tx pgx.Tx, r postmortem.Record, cmd postmortem.Command) (postmortem.Command, error) {
	switch c := cmd.(type) {
	case postmortem.AddItem:
		if c.ID != 0 {
			return c, nil
		}
		err := tx.QueryRow(ctx, `SELECT nextval('postmortem_item_numbers')`).Scan(&c.ID)
		return c, err
	case postmortem.Edit:
		if c.From == 0 || c.From == r.Version {
			return c, nil
		}
		base, err := version(ctx, tx, r.Incident, c.From)
		if err != nil {
			return c, err
		}
		merged, conflicts := postmortem.Merge(base.Record.Content, r.Content, c.Content)
		if len(conflicts) > 0 {
			return c, &postmortem.ConflictError{Version: r.Version, From: c.From, Sections: conflicts}
		}
		c.Content, c.From = merged, r.Version
		return c, nil
	default:
		return cmd, nil
	}
}
