package slack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
)

// postmortems keeps the postmortems and their action items.
type postmortems interface {
	// Begin returns the postmortem that there is, if there is one.
	Begin(ctx context.Context, ref incidents.Ref, by incidents.Caller) (postmortem.Record, error)
	Do(ctx context.Context, ref incidents.Ref, cmd postmortem.Command, by incidents.Caller) (postmortem.Record, error)
	Item(ctx context.Context, v incidents.Viewer, id postmortem.ItemRef) (postmortem.ActionItem, error)
}

// errNoPostmortems is for an installation whose Slack is not connected with postmortems.
var errNoPostmortems = errors.New("postmortems cannot be asked for from here")

// postmortem begins the postmortem of an incident, or says how it stands.
func (w *worker) postmortem(ctx context.Context, page printer, ref incidents.Ref, by incidents.Caller) (message, error) {
	if w.Postmortems == nil {
		return message{}, errNoPostmortems
	}
	r, err := w.Postmortems.Begin(ctx, ref, by)
	if err != nil {
		return message{}, err
	}
	return quiet(page.postmortem(r)), nil
}

// postmortem says how a postmortem stands and what is still to be done.
func (p printer) postmortem(r postmortem.Record) string {
	where := r.Incident.String()
	if p.url != "" {
		where = fmt.Sprintf("<%s/postmortem|%s>", p.link(r.Incident), r.Incident)
	}
	line := fmt.Sprintf("The postmortem of %s is %s", where, strings.ReplaceAll(string(r.State), "_", " "))
	if r.Owner != "" {
		line += ", owned by " + p.name(r.Owner)
	}
	if !r.Due.IsZero() {
		line += ", due " + clock(r.Due)
	}
	lines := []string{line + "."}
	for _, i := range r.Items {
		lines = append(lines, p.item(i))
	}
	return strings.Join(lines, "\n")
}

// item tells an action item.
func (p printer) item(i postmortem.ActionItem) string {
	line := fmt.Sprintf("• %s (%s, %s, %s) %s", i.ID, i.Kind, i.Priority, i.State, escaper.Replace(i.Text))
	if i.Owner != "" {
		line += ", by " + p.name(i.Owner)
	}
	return line
}

// item does what is asked of an action item; an empty message for anything else. What an earlier attempt did is told, not refused.
func (w *worker) item(ctx context.Context, page printer, req request, by incidents.Caller, again bool) (message, error) {
	var id postmortem.ItemRef
	var cmd postmortem.Command
	var did func(postmortem.ActionItem) bool
	next := ""
	switch r := req.(type) {
	case closeItem:
		id, cmd = r.Item, postmortem.CloseItem{ID: r.Item, Evidence: []postmortem.Evidence{r.Evidence}}
		did = func(i postmortem.ActionItem) bool {
			return i.ClosedBy == by.Subject && slices.Contains(i.Evidence, r.Evidence)
		}
		next = fmt.Sprintf("\nSomebody else looks at the evidence: `%s verify %s`", page.command, r.Item)
	case verifyItem:
		id, cmd = r.Item, postmortem.VerifyItem{ID: r.Item, Note: r.Note}
		did = func(i postmortem.ActionItem) bool { return i.VerifiedBy == by.Subject && i.Note == r.Note }
	default:
		return message{}, nil
	}
	if w.Postmortems == nil {
		return message{}, errNoPostmortems
	}
	item, err := w.Postmortems.Item(ctx, by.Viewer(), id)
	if err != nil {
		return message{}, err
	}
	if !again || !did(item) {
		record, err := w.Postmortems.Do(ctx, item.Incident, cmd, by)
		if err != nil {
			return message{}, err
		}
		item, _ = record.Item(id)
	}
	return quiet(page.item(item) + next), nil
}

// postmortemCorrectable reports whether the person can put an error about a postmortem right.
func postmortemCorrectable(err error) bool {
	var state *postmortem.StateError
	var missing *postmortem.MissingError
	if errors.As(err, &state) || errors.As(err, &missing) {
		return true
	}
	for _, known := range []error{errNoPostmortems, postmortem.ErrNotFound, postmortem.ErrNoItem, postmortem.ErrOwnWork, postmortem.ErrNoIncident} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
