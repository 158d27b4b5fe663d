package slack

import (
	"cmp"
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
	i, err := w.Store.Get(ctx, by.Viewer(), ref)
	if err != nil {
		return message{}, err
	}
	if proposed, err := propose(ctx, w.Postmortems, i, by.Subject); err != nil || proposed != nil {
		if err != nil {
			return message{}, err
		}
		r = *proposed
	}
	return quiet(page.postmortem(r)), nil
}

// proposalPriority is that of an action item that nobody has weighed yet.
const proposalPriority postmortem.Priority = 3

// propose makes an action item of every follow-up of an incident, once each, if its postmortem is begun. It is one of process until
// somebody says that it prevents or detects: those a postmortem must not lack. The record is nil if nothing was there to propose.
func propose(ctx context.Context, p postmortems, i incidents.Incident, by string) (*postmortem.Record, error) {
	var last *postmortem.Record
	if p == nil {
		return nil, nil
	}
	for _, t := range i.Tasks {
		if t.Kind != incidents.TaskFollowUp || t.Moved != 0 {
			continue
		}
		text := clip(strings.Join(strings.Fields(t.Text), " "), postmortem.MaxLine)
		r, err := p.Do(ctx, i.Ref, postmortem.AddItem{
			Kind: postmortem.Process, Text: text, Owner: cmp.Or(t.Owner, i.Roles[incidents.Commander], t.By), Priority: proposalPriority,
		}, incidents.Caller{Subject: by, RequestID: fmt.Sprintf("followup/%s/%d", i.Ref, t.Number)})
		switch {
		case errors.Is(err, postmortem.ErrNotFound):
			return nil, nil
		case err != nil:
			return nil, err
		}
		last = &r
	}
	return last, nil
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
