package slack

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
)

// postmortems keeps the postmortems and their action items.
type postmortems interface {
	// Begin returns the postmortem that there is, if there is one.
	Begin(ctx context.Context, ref incidents.Ref, by incidents.Caller) (postmortem.Record, error)
	// FollowUps makes action items of the follow-ups of an incident whose postmortem is begun.
	FollowUps(ctx context.Context, ref incidents.Ref, by incidents.Caller) (postmortem.Record, error)
	Do(ctx context.Context, ref incidents.Ref, cmd postmortem.Command, by incidents.Caller) (postmortem.Record, error)
	DoItem(ctx context.Context, id postmortem.ItemRef, cmd postmortem.Command, by incidents.Caller) (postmortem.ActionItem, error)
}

// errNoPostmortems is for an installation whose Slack is not connected with postmortems.
var errNoPostmortems = errors.New("postmortems cannot be asked for from here")

// postmortem does what is asked of the postmortem of an incident, and says how that stands.
func (w *worker) postmortem(ctx context.Context, page printer, ref incidents.Ref, req request, by incidents.Caller) (message, error) {
	if w.Postmortems == nil {
		return message{}, errNoPostmortems
	}
	if add, ok := req.(postmortem.AddItem); ok {
		if add.Owner == "" {
			add.Owner = by.Subject
		}
		r, err := w.Postmortems.Do(ctx, ref, add, by)
		if err != nil {
			return message{}, err
		}
		return quiet(page.postmortem(r)), nil
	}
	r, err := w.Postmortems.Begin(ctx, ref, by)
	if err != nil {
		return message{}, err
	}
	return quiet(page.postmortem(r)), nil
}

// proposalPriority is that of an action item that nobody has weighed yet.
const proposalPriority postmortem.Priority = 3

// followUp makes an action item of a follow-up at once, if the postmortem is begun; otherwise its beginning does.
func followUp(ctx context.Context, p postmortems, ref incidents.Ref, by incidents.Caller) error {
	if p == nil {
		return nil
	}
	_, err := p.FollowUps(ctx, ref, by)
	if errors.Is(err, postmortem.ErrNotFound) {
		return nil
	}
	return err
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

// item does what is asked of an action item; an empty message for anything else.
func (w *worker) item(ctx context.Context, page printer, req request, by incidents.Caller) (message, error) {
	var id postmortem.ItemRef
	next := ""
	switch r := req.(type) {
	case postmortem.CloseItem:
		id, next = r.ID, fmt.Sprintf("\nSomebody else looks at the evidence: `%s verify %s`", page.command, r.ID)
	case postmortem.VerifyItem:
		id = r.ID
	default:
		return message{}, nil
	}
	if w.Postmortems == nil {
		return message{}, errNoPostmortems
	}
	item, err := w.Postmortems.DoItem(ctx, id, req.(postmortem.Command), by)
	if err != nil {
		return message{}, err
	}
	return quiet(page.item(item) + next), nil
}
