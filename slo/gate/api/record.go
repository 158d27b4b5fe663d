package api

import (
	"context"
	"fmt"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
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
	envelope, err := h.Keys.Ring().Sign(found[0])
	if err != nil {
		return nil, err
	}
	return &AttestationResponse{Body: *envelope}, nil
}

// keyStore keeps the public keys of all replicas.
type keyStore interface {
	Publish(ctx context.Context, ring *attestation.Keyring) error
	Keys(ctx context.Context) ([]attestation.PublicKey, error)
}

// Keys are the public keys of the gate, of all its replicas.
type Keys struct {
	Newest attestation.KeyID       `json:"newest" doc:"The key that the replica which answers signs with now"`
	PEM    string                  `json:"pem" doc:"All public keys, as a file to verify with"`
	Keys   []attestation.PublicKey `json:"keys" nullable:"false" doc:"The same one by one, those in use first"`
}

// KeysResponse holds the public keys.
type KeysResponse struct {
	Body Keys
}

// PublicKeys returns what signed decisions are verified with.
func (h *Handlers) PublicKeys(ctx context.Context, _ *struct{}) (*KeysResponse, error) {
	keys, err := h.Published.Keys(ctx)
	if err != nil {
		return nil, problem(err, "the keys cannot be read now")
	}
	return &KeysResponse{Body: Keys{Newest: h.Keys.Ring().Newest(), PEM: attestation.File(keys), Keys: orEmpty(keys)}}, nil
}

// RotateKeys makes a new signing key on the replica that answers.
func (h *Handlers) RotateKeys(ctx context.Context, _ *struct{}) (*KeysResponse, error) {
	if err := identity.Authorize(ctx, identity.RotateKeys, identity.Place{}); err != nil { // they sign the decisions about every service
		return nil, problem(err, "the key was not changed")
	}
	if _, err := h.Keys.Rotate(func(ring *attestation.Keyring) error { return h.Published.Publish(ctx, ring) }); err != nil {
		return nil, problem(err, "the new key could not be published, so the old one still signs")
	}
	return h.PublicKeys(ctx, nil)
}
