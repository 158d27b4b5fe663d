package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/internal/httpapi"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/attestation"
)

// checker answers checks; the answer is recorded before it is given.
type checker interface {
	Check(ctx context.Context, by string, c gate.Change) (gate.Decision, error)
}

// freezer keeps the freezes.
type freezer interface {
	Freezes(ctx context.Context) ([]gate.State, error)
	Freeze(ctx context.Context, by, service, environment, reason string, until time.Time) (gate.Event, error)
	Thaw(ctx context.Context, by, service, environment, reason string, until time.Time) (gate.Event, error)
}

// auditor reads the audit log.
type auditor interface {
	Decisions(ctx context.Context, f gate.Filter) ([]gate.Decision, error)
	Events(ctx context.Context, f gate.Filter) ([]gate.Event, error)
	Verify(ctx context.Context) (gate.Verification, error)
}

// Handlers are the operations of the gate.
type Handlers struct {
	Gate interface {
		checker
		freezer
		auditor
		overrider
		replayer
	}
	// Keys sign decisions for those who ask.
	Keys *attestation.Keyring
	// RequireIdentity refuses checks of callers who do not prove who they are. Without it their checks are recorded as
	// asked by "anonymous".
	RequireIdentity bool
}

var tags = []string{"gate"}

// Register adds the operations to api.
func (h *Handlers) Register(api huma.API) {
	check := huma.Operation{
		OperationID: "gate-check", Method: http.MethodPost, Path: "/v1/gate/checks", Tags: tags,
		Summary: "May this change go out now?",
		Description: "Answers allow, deny or hold with every clause that was evaluated. All three are status 200; hold and any other " +
			"status must not be taken as an allow. The decision is in the audit log, on disk, before it is answered.",
		Errors: []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}
	if h.RequireIdentity {
		check.Security = httpapi.Deployers
		check.Errors = append(check.Errors, http.StatusUnauthorized, http.StatusForbidden)
	}
	huma.Register(api, check, h.Check)
	read(api, "gate-decisions", "/v1/gate/decisions", "List decisions, newest first", h.Decisions)
	read(api, "gate-freezes", "/v1/gate/freezes", "List the freezes in their present state", h.Freezes)
	read(api, "gate-events", "/v1/gate/events", "List what happened to freezes, newest first", h.Events)
	huma.Register(api, huma.Operation{ // it reads the whole log, which is not for everybody to ask for
		OperationID: "gate-verify", Method: http.MethodGet, Path: "/v1/gate/verification", Tags: tags,
		Summary: "Verify the hash chain of the audit log", Security: httpapi.Bearer, Errors: []int{http.StatusUnauthorized},
	}, h.Verify)
	huma.Register(api, huma.Operation{ // it reads and decides as much as it is asked for
		OperationID: "gate-replay", Method: http.MethodGet, Path: "/v1/gate/replay", Tags: tags,
		Summary: "Decide again what was decided, from the audit log alone, and say where the answers differ", Security: httpapi.Bearer,
		Errors: []int{http.StatusUnauthorized, http.StatusUnprocessableEntity},
	}, h.Replay)
	read(api, "gate-attestation", "/v1/gate/decisions/{seq}/attestation", "Get a decision as an in-toto statement in a signed DSSE envelope", h.Attestation)
	read(api, "gate-keys", "/v1/gate/keys", "Get the public keys that signed decisions are verified with", h.PublicKeys)
	read(api, "gate-overrides", "/v1/gate/overrides", "List the overrides of the last 30 days, newest first", h.Overrides)
	command(api, "gate-override", "/v1/gate/overrides", "Ask for an override of one commit, which another person has to approve", h.RequestOverride)
	command(api, "gate-override-approve", "/v1/gate/overrides/{id}/approve", "Approve the override that another person asked for", h.ApproveOverride)
	command(api, "gate-freeze", "/v1/gate/freezes", "Freeze releases by hand, with a reason and an end", h.Freeze)
	command(api, "gate-thaw", "/v1/gate/thaws", "Lift a freeze by hand, with a reason and an end", h.Thaw)
}

func read[I, O any](api huma.API, id, path, summary string, f func(context.Context, *I) (*O, error)) {
	huma.Register(api, huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Tags: tags,
		Errors: []int{http.StatusUnprocessableEntity}}, f)
}

func command[I, O any](api huma.API, id, path, summary string, f func(context.Context, *I) (*O, error)) {
	huma.Register(api, huma.Operation{OperationID: id, Method: http.MethodPost, Path: path, Summary: summary, Tags: tags,
		Security: httpapi.Bearer,
		Errors:   []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusUnprocessableEntity}}, f)
}
