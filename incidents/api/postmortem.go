package api

import (
	"context"

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
