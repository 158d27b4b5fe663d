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
		exempter
		responder
		replayer
	}
	// Keys sign decisions for those who ask.
	Keys *attestation.Signer
	// Published are the public keys of all replicas.
	Published keyStore
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
	read(api, "gate-status", "/v1/gate/status", "Tell how every freeze stands: what is owed, what ends it, and when that may be", h.Status)
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
	command(api, "gate-keys-rotate", "/v1/gate/keys", "Make a new signing key on the replica that answers; what the old one signed stays good", h.RotateKeys)
	read(api, "gate-overrides", "/v1/gate/overrides", "List the overrides of the last 30 days, newest first", h.Overrides)
	command(api, "gate-override", "/v1/gate/overrides", "Ask for an override of one commit, which another person has to approve", h.RequestOverride)
	command(api, "gate-override-approve", "/v1/gate/overrides/{id}/approve", "Approve the override that another person asked for", h.ApproveOverride)
	command(api, "gate-override-follow-up", "/v1/gate/overrides/{id}/follow-up", "Say that the follow-up of a used override is done", h.FinishFollowUp)
	read(api, "gate-exemptions", "/v1/gate/exemptions", "List the exemptions that have not ended, or did in the last 30 days, newest first", h.Exemptions)
	command(api, "gate-exempt", "/v1/gate/exemptions", "Record that a spent budget is not the team's to make good, with a reason and an end", h.Exempt)
	command(api, "gate-exempt-end", "/v1/gate/exemptions/{id}/end", "End an exemption before its time", h.EndExemption)
	command(api, "gate-plan", "/v1/gate/plans", "File the action plan of a Code Red", h.FilePlan)
	command(api, "gate-thaw-by-criteria", "/v1/gate/thaws/by-criteria", "End a Code Red whose exit criteria are met, as a release manager", h.ThawByCriteria)
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
