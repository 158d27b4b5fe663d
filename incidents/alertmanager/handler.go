package alertmanager

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/incidents"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
)

// store keeps the incidents.
type store interface {
	Declare(ctx context.Context, d incidents.Declare, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error)
	Do(ctx context.Context, ref incidents.Ref, cmd incidents.Command, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error)
	Latest(ctx context.Context, v incidents.Viewer, prefix string) (incidents.Incident, error)
	Timeline(ctx context.Context, v incidents.Viewer, ref incidents.Ref) ([]incidents.TimelineEntry, error)
}

// Handlers take webhooks.
type Handlers struct {
	Store store            // required
	Now   func() time.Time // time.Now when nil
}

// maxBody bounds a webhook, in bytes: Alertmanager can be told to leave alerts out (max_alerts).
const maxBody = 4 << 20

// Register adds the operation to api.
func (h *Handlers) Register(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "alertmanager-webhook", Method: http.MethodPost, Path: "/v1/alertmanager/webhook", Tags: []string{"incidents"},
		Summary:     "Take a webhook of a Prometheus Alertmanager",
		Description: "A group of alerts is one incident for as long as that is open. Taken in version 4 of the format; authorise with http_config.",
		Security:    httpapi.Bearer, MaxBodyBytes: maxBody,
		Errors: []int{http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, h.Webhook)
}

// WebhookRequest is what Alertmanager sends.
type WebhookRequest struct {
	RawBody []byte
}

// Outcome is what became of a webhook.
type Outcome struct {
	Incident string `json:"incident,omitempty" doc:"The incident of the group; absent if it is not worth one, or is not for you to see"`
	Did      string `json:"did" enum:"declared,noted,nothing"`
}

// WebhookResponse says what became of it.
type WebhookResponse struct {
	Body Outcome
}

// Webhook declares an incident or notes what changed. A repeated delivery changes nothing.
func (h *Handlers) Webhook(ctx context.Context, in *WebhookRequest) (*WebhookResponse, error) {
	p, err := parse(in.RawBody)
	if err != nil {
		return nil, httpapi.Problem(httpapi.Invalid, err.Error(), nil)
	}
	sum := sha256.Sum256(in.RawBody)
	by := incidents.Caller{Subject: identity.From(ctx).Subject, System: true, RequestID: p.prefix() + hex.EncodeToString(sum[:16])}
	out, err := h.take(ctx, p, by)
	if input := (*incidents.InputError)(nil); errors.As(err, &input) {
		return nil, httpapi.Problem(httpapi.Invalid, input.Error(), nil)
	}
	if err != nil {
		return nil, httpapi.Problem(httpapi.Unavailable, "the webhook could not be taken; send it again", err)
	}
	return &WebhookResponse{Body: out}, nil
}

func (h *Handlers) take(ctx context.Context, p payload, by incidents.Caller) (Outcome, error) {
	last, err := h.last(ctx, p)
	if err != nil {
		return Outcome{}, err
	}
	if last != nil && last.State.Open() {
		return h.note(ctx, *last, p, by, "noted")
	}
	fire := p.firing()
	if severity(fire) == 0 {
		return Outcome{Did: "nothing"}, nil
	}
	if last != nil {
		if fire, err = h.untold(ctx, last.Ref, fire); err != nil {
			return Outcome{}, err
		}
	}
	if severity(fire) == 0 { // people ended it although these fire
		return h.note(ctx, *last, p, by, "noted")
	}
	declares := by
	declares.RequestID += "/declare" // the note has the plain one, so that a repeated first webhook makes no second note
	inc, made, err := h.Store.Declare(ctx, h.declaration(p, fire), declares)
	if err != nil {
		return Outcome{}, fmt.Errorf("declare incident: %w", err)
	}
	if len(made) == 0 { // another one of the same alert
		return h.note(ctx, inc, p, by, "noted")
	}
	return h.note(ctx, inc, p, by, "declared")
}

// declaration is of an incident that began with the first of the alerts. The clock of who saw it may be ahead of ours, and
// nothing starts after it is declared.
func (h *Handlers) declaration(p payload, fire []alert) incidents.Declare {
	first, now := fire[0], time.Now
	if h.Now != nil {
		now = h.Now
	}
	started := first.StartsAt
	if at := now(); started.After(at) {
		started = at
	}
	return incidents.Declare{
		Title: p.title(first), Severity: severity(fire), Services: services(fire), Started: started, Source: incidents.SourceAlert,
		DedupKey: fmt.Sprintf("%s%d", p.prefix(), first.StartsAt.UnixMilli()),
	}
}

// note puts what the webhook says on the timeline.
func (h *Handlers) note(ctx context.Context, i incidents.Incident, p payload, by incidents.Caller, did string) (Outcome, error) {
	if _, _, err := h.Store.Do(ctx, i.Ref, incidents.Happened{Kind: incidents.KindAlert, Text: p.text()}, by); err != nil {
		return Outcome{}, fmt.Errorf("note on %s: %w", i.Ref, err)
	}
	return outcome(i, by, did), nil
}

// outcome names the incident to whoever sent the webhook, if they may know of it: Plimsoll itself finds private ones too.
func outcome(i incidents.Incident, by incidents.Caller, did string) Outcome {
	if !i.VisibleTo(incidents.Viewer{Subject: by.Subject}) {
		return Outcome{Did: did}
	}
	return Outcome{Incident: i.Ref.String(), Did: did}
}

// last returns the newest incident of the group, or nil.
func (h *Handlers) last(ctx context.Context, p payload) (*incidents.Incident, error) {
	i, err := h.Store.Latest(ctx, incidents.Viewer{System: true}, p.prefix())
	if errors.Is(err, incidents.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for the incident of the group: %w", err)
	}
	return &i, nil
}

// untold leaves out the alerts that an incident was told of while they fired: whoever ended it knew of them.
func (h *Handlers) untold(ctx context.Context, ref incidents.Ref, fire []alert) ([]alert, error) {
	timeline, err := h.Store.Timeline(ctx, incidents.Viewer{System: true}, ref)
	if err != nil {
		return nil, fmt.Errorf("read what %s was told: %w", ref, err)
	}
	return slices.DeleteFunc(fire, func(a alert) bool {
		return slices.ContainsFunc(timeline, func(e incidents.TimelineEntry) bool {
			return e.Kind == incidents.KindAlert && strings.Contains("\n"+e.Text, "\n"+a.since())
		})
	}), nil
}
