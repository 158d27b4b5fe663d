package attestation

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"

	"plimsoll/slo/gate"
)

// The types of what is signed.
const (
	PayloadType   = "application/vnd.in-toto+json"
	StatementType = "https://in-toto.io/Statement/v1"
	PredicateType = "https://plimsoll.dev/attestation/gate-decision/v1"
)

// ErrNotSigned is returned for an envelope that none of the known keys signed, or that says another thing than was signed.
var ErrNotSigned = errors.New("no known key has signed this")

// Envelope is a DSSE envelope.
type Envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     []byte      `json:"payload"` // base64 in JSON
	Signatures  []Signature `json:"signatures"`
}

// Signature is one over the payload and its type.
type Signature struct {
	KeyID KeyID  `json:"keyid"`
	Sig   []byte `json:"sig"` // base64 in JSON
}

// Statement is an in-toto statement about the commit that a decision is about.
type Statement struct {
	Type          string        `json:"_type"`
	Subject       []Subject     `json:"subject"`
	PredicateType string        `json:"predicateType"`
	Predicate     gate.Decision `json:"predicate"`
}

// Subject is what a statement is about.
type Subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// Sign puts a decision into a signed envelope.
func (k *Keyring) Sign(d gate.Decision) (*Envelope, error) {
	if k.signer == nil {
		return nil, errors.New("sign decision: there is no private key")
	}
	var payload bytes.Buffer
	enc := json.NewEncoder(&payload)
	enc.SetEscapeHTML(false)
	err := enc.Encode(Statement{
		Type: StatementType, PredicateType: PredicateType, Predicate: d,
		Subject: []Subject{{Name: d.Change.Service, Digest: map[string]string{"gitCommit": d.Change.Commit}}},
	})
	if err != nil {
		return nil, fmt.Errorf("encode decision %d: %w", d.Seq, err)
	}
	body := bytes.TrimSuffix(payload.Bytes(), []byte("\n"))
	return &Envelope{PayloadType: PayloadType, Payload: body,
		Signatures: []Signature{{KeyID: k.newest, Sig: ed25519.Sign(k.signer, preAuthentication(PayloadType, body))}}}, nil
}

// preAuthentication is what is signed: the type and the payload, each with its length, so that neither can pass for a part of the other.
func preAuthentication(payloadType string, payload []byte) []byte {
	return append(fmt.Appendf(nil, "DSSEv1 %d %s %d ", len(payloadType), payloadType, len(payload)), payload...)
}

// Verify checks an envelope and returns the decision in it, with the key that signed it. The key that a signature names is a hint, as DSSE has
// it: all known keys are tried.
func (k *Keyring) Verify(e *Envelope) (gate.Decision, KeyID, error) {
	id, ok := k.signedBy(e)
	if !ok {
		return gate.Decision{}, "", ErrNotSigned
	}
	if e.PayloadType != PayloadType {
		return gate.Decision{}, "", fmt.Errorf("%w as a decision: its payload is of the type %q", ErrNotSigned, e.PayloadType)
	}
	var s Statement
	dec := json.NewDecoder(bytes.NewReader(e.Payload))
	if err := dec.Decode(&s); err != nil {
		return gate.Decision{}, "", fmt.Errorf("read statement: %w", err)
	}
	d := s.Predicate
	switch {
	case s.Type != StatementType || s.PredicateType != PredicateType:
		return gate.Decision{}, "", fmt.Errorf("%w as a decision: it is a %q about %q", ErrNotSigned, s.Type, s.PredicateType)
	case len(s.Subject) != 1 || s.Subject[0].Name != d.Change.Service || s.Subject[0].Digest["gitCommit"] != d.Change.Commit:
		return gate.Decision{}, "", fmt.Errorf("%w as a decision: its subject is not the commit that was decided about", ErrNotSigned)
	}
	return d, id, nil
}

func (k *Keyring) signedBy(e *Envelope) (KeyID, bool) {
	signed := preAuthentication(e.PayloadType, e.Payload)
	for _, s := range e.Signatures {
		for id, public := range k.public {
			if ed25519.Verify(public, signed, s.Sig) {
				return id, true
			}
		}
	}
	return "", false
}
