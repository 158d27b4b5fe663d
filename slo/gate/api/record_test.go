package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/api"
	"plimsoll/slo/gate/attestation"
	keyspg "plimsoll/slo/gate/attestation/postgres"
)

const check = `{"service":"video-api","environment":"production","commit":"c0ffee"}`

// A decision can be had signed, and checked with the public keys alone.
func TestAttestation(t *testing.T) {
	t.Parallel()
	s := newServer(t, false)
	var d gate.Decision
	s.call(t, 200, "", "POST", "/checks", check, &d)
	var envelope attestation.Envelope
	s.call(t, 200, "", "GET", "/decisions/2/attestation", "", &envelope)
	var keys api.Keys
	s.call(t, 200, "", "GET", "/keys", "", &keys)
	verifier, err := attestation.Verifier([]byte(keys.PEM))
	if err != nil {
		t.Fatal(err)
	}
	got, key, err := verifier.Verify(&envelope)
	if err != nil || key != keys.Newest || got.Seq != d.Seq || got.Outcome != gate.Allow || got.Change.Commit != "c0ffee" {
		t.Errorf("%+v by %s, %v", got, key, err)
	}
	for _, path := range []string{"/decisions/1/attestation", "/decisions/99/attestation"} { // 1 is the policy
		if body := s.call(t, 404, "", "GET", path, "", nil); !strings.Contains(body, "is not a decision") {
			t.Errorf("%s: %s", path, body)
		}
	}
}

// What was signed before a rotation, and by another replica, is verified with the one file that any of them gives.
func TestKeysOfAllReplicas(t *testing.T) {
	t.Parallel()
	s := newServer(t, false)
	other, err := keyspg.New(keyspg.Config{Pool: s.pool, Replica: "there"})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := attestation.OpenSigner(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Publish(t.Context(), elsewhere.Ring()); err != nil {
		t.Fatal(err)
	}
	s.call(t, 200, "", "POST", "/checks", check, nil)
	var before, after, theirs attestation.Envelope
	s.call(t, 200, "", "GET", "/decisions/2/attestation", "", &before)
	s.call(t, 401, "", "POST", "/keys", "", nil)
	var rotated api.Keys
	s.call(t, 200, "a", "POST", "/keys", "", &rotated)
	s.call(t, 200, "", "GET", "/decisions/2/attestation", "", &after)
	d, err := s.gate.Decisions(t.Context(), gate.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := elsewhere.Ring().Sign(d[0])
	if err != nil {
		t.Fatal(err)
	}
	theirs = *signed
	var keys api.Keys
	s.call(t, 200, "", "GET", "/keys", "", &keys)
	verifier, err := attestation.Verifier([]byte(keys.PEM))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		attestation.Envelope
		id attestation.KeyID
	}{"before": {before, before.Signatures[0].KeyID}, "after": {after, rotated.Newest}, "elsewhere": {theirs, elsewhere.Ring().Newest()}} {
		if _, id, err := verifier.Verify(&want.Envelope); err != nil || id != want.id {
			t.Errorf("%s: key %s, %v; want %s", name, id, err, want.id)
		}
	}
	var states []string
	for _, k := range keys.Keys {
		states = append(states, fmt.Sprintf("%s in use: %v", k.Replica, k.Until == nil))
	}
	slices.Sort(states)
	if diff := cmp.Diff([]string{"here in use: false", "here in use: true", "there in use: true"}, states); diff != "" || keys.Keys[2].Until == nil {
		t.Errorf("%s\n%+v", diff, keys.Keys)
	}
	if !strings.Contains(keys.PEM, "of here, in use from 2026-11-24T12:00:00Z until 2026-11-24T12:00:00Z\n-----BEGIN") {
		t.Error(keys.PEM)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	s := newServer(t, false)
	s.call(t, 200, "", "POST", "/checks", check, nil)
	s.call(t, 401, "", "GET", "/replay", "", nil)
	var replay api.Replay
	s.call(t, 200, "a", "GET", "/replay", "", &replay)
	if len(replay.Replayed) != 1 || replay.Replayed[0].Problem != "" || len(replay.Replayed[0].Differences) != 0 {
		t.Errorf("%+v", replay)
	}
}

func TestOverrides(t *testing.T) {
	t.Parallel()
	s := newServer(t, false)
	ask := `{"service":"video-api","environment":"production","commit":"c0ffee","reason":"customers cannot pay","until":"2026-11-24T14:00:00Z"}`
	for _, tc := range []struct {
		name, token, path, body string
		status                  int
		says                    string
	}{
		{"a stranger asks", "", "/overrides", ask, 401, "Bearer"},
		{"too long", "a", "/overrides", strings.Replace(ask, "T14", "T17", 1), 422, "at most 4h later"},
		{"unknown service", "a", "/overrides", strings.Replace(ask, "video-api", "vidio-api", 1), 404, "video-api"},
		{"she asks", "a", "/overrides", ask, 200, `"id":1`},
		{"she approves her own", "a", "/overrides/1/approve", "", 403, "second person"},
		{"of nothing", "g", "/overrides/7/approve", "", 404, "no such override"},
		{"another approves", "g", "/overrides/1/approve", "", 200, `"approvedBy":"grace"`},
		{"and again", "g", "/overrides/1/approve", "", 409, "approved already"},
	} {
		if body := s.call(t, tc.status, tc.token, "POST", tc.path, tc.body, nil); !strings.Contains(body, tc.says) {
			t.Errorf("%s: no %q in %s", tc.name, tc.says, body)
		}
	}
	var list api.Overrides
	s.call(t, 200, "", "GET", "/overrides?service=video-api", "", &list)
	if len(list.Overrides) != 1 || list.Overrides[0].By != "ada" {
		t.Errorf("%+v", list)
	}
}
