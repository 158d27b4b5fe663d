package api

import (
	"context"

	"plimsoll/incidents/postmortem"
	"plimsoll/incidents/postmortem/blameless"
)

// CheckResponse holds advice.
type CheckResponse struct {
	Body struct {
		Findings []blameless.Finding `json:"findings" nullable:"false" doc:"In the order of the text. They advise; nothing is refused for them"`
	}
}

func checked(list []blameless.Finding) *CheckResponse {
	out := &CheckResponse{}
	out.Body.Findings = append([]blameless.Finding{}, list...)
	return out
}

// Check advises on a postmortem. Names of those who worked on the incident are among what it looks for.
func (h *Handlers) Check(ctx context.Context, in *RefRequest) (*CheckResponse, error) {
	r, err := h.load(ctx, in.Ref)
	if err != nil {
		return nil, err
	}
	i, err := h.Incidents.Get(ctx, viewer(ctx), r.Incident)
	if err != nil {
		return nil, problem(err, "")
	}
	timeline, err := h.Incidents.Timeline(ctx, viewer(ctx), r.Incident)
	if err != nil {
		return nil, problem(err, "")
	}
	return checked(postmortem.Check(r, postmortem.People(i, timeline))), nil
}

// CheckTextRequest gives a text.
type CheckTextRequest struct {
	Body struct {
		Text  string   `json:"text" maxLength:"100000"`
		Names []string `json:"names,omitempty" maxItems:"200" doc:"Names that the text should not hold"`
	}
}

// CheckText advises on a text.
func (h *Handlers) CheckText(_ context.Context, in *CheckTextRequest) (*CheckResponse, error) {
	return checked(blameless.Text(in.Body.Text, in.Body.Names)), nil
}
