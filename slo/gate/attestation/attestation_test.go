package attestation_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/attestation"
)

func decision() gate.Decision {
	return gate.Decision{
		Seq: 7, At: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), Outcome: gate.Deny, Reason: gate.BudgetSpent, Clause: "budget",
		Message: []string{"DENY", "It is spent & gone.", "Next: wait."}, By: "ci",
		Change:     gate.Change{Service: "video-api", Environment: "production", Commit: "c0ffee", Class: gate.Feature},
		Objectives: []gate.Figures{{Objective: "video-api/availability", Target: 999_000_000, Counts: slo.Counts{Good: 9, Total: 10}, Spent: true}},
		Clauses:    []gate.Result{{Clause: "budget", Verdict: gate.Deny}},
	}
}

func open(t *testing.T, dir string) *attestation.Keyring {
	t.Helper()
	k, err := attestation.OpenKeyring(dir)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sign(t *testing.T, k *attestation.Keyring) *attestation.Envelope {
	t.Helper()
	e, err := k.Sign(decision())
	if err != nil {
		t.Fatal(err)
	}
	// As it comes off the wire.
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var read attestation.Envelope
	if err := json.Unmarshal(b, &read); err != nil {
		t.Fatal(err)
	}
	return &read
}

// Somebody with the public keys alone gets the decision back as it was made.
func TestSignAndVerify(t *testing.T) {
	t.Parallel()
	k := open(t, t.TempDir())
	stranger, err := attestation.Verifier(k.PEM())
	if err != nil {
		t.Fatal(err)
	}
	got, id, err := stranger.Verify(sign(t, k))
	if err != nil || id != k.Newest() {
		t.Fatalf("key %q, %v", id, err)
	}
	if diff := cmp.Diff(decision(), got); diff != "" {
		t.Error(diff)
	}
	if _, err := stranger.Sign(decision()); err == nil {
		t.Error("signed without a private key")
	}
}

// The format is that of DSSE and in-toto, byte for byte.
func TestFormat(t *testing.T) {
	t.Parallel()
	e := sign(t, open(t, t.TempDir()))
	if e.PayloadType != "application/vnd.in-toto+json" || len(e.Signatures) != 1 || len(e.Signatures[0].Sig) != 64 || len(e.Signatures[0].KeyID) != 16 {
		t.Errorf("envelope %+v", e)
	}
	want := `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"video-api","digest":{"gitCommit":"c0ffee"}}],"predicateType":"https://plimsoll.dev/attestation/gate-decision/v1","predicate":{"seq":7,`
	if !strings.HasPrefix(string(e.Payload), want) || !strings.Contains(string(e.Payload), "spent & gone") {
		t.Errorf("payload %s", e.Payload)
	}
}

func TestTampering(t *testing.T) {
	t.Parallel()
	k := open(t, t.TempDir())
	other := open(t, t.TempDir())
	for _, tc := range []struct {
		name   string
		change func(*attestation.Envelope)
	}{
		{"deny becomes allow", func(e *attestation.Envelope) {
			e.Payload = bytes.Replace(e.Payload, []byte(`"deny"`), []byte(`"allow"`), 1)
		}},
		{"another commit", func(e *attestation.Envelope) {
			e.Payload = bytes.ReplaceAll(e.Payload, []byte("c0ffee"), []byte("decade"))
		}},
		{"a bit of the signature", func(e *attestation.Envelope) { e.Signatures[0].Sig[3] ^= 1 }},
		{"another type", func(e *attestation.Envelope) { e.PayloadType = "text/plain" }},
		{"no signature", func(e *attestation.Envelope) { e.Signatures = nil }},
		{"the signature of another gate", func(e *attestation.Envelope) { *e = *sign(t, other) }},
		{"a short signature", func(e *attestation.Envelope) { e.Signatures[0].Sig = e.Signatures[0].Sig[:10] }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := sign(t, k)
			tc.change(e)
			if _, _, err := k.Verify(e); !errors.Is(err, attestation.ErrNotSigned) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// After a rotation the new key signs, and what the old one signed is still good; the old private key is gone.
func TestRotation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := open(t, dir)
	old := sign(t, before)
	if open(t, dir).Newest() != before.Newest() {
		t.Error("opening makes another key")
	}
	after, err := attestation.RotateKeyring(dir)
	if err != nil {
		t.Fatal(err)
	}
	if after.Newest() == before.Newest() {
		t.Error("the key is still the same")
	}
	for _, e := range []*attestation.Envelope{old, sign(t, after)} {
		if _, _, err := open(t, dir).Verify(e); err != nil {
			t.Error(err)
		}
	}
	if _, _, err := before.Verify(sign(t, after)); !errors.Is(err, attestation.ErrNotSigned) {
		t.Errorf("a ring without the new key: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "gate-signing-key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("private key: %v, %v", info, err)
	}
}

// What a crash leaves of a public key that was being written keeps nobody from starting.
func TestKeysAfterACrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := open(t, dir)
	for _, half := range []string{filepath.Join("gate-public-keys", "0123456789abcdef.pem.new"), "gate-signing-key.pem.new"} {
		if err := os.WriteFile(filepath.Join(dir, half), []byte("-----BEGIN"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if after := open(t, dir); after.Newest() != before.Newest() || len(after.Public()) != 1 {
		t.Errorf("%d keys, the newest is %s", len(after.Public()), after.Newest())
	}
	if _, err := attestation.RotateKeyring(dir); err != nil {
		t.Error(err)
	}
}

func TestBadKeys(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"} {
		if _, err := attestation.Verifier([]byte(text)); err == nil {
			t.Errorf("%q is taken for a key", text)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "gate-signing-key.pem"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := attestation.OpenKeyring(dir); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"keyid":"a","sig":"AAAA"}]}`))
	dir := f.TempDir()
	k, err := attestation.OpenKeyring(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var e attestation.Envelope
		if json.Unmarshal(data, &e) != nil {
			return
		}
		if _, _, err := k.Verify(&e); err == nil {
			t.Error("verified what was not signed")
		}
	})
}
