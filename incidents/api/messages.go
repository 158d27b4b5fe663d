package api

import (
	"context"
	"time"

	"plimsoll/incidents"
)

// DraftRequest writes a message to stakeholders.
type DraftRequest struct {
	ChangeRequest
	Body struct {
		Audience string `json:"audience" enum:"executives,support,customers"`
		Text     string `json:"text,omitempty" maxLength:"10000" doc:"Left out, the message is written from what is known: what is affected, who notices, what is done, and when the next word comes"`
	}
}

// Draft writes a message to stakeholders, which waits for somebody else to approve it.
func (h *Handlers) Draft(ctx context.Context, in *DraftRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.DraftMessage{Audience: incidents.Audience(in.Body.Audience), Text: in.Body.Text})
}

// MessageRequest names a message.
type MessageRequest struct {
	ChangeRequest
	Number int `path:"number" minimum:"1" doc:"Number of the message"`
}

// Approve lets a message of somebody else go out.
func (h *Handlers) Approve(ctx context.Context, in *MessageRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.DecideMessage{Number: in.Number, Approve: true})
}

// RejectRequest says why a message does not go out.
type RejectRequest struct {
	MessageRequest
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"10000"`
	}
}

// Reject keeps a message of somebody else from going out.
func (h *Handlers) Reject(ctx context.Context, in *RejectRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.DecideMessage{Number: in.Number, Reason: in.Body.Reason})
}

// DeliveriesRequest says where a message went.
type DeliveriesRequest struct {
	MessageRequest
	Body struct {
		Deliveries []DeliveryBody `json:"deliveries" minItems:"1" maxItems:"100"`
	}
}

// DeliveryBody is one attempt to bring a message to somebody.
type DeliveryBody struct {
	To    string    `json:"to" minLength:"1" maxLength:"200" doc:"A channel, an address or a list"`
	At    time.Time `json:"at,omitzero" doc:"Now if it is left out"`
	Error string    `json:"error,omitempty" maxLength:"10000" doc:"Why it did not arrive"`
}

// Deliveries records where an approved message went, for those who send it by hand or with a program of their own.
func (h *Handlers) Deliveries(ctx context.Context, in *DeliveriesRequest) (*IncidentResponse, error) {
	cmd := incidents.RecordSent{Number: in.Number}
	for _, d := range in.Body.Deliveries {
		cmd.Deliveries = append(cmd.Deliveries, incidents.Delivery(d))
	}
	return h.do(ctx, in.change(), cmd)
}

// TemplateRequest asks for the text of a message.
type TemplateRequest struct {
	RefRequest
	Audience string `query:"audience" required:"true" enum:"executives,support,customers"`
}

// TemplateResponse holds the text.
type TemplateResponse struct {
	Body struct {
		Text string `json:"text"`
	}
}

// Template writes what a message to an audience would say now, and keeps nothing.
func (h *Handlers) Template(ctx context.Context, in *TemplateRequest) (*TemplateResponse, error) {
	i, err := h.get(ctx, in.Ref)
	if err != nil {
		return nil, err
	}
	out := &TemplateResponse{}
	out.Body.Text = incidents.Template(incidents.Audience(in.Audience), i, h.Now())
	return out, nil
}
