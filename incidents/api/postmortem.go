package api

import (
	"context"
	"slices"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
)

// PostmortemResponse is a document in Markdown.
type PostmortemResponse struct {
	ContentType string `header:"Content-Type"`
	Body        []byte `contentType:"text/markdown"`
}

// Postmortem drafts the postmortem from the record as it is now.
func (h *Handlers) Postmortem(ctx context.Context, in *RefRequest) (*PostmortemResponse, error) {
	i, timeline, err := h.load(ctx, in.Ref)
	if err != nil {
		return nil, err
	}
	text, err := postmortem.Sketch(postmortem.Input{Incident: i, Timeline: timeline, Spent: h.spent(i), At: h.Now()})
	if err != nil {
		return nil, err
	}
	return &PostmortemResponse{ContentType: "text/markdown; charset=utf-8", Body: []byte(text)}, nil
}

// spent measures what the objectives of an incident lost: those that it names, and those of its services.
func (h *Handlers) spent(i incidents.Incident) []postmortem.Spent {
	if h.Ledger == nil {
		return nil
	}
	from, to := postmortem.Hurt(i.Times, h.Now())
	var list []postmortem.Spent
	for _, o := range h.Ledger.Objectives() {
		if !slices.Contains(i.Objectives, o.Key) && !slices.Contains(i.Services, o.Service) {
			continue
		}
		if r, ok := h.Ledger.Reader(o.Key); ok {
			list = append(list, postmortem.Measure(o, r, from, to))
		}
	}
	return list
}
