package api

import (
	"context"
	"fmt"
	"slices"
	"time"

	"plimsoll/incidents"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/nearest"
	"plimsoll/slo"
)

// IncidentResponse holds an incident after a command.
type IncidentResponse struct {
	Body Incident
}

// Once makes a request safe to send again.
type Once struct {
	Key string `header:"Idempotency-Key" maxLength:"200" doc:"Any text of your own. A change that is sent again with the same one changes nothing and is answered with the incident as it is now"`
}

// caller is whoever asks for something. One person's keys are no other's, and a key that is used for something else is
// another one: it never answers with what was not asked for.
func (o Once) caller(ctx context.Context, what string) incidents.Caller {
	by := incidents.Caller{Subject: identity.From(ctx).Subject}
	if o.Key != "" {
		by.RequestID = fmt.Sprintf("api/%q/%s/%s", by.Subject, what, o.Key)
	}
	return by
}

// ChangeRequest names the incident that is to change.
type ChangeRequest struct {
	RefRequest
	Once
}

// change is the part that every change has.
func (r ChangeRequest) change() ChangeRequest { return r }

// do gives a command on behalf of the caller.
func (h *Handlers) do(ctx context.Context, to ChangeRequest, cmd incidents.Command) (*IncidentResponse, error) {
	ref, err := incidents.ParseRef(to.Ref)
	if err != nil {
		return nil, problem(err, "path.ref")
	}
	i, _, err := h.Store.Do(ctx, ref, cmd, to.caller(ctx, fmt.Sprintf("%s %s", cmd.Verb(), ref)))
	if err != nil {
		return nil, problem(err, "")
	}
	return &IncidentResponse{Body: view(i)}, nil
}

// DeclareBody is an incident as it is declared.
type DeclareBody struct {
	Title      string    `json:"title" minLength:"1" maxLength:"200" doc:"What customers notice, in one line" example:"Playback stalls in Europe"`
	Severity   int       `json:"severity,omitempty" minimum:"1" maximum:"5" doc:"1 is the worst; leave it out while nobody can tell"`
	Services   []string  `json:"services,omitempty" doc:"Services that are affected"`
	Objectives []slo.Key `json:"objectives,omitempty" doc:"Objectives that are affected; their services need not be named"`
	Started    time.Time `json:"started,omitzero" doc:"When customers were first affected, if that is known"`
	Detected   time.Time `json:"detected,omitzero" doc:"When it was first noticed, if that was before now"`
	Private    bool      `json:"private,omitempty" doc:"Only members can see it: you, whoever gets a role, and whom you invite"`
	Drill      bool      `json:"drill,omitempty" doc:"An exercise, which counts nowhere"`
}

// DeclareRequest declares an incident.
type DeclareRequest struct {
	Once
	Body DeclareBody
}

// Declare opens an incident.
func (h *Handlers) Declare(ctx context.Context, in *DeclareRequest) (*IncidentResponse, error) {
	b := in.Body
	if err := h.checkObjectives(b.Objectives); err != nil {
		return nil, err
	}
	i, _, err := h.Store.Declare(ctx, incidents.Declare{
		Title: b.Title, Severity: incidents.Severity(b.Severity), Services: b.Services, Objectives: b.Objectives,
		Started: b.Started, Detected: b.Detected, Source: incidents.SourceAPI,
		Private: b.Private, Drill: b.Drill,
	}, in.caller(ctx, "declare"))
	if err != nil {
		return nil, problem(err, "")
	}
	return &IncidentResponse{Body: view(i)}, nil
}

// checkObjectives refuses objectives that the ledger does not know.
func (h *Handlers) checkObjectives(keys []slo.Key) error {
	if h.Ledger == nil {
		return nil
	}
	var known []string
	for _, o := range h.Ledger.Objectives() {
		known = append(known, string(o.Key))
	}
	for n, key := range keys {
		if !slices.Contains(known, string(key)) {
			return httpapi.Problem(httpapi.Invalid, fmt.Sprintf("objectives[%d]: no objective %q is defined%s",
				n, key, nearest.Hint(string(key), known)), nil)
		}
	}
	return nil
}

// Acknowledge says that the caller works on it.
func (h *Handlers) Acknowledge(ctx context.Context, in *ChangeRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.Acknowledge{})
}

// Command makes the caller incident commander.
func (h *Handlers) Command(ctx context.Context, in *ChangeRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.Assign{Role: incidents.Commander})
}

// AssignRequest gives a role to somebody.
type AssignRequest struct {
	ChangeRequest
	Body struct {
		Role string `json:"role" enum:"commander,operations,communications,scribe"`
		To   string `json:"to,omitempty" doc:"Who holds it from now on; you if it is left out"`
	}
}

