// Package oidctest is an OpenID Connect issuer for tests: it publishes its configuration and keys over HTTP and signs real tokens with them. It is for
// tests only.
package oidctest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Issuer signs tokens.
type Issuer struct {
	// URL is its "iss".
	URL string
	// CAFile holds the certificate of its server, and Token is what it wants to be shown before it answers; both empty unless made by NewClosed.
	CAFile, Token string
	// Down makes it answer 503.
	Down atomic.Bool
	// Asked counts the requests to it.
	Asked atomic.Int64

	t    testing.TB
	mu   sync.Mutex
	keys []jose.JSONWebKey // the newest is the last
}

// New makes an issuer with one key.
func New(t testing.TB) *Issuer {
	t.Helper()
	is := &Issuer{t: t}
	is.Rotate()
	server := httptest.NewServer(is)
	t.Cleanup(server.Close)
	is.URL = server.URL
	return is
}

// NewClosed makes an issuer as a cluster of Kubernetes is one: with a certificate of its own, and for those only who show a token.
func NewClosed(t testing.TB, token string) *Issuer {
	t.Helper()
	is := &Issuer{t: t, Token: token, CAFile: filepath.Join(t.TempDir(), "ca.crt")}
	is.Rotate()
	server := httptest.NewTLSServer(is)
	t.Cleanup(server.Close)
	is.URL = server.URL
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(is.CAFile, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	return is
}

// Rotate makes a new key, which signs from now on, and forgets all but the one before it.
func (is *Issuer) Rotate() {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		is.t.Fatal(err)
	}
	is.mu.Lock()
	defer is.mu.Unlock()
	is.keys = append(is.keys, jose.JSONWebKey{Key: private, KeyID: rand.Text(), Algorithm: string(jose.RS256), Use: "sig"})
	is.keys = is.keys[max(0, len(is.keys)-2):]
}

// ServeHTTP publishes the configuration and the public keys.
func (is *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	is.Asked.Add(1)
	switch {
	case is.Down.Load():
		http.Error(w, "down", http.StatusServiceUnavailable)
	case is.Token != "" && r.Header.Get("Authorization") != "Bearer "+is.Token:
		http.Error(w, "unauthorized", http.StatusUnauthorized)
	case r.URL.Path == "/.well-known/openid-configuration":
		answer(w, map[string]any{
			"issuer": is.URL, "jwks_uri": is.URL + "/keys", "response_types_supported": []string{"id_token"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	case r.URL.Path == "/keys":
		is.mu.Lock()
		defer is.mu.Unlock()
		var set jose.JSONWebKeySet
		for _, k := range is.keys {
			set.Keys = append(set.Keys, k.Public())
		}
		answer(w, set)
	default:
		http.NotFound(w, r)
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a broken connection is the caller's to notice
}

// Sign makes a token of claims, to which it adds who signs, and an hour from now as the end unless they say otherwise;
// an iat that is nil is left out.
func (is *Issuer) Sign(claims map[string]any) string {
	is.t.Helper()
	is.mu.Lock()
	key := is.keys[len(is.keys)-1]
	is.mu.Unlock()
	now := time.Now()
	all := map[string]any{"iss": is.URL, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	maps.Copy(all, claims)
	if all["iat"] == nil {
		delete(all, "iat")
	}
	payload, err := json.Marshal(all)
	if err != nil {
		is.t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		is.t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		is.t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		is.t.Fatal(err)
	}
	return token
}

// With returns claims with others added or in their place.
func With(claims map[string]any, others map[string]any) map[string]any {
	all := maps.Clone(claims)
	maps.Copy(all, others)
	return all
}

// GitHub are the claims of a job of GitHub Actions that deploys, as its documentation has them ("OpenID Connect reference", GitHub Docs).
func GitHub(audience, repository, environment string) map[string]any {
	return map[string]any{
		"jti": "example-id", "sub": fmt.Sprintf("repo:%s:environment:%s", repository, environment), "environment": environment, "aud": audience,
		"ref": "refs/heads/main", "sha": "example-sha", "repository": repository, "repository_owner": "octo-org", "actor_id": "12",
		"repository_visibility": "private", "repository_id": "74", "repository_owner_id": "65", "run_id": "example-run-id", "run_number": "10",
		"run_attempt": "2", "runner_environment": "github-hosted", "actor": "octocat", "workflow": "example-workflow", "head_ref": "", "base_ref": "",
		"event_name": "workflow_dispatch", "ref_type": "branch",
		"job_workflow_ref": "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
	}
}

// GitLab are the claims of a job of GitLab CI/CD, as its documentation has them ("OpenID Connect (OIDC) Authentication Using ID Tokens").
func GitLab(audience, project, environment string) map[string]any {
	return map[string]any{
		"namespace_id": "72", "namespace_path": "my-group", "project_id": "20", "project_path": project, "user_id": "1", "user_login": "sample-user",
		"user_email": "sample-user@example.com", "user_identities": []any{map[string]any{"provider": "github", "extern_uid": "2435223452345"}},
		"pipeline_id": "574", "pipeline_source": "push", "job_id": "302", "ref": "feature-branch-1", "ref_type": "branch",
		"ref_path": "refs/heads/feature-branch-1", "ref_protected": "false", "groups_direct": []any{"mygroup/mysubgroup", "myothergroup/myothersubgroup"},
		"environment": environment, "environment_protected": "false", "deployment_tier": "testing", "environment_action": "start", "runner_id": 1,
		"runner_environment": "self-hosted", "sha": "714a629c0b401fdce83e847fc9589983fc6f46bc", "project_visibility": "public",
		"ci_config_ref_uri": "gitlab.example.com/my-group/my-project//.gitlab-ci.yml@refs/heads/main",
		"ci_config_sha":     "714a629c0b401fdce83e847fc9589983fc6f46bc", "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b",
		"sub": fmt.Sprintf("project_path:%s:ref_type:branch:ref:feature-branch-1", project), "aud": audience,
	}
}

// Kubernetes are the claims of the projected token of a service account, as the documentation has them ("Managing Service Accounts", Kubernetes).
func Kubernetes(audience, namespace, account string) map[string]any {
	return map[string]any{
		"aud": []any{audience}, "jti": "ea28ed49-2e11-4280-9ec5-bc3d1d84661a", "sub": fmt.Sprintf("system:serviceaccount:%s:%s", namespace, account),
		"kubernetes.io": map[string]any{
			"namespace": namespace, "node": map[string]any{"name": "127.0.0.1", "uid": "58456cb0-dd00-45ed-b797-5578fdceaced"},
			"pod":            map[string]any{"name": "deployer-69cbfb9798-jv9gn", "uid": "778a530c-b3f4-47c0-9cd5-ab018fb64f33"},
			"serviceaccount": map[string]any{"name": account, "uid": "a087d5a0-e1dd-43ec-93ac-f13d89cd13af"}, "warnafter": 1700081020,
		},
	}
}

// Person are the claims of somebody who has signed in, as OpenID Connect Core 1.0, section 5.1, names them.
func Person(audience, email string, groups ...string) map[string]any {
	return map[string]any{"aud": audience, "sub": "248289761001", "email": email, "email_verified": true, "groups": groups}
}
