package api

import (
	"context"
	"fmt"

	"plimsoll/internal/httpapi"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/attestation"
)

// replayer decides again what was decided.
type replayer interface {
	Replay(ctx context.Context, f gate.Filter) ([]gate.Replayed, error)
}

// Replay is what became of decisions that were made again.
type Replay struct {
	Replayed []gate.Replayed `json:"replayed" nullable:"false"`
}

// ReplayResponse holds replayed decisions, newest first.
type ReplayResponse struct {
	Body Replay
}

// Replay decides again, from the audit log alone.
func (h *Handlers) Replay(ctx context.Context, in *DecisionsRequest) (*ReplayResponse, error) {
	f := in.filter()
	f.Outcome = in.Outcome
	replayed, err := h.Gate.Replay(ctx, f)
	if err != nil {
		return nil, problem(err, "the decisions cannot be made again now")
	}
	return &ReplayResponse{Body: Replay{Replayed: append([]gate.Replayed{}, replayed...)}}, nil
}

// AttestationRequest names a decision.
type AttestationRequest struct {
	Seq int64 `path:"seq" minimum:"1" doc:"Place of the decision in the audit log"`
}

// AttestationResponse is a signed decision.
type AttestationResponse struct {
	Body attestation.Envelope
}

// Attestation signs a decision that is in the audit log.
func (h *Handlers) Attestation(ctx context.Context, in *AttestationRequest) (*AttestationResponse, error) {
	found, err := h.Gate.Decisions(ctx, gate.Filter{Before: in.Seq + 1, Limit: 1})
	if err != nil {
		return nil, problem(err, "the decision cannot be read now")
	}
	if len(found) == 0 || found[0].Seq != in.Seq {
		return nil, httpapi.Problem(httpapi.NotFound, fmt.Sprintf("entry %d of the audit log is not a decision", in.Seq), nil)
	}
	envelope, err := h.Keys.Sign(found[0])
	if err != nil {
		return nil, err
	}
	return &AttestationResponse{Body: *envelope}, nil
}

// Keys are the public keys of the gate.
type Keys struct {
	Newest attestation.KeyID `json:"newest" doc:"The key that signs now"`
	PEM    string            `json:"pem" doc:"All public keys, the newest first"`
}

// KeysResponse holds the public keys.
type KeysResponse struct {
	Body Keys
}

// PublicKeys returns what signed decisions are verified with.
func (h *Handlers) PublicKeys(context.Context, *struct{}) (*KeysResponse, error) {
	return &KeysResponse{Body: Keys{Newest: h.Keys.Newest(), PEM: string(h.Keys.PEM())}}, nil
}
