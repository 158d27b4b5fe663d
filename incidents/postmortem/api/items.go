package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"plimsoll/incidents/postmortem"
)

// Item is an action item with what follows from it.
type Item struct {
	postmortem.ActionItem
	Overdue bool `json:"overdue" doc:"Whether it is open and should have been done by now"`
}

// ItemResponse holds an action item as it is now.
type ItemResponse struct {
	Body Item
}

// ItemsRequest selects action items.
type ItemsRequest struct {
	State   string `query:"state" enum:"all,open,closed,verified" default:"all"`
	Service string `query:"service" doc:"Only those of incidents that affected this service"`
	Owner   string `query:"owner"`
	Overdue bool   `query:"overdue" doc:"Only those that should have been done by now"`
}

// ItemsResponse holds action items.
type ItemsResponse struct {
	Body struct {
		Items []Item `json:"items" nullable:"false"`
	}
}

// Items returns the action items that were asked for.
func (h *Handlers) Items(ctx context.Context, in *ItemsRequest) (*ItemsResponse, error) {
	f := postmortem.ItemFilter{Service: in.Service, Owner: in.Owner}
	if in.State != "all" {
		f.States = []postmortem.ItemState{postmortem.ItemState(in.State)}
	}
	if in.Overdue {
		f.Overdue = h.Now()
	}
	list, err := h.Store.Items(ctx, viewer(ctx), f)
	if err != nil {
		return nil, err
	}
	out := &ItemsResponse{}
	out.Body.Items = []Item{}
	for _, i := range list {
		out.Body.Items = append(out.Body.Items, Item{i, i.Overdue(h.Now())})
	}
	return out, nil
}

// Item returns one action item.
func (h *Handlers) Item(ctx context.Context, in *ItemRequest) (*ItemResponse, error) {
	id, err := postmortem.ParseItemRef(in.ID)
	if err != nil {
		return nil, problem(err, "path.id")
	}
	return h.item(h.Store.Item(ctx, viewer(ctx), id))
}

func (h *Handlers) item(i postmortem.ActionItem, err error) (*ItemResponse, error) {
	if err != nil {
		return nil, problem(err, "")
	}
	return &ItemResponse{Body: Item{i, i.Overdue(h.Now())}}, nil
}

// ItemBody is what is said of an action item.
type ItemBody struct {
	Kind     postmortem.ItemKind `json:"kind" enum:"prevent,detect,mitigate,process"`
	Text     string              `json:"text" minLength:"1"`
	Owner    string              `json:"owner" minLength:"1"`
	Priority postmortem.Priority `json:"priority" minimum:"1" maximum:"4" doc:"1 is the most urgent"`
	Due      time.Time           `json:"due,omitzero" doc:"Absent for what the priority allows"`
	Tracker  string              `json:"tracker,omitempty" doc:"Address of the same in a tracker"`
}

// AddItemRequest adds an action item.
type AddItemRequest struct {
	ChangeRequest
	Body ItemBody
}

// AddItem adds an action item and returns it.
func (h *Handlers) AddItem(ctx context.Context, in *AddItemRequest) (*ItemResponse, error) {
	b := in.Body
	r, err := h.run(ctx, in.ChangeRequest, postmortem.AddItem{Kind: b.Kind, Text: b.Text, Owner: b.Owner, Priority: b.Priority, Due: b.Due, Tracker: b.Tracker}, "")
	if err != nil {
		return nil, err
	}
	added := r.Items[len(r.Items)-1] // numbers only grow, so the new one is the last
	if in.Key != "" {                // unless it was added by an earlier sending of the same request
		for _, i := range r.Items {
			if i.Kind == b.Kind && i.Text == strings.TrimSpace(b.Text) {
				added = i
			}
		}
	}
	return h.item(added, nil)
}

// EditItemRequest replaces what is said of an action item.
type EditItemRequest struct {
	ItemChangeRequest
	Body ItemBody
}

// doItem carries out a command on the action item that a request names.
func (h *Handlers) doItem(ctx context.Context, to ItemChangeRequest, cmd func(postmortem.ItemRef) postmortem.Command) (*ItemResponse, error) {
	n, err := postmortem.ParseItemRef(to.ID)
	if err != nil {
		return nil, problem(err, "path.id")
	}
	c := cmd(n)
	return h.item(h.Store.DoItem(ctx, n, c, to.caller(ctx, fmt.Sprintf("%s %s", c.Verb(), n))))
}

// EditItem replaces what is said of an action item. A date that is absent stays.
func (h *Handlers) EditItem(ctx context.Context, in *EditItemRequest) (*ItemResponse, error) {
	b := in.Body
	if b.Due.IsZero() {
		was, err := h.Item(ctx, &in.ItemRequest)
		if err != nil {
			return nil, err
		}
		b.Due = was.Body.Due
	}
	return h.doItem(ctx, in.ItemChangeRequest, func(id postmortem.ItemRef) postmortem.Command {
		return postmortem.EditItem{ID: id, Kind: b.Kind, Text: b.Text, Owner: b.Owner, Priority: b.Priority, Due: b.Due, Tracker: b.Tracker}
	})
}

// CloseItemRequest shows that an action item is done.
type CloseItemRequest struct {
	ItemChangeRequest
	Body struct {
		Evidence []postmortem.Evidence `json:"evidence" nullable:"false" maxItems:"20" doc:"At least one"`
	}
}

// CloseItem closes an action item.
func (h *Handlers) CloseItem(ctx context.Context, in *CloseItemRequest) (*ItemResponse, error) {
	return h.doItem(ctx, in.ItemChangeRequest, func(id postmortem.ItemRef) postmortem.Command {
		return postmortem.CloseItem{ID: id, Evidence: in.Body.Evidence}
	})
}

// VerifyItemRequest is the word of a second person.
type VerifyItemRequest struct {
	ItemChangeRequest
	Body struct {
		Note string `json:"note,omitempty"`
	}
}

// VerifyItem verifies an action item.
func (h *Handlers) VerifyItem(ctx context.Context, in *VerifyItemRequest) (*ItemResponse, error) {
	return h.doItem(ctx, in.ItemChangeRequest, func(id postmortem.ItemRef) postmortem.Command {
		return postmortem.VerifyItem{ID: id, Note: in.Body.Note}
	})
}

// ReopenItemRequest gives a reason.
type ReopenItemRequest struct {
	ItemChangeRequest
	Body struct {
		Reason string `json:"reason"`
	}
}

// ReopenItem reopens an action item.
func (h *Handlers) ReopenItem(ctx context.Context, in *ReopenItemRequest) (*ItemResponse, error) {
	return h.doItem(ctx, in.ItemChangeRequest, func(id postmortem.ItemRef) postmortem.Command {
		return postmortem.ReopenItem{ID: id, Reason: in.Body.Reason}
	})
}