// Assign gives a role to somebody.
func (h *Handlers) Assign(ctx context.Context, in *AssignRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.Assign{Role: incidents.Role(in.Body.Role), To: in.Body.To})
}

// NoteRequest puts a note on the timeline.
type NoteRequest struct {
	ChangeRequest
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"10000"`
	}
}

// Note puts a note on the timeline.
func (h *Handlers) Note(ctx context.Context, in *NoteRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.Note{Text: in.Body.Text})
}

// UpdateRequest tells everybody else how it goes.
type UpdateRequest struct {
	ChangeRequest
	Body struct {
		Text   string `json:"text" minLength:"1" maxLength:"10000"`
		NextIn string `json:"nextIn,omitempty" doc:"When the next update comes, such as 30m; by the severity if it is left out" example:"30m"`
	}
}

// Update tells everybody else how it goes.
func (h *Handlers) Update(ctx context.Context, in *UpdateRequest) (*IncidentResponse, error) {
	var next time.Duration
	if in.Body.NextIn != "" {
		var err error
		if next, err = time.ParseDuration(in.Body.NextIn); err != nil {
			return nil, problem(&incidents.InputError{Field: "nextIn", Found: in.Body.NextIn, Want: "a length of time such as 30m or 1h30m"}, "")
		}
	}
	return h.do(ctx, in.change(), incidents.Update{Text: in.Body.Text, NextIn: next})
}

// AmendRequest replaces the text of an entry.
type AmendRequest struct {
	ChangeRequest
	Number int `path:"number" minimum:"1" doc:"Number of the entry"`
	Body   struct {
		Text string `json:"text" maxLength:"10000" doc:"The new text; an empty one retracts the entry"`
	}
}

// AmendResponse holds the entry in its new version.
type AmendResponse struct {
	Body incidents.TimelineEntry
}

// Amend replaces the text of a note, an update or a pinned message.
func (h *Handlers) Amend(ctx context.Context, in *AmendRequest) (*AmendResponse, error) {
	ref, err := incidents.ParseRef(in.Ref)
	if err != nil {
		return nil, problem(err, "path.ref")
	}
	e, err := h.Store.Amend(ctx, ref, in.Number, in.Body.Text, in.caller(ctx, fmt.Sprintf("amend %s/%d", ref, in.Number)))
	if err != nil {
		return nil, problem(err, "")
	}
	return &AmendResponse{Body: e}, nil
}

// SeverityRequest changes the severity.
type SeverityRequest struct {
	ChangeRequest
	Body struct {
		Severity int    `json:"severity" minimum:"1" maximum:"5" doc:"1 is the worst"`
		Reason   string `json:"reason,omitempty" maxLength:"10000"`
	}
}

// Severity changes the severity.
func (h *Handlers) Severity(ctx context.Context, in *SeverityRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.SetSeverity{Severity: incidents.Severity(in.Body.Severity), Reason: in.Body.Reason})
}

// TimeRequest corrects when something happened.
type TimeRequest struct {
	ChangeRequest
	Body struct {
		Event string    `json:"event" enum:"started,detected,declared,acknowledged,mitigated,resolved"`
		At    time.Time `json:"at"`
	}
}

// Time corrects when something happened.
func (h *Handlers) Time(ctx context.Context, in *TimeRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.SetTime{Event: incidents.Event(in.Body.Event), At: in.Body.At})
}

// HowRequest ends an incident, and may say how.
type HowRequest struct {
	ChangeRequest
	Body *struct {
		How string `json:"how,omitempty" maxLength:"10000" doc:"What was done"`
	}
}

func (r *HowRequest) how() string {
	if r.Body == nil {
		return ""
	}
	return r.Body.How
}

// Mitigate says that customers no longer notice it.
func (h *Handlers) Mitigate(ctx context.Context, in *HowRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.Mitigate{How: in.how()})
}

// Resolve says that its cause is gone or contained.
func (h *Handlers) Resolve(ctx context.Context, in *HowRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.Resolve{How: in.how()})
}

// ReasonRequest says why.
type ReasonRequest struct {
	ChangeRequest
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"10000"`
	}
}

// Reopen says that it was not over.
func (h *Handlers) Reopen(ctx context.Context, in *ReasonRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.Reopen{Reason: in.Body.Reason})
}

// Cancel says that it was no incident.
func (h *Handlers) Cancel(ctx context.Context, in *ReasonRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.Cancel{Reason: in.Body.Reason})
}

// Close ends a resolved incident for good.
func (h *Handlers) Close(ctx context.Context, in *ChangeRequest) (*IncidentResponse, error) {
	return h.do(ctx, in.change(), incidents.Close{})
}
