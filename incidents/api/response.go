package api

import (
	"context"
	"time"

	"plimsoll/incidents"
	"plimsoll/slo"
)

// ImpactRequest changes what is affected.
type ImpactRequest struct {
	ChangeRequest
	Body struct {
		Services   []string  `json:"services,omitempty"`
		Objectives []slo.Key `json:"objectives,omitempty"`
		Remove     bool      `json:"remove,omitempty" doc:"They are not affected after all"`
	}
}

// Impact says that more is affected than was thought, or less.
func (h *Handlers) Impact(ctx context.Context, in *ImpactRequest) (*IncidentResponse, error) {
	b := in.Body
	if !b.Remove { // what is no longer defined may still be taken away
		if err := h.checkObjectives(b.Objectives); err != nil {
			return nil, err
		}
	}
	return h.do(ctx, in.change(), incidents.Impact{Services: b.Services, Objectives: b.Objectives, Remove: b.Remove})
}

// TaskRequest asks for something to be done.
type TaskRequest struct {
	ChangeRequest
	Body struct {
		Text  string    `json:"text" minLength:"1" maxLength:"10000"`
		Kind  string    `json:"kind,omitempty" enum:"task,followup" default:"task" doc:"Whether it is part of the response or comes after it"`
		Owner string    `json:"owner,omitempty" doc:"Who does it"`
		Due   time.Time `json:"due,omitzero"`
	}
}

// AddTask asks for something to be done.
func (h *Handlers) AddTask(ctx context.Context, in *TaskRequest) (*IncidentResponse, error) {
	b := in.Body
	return h.do(ctx, in.change(), incidents.AddTask{Kind: incidents.TaskKind(b.Kind), Text: b.Text, Owner: b.Owner, Due: b.Due})
}

// TaskDoneRequest names a task.
type TaskDoneRequest struct {
	ChangeRequest
	Number int `path:"number" minimum:"1" doc:"Number of the task"`
}

// FinishTask says that a task is done.
func (h *Handlers) FinishTask(ctx context.Context, in *TaskDoneRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.FinishTask{Number: in.Number})
}

// OtherRequest names a second incident.
type OtherRequest struct {
	ChangeRequest
	Body struct {
		Ref incidents.Ref `json:"ref" doc:"The other incident, such as INC-9"`
	}
}

// Link says that two incidents have to do with each other.
func (h *Handlers) Link(ctx context.Context, in *OtherRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.Link{To: in.Body.Ref})
}

// Merge says that an incident is a part of another.
func (h *Handlers) Merge(ctx context.Context, in *OtherRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.Merge{Into: in.Body.Ref})
}

// InviteRequest names somebody.
type InviteRequest struct {
	ChangeRequest
	Body struct {
		Who string `json:"who" minLength:"1" maxLength:"200" doc:"The subject of somebody who is to see it"`
	}
}

// Invite lets somebody see a private incident.
func (h *Handlers) Invite(ctx context.Context, in *InviteRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.Invite{Who: in.Body.Who})
}

// PrivacyRequest says who can see an incident.
type PrivacyRequest struct {
	ChangeRequest
	Body struct {
		Private bool `json:"private" doc:"Whether only its members can see it"`
	}
}

// Privacy makes an incident one for its members, or for everybody.
func (h *Handlers) Privacy(ctx context.Context, in *PrivacyRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.SetPrivate{Private: in.Body.Private})
}

// PinRequest keeps a message from elsewhere.
type PinRequest struct {
	ChangeRequest
	Body struct {
		Text   string `json:"text" minLength:"1" maxLength:"10000"`
		Author string `json:"author,omitempty" maxLength:"200" doc:"Who wrote it"`
		Link   string `json:"link,omitempty" maxLength:"10000" doc:"Where it stands"`
	}
}

// Pin keeps a message from elsewhere on the timeline.
func (h *Handlers) Pin(ctx context.Context, in *PinRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.Pin{Text: in.Body.Text, Author: in.Body.Author, Link: in.Body.Link})
}

// EventRequest is what a machine saw.
type EventRequest struct {
	ChangeRequest
	Body struct {
		Kind   string    `json:"kind" enum:"alert,deploy,decision"`
		Text   string    `json:"text" minLength:"1" maxLength:"10000"`
		Source string    `json:"source,omitempty" maxLength:"200" doc:"What it was about, such as a service or an objective"`
		At     time.Time `json:"at,omitzero" doc:"When it happened; now if it is left out"`
	}
}

// Event puts what a machine saw on the timeline.
func (h *Handlers) Event(ctx context.Context, in *EventRequest) (*IncidentResponse, error) {
	b := in.Body
	return h.do(ctx, in.change(), incidents.Happened{Kind: incidents.Kind(b.Kind), Text: b.Text, Source: b.Source, At: b.At})
}
