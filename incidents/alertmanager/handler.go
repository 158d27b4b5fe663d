package alertmanager

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

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
}

// Handlers take webhooks. Store is required.
type Handlers struct {
	Store store
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
	open, err := h.openOf(ctx, p)
	if err != nil {
		return Outcome{}, err
	}
	if open != nil {
		if _, _, err := h.Store.Do(ctx, open.Ref, incidents.Happened{Kind: incidents.KindAlert, Text: p.text()}, by); err != nil {
			return Outcome{}, fmt.Errorf("note on %s: %w", open.Ref, err)
		}
		return outcome(*open, by, "noted"), nil
	}
	fire := p.firing()
	worst := severity(fire)
	if worst == 0 {
		return Outcome{Did: "nothing"}, nil
	}
	first := fire[0]
	declares := by
	declares.RequestID += "/declare" // the note has the plain one, so that a repeated first webhook makes no second note
	inc, _, err := h.Store.Declare(ctx, incidents.Declare{
		Title: p.title(first), Severity: worst, Services: services(fire), Started: first.StartsAt, Source: incidents.SourceAlert,
		DedupKey: fmt.Sprintf("%s%d", p.prefix(), first.StartsAt.UnixMilli()),
	}, declares)
	if err != nil {
		return Outcome{}, fmt.Errorf("declare incident: %w", err)
	}
	if _, _, err := h.Store.Do(ctx, inc.Ref, incidents.Happened{Kind: incidents.KindAlert, Text: p.text()}, by); err != nil {
		return Outcome{}, fmt.Errorf("note on %s: %w", inc.Ref, err)
	}
	return outcome(inc, by, "declared"), nil
}

// outcome names the incident to whoever sent the webhook, if they may know of it: Plimsoll itself finds private ones too.
func outcome(i incidents.Incident, by incidents.Caller, did string) Outcome {
	if !i.VisibleTo(incidents.Viewer{Subject: by.Subject}) {
		return Outcome{Did: did}
	}
	return Outcome{Incident: i.Ref.String(), Did: did}
}

// openOf returns the open incident of the group, or nil.
func (h *Handlers) openOf(ctx context.Context, p payload) (*incidents.Incident, error) {
	i, err := h.Store.Latest(ctx, incidents.Viewer{System: true}, p.prefix())
	switch {
	case errors.Is(err, incidents.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("look for the incident of the group: %w", err)
	case !i.State.Open():
		return nil, nil
	}
	return &i, nil
}
