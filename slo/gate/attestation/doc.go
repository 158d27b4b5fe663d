// Package attestation signs decisions of the gate, so that anybody with the public key can check one without asking the gate.
//
// A decision becomes an in-toto statement about the commit, in a DSSE envelope that is signed with Ed25519. The predicate is the decision with
// everything that it was made from.
//
//	gate.Decision ──▶ Statement (in-toto v1) ──▶ Envelope (DSSE) ──Verify──▶ gate.Decision
//
// Keys rotate by adding: a [Keyring] signs with its newest key and verifies with all, so an old envelope stays good for as long as its
// key is kept. Each replica has keys of its own; [plimsoll/slo/gate/attestation/postgres] keeps the public ones of all. It owns the formats and the keys; where keys lie is for its caller to say.
//
// Sources: in-toto Attestation Framework, Statement v1; DSSE: Dead Simple Signing Envelope v1.0.
package attestation
