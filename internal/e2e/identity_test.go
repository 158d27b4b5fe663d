package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/identity/oidc/oidctest"
	"plimsoll/internal/pg/pgtest"
)

// TestSignedTokens asks a gate that wants to know who asks with the tokens of GitHub Actions, GitLab CI, a cluster of Kubernetes and people,
// good ones and bad ones.
func TestSignedTokens(t *testing.T) {
	t.Parallel()
	const audience = "https://plimsoll.example.com"
	hub, lab, people := oidctest.New(t), oidctest.New(t), oidctest.New(t)
	cluster := oidctest.NewClosed(t, "reviewer")
	r := newReplicas(t, 1, pgtest.URL(t))
	m := r.members[0]
	tokenFile := m.config + ".token"
	writeFile(t, tokenFile, cluster.Token)
	config, err := os.ReadFile(m.config)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, m.config, string(config)+fmt.Sprintf(`gate: {require_identity: true}
identity:
  oidc:
    - {name: github, issuer: %q, audience: %[5]q, subject: "github:{repository}", allow: [{claims: {repository: "acme/*"}, services: [target], environments: ["{environment}"]}]}
    - {name: gitlab, issuer: %[2]q, audience: %[5]q, allow: [{claims: {project_path: "acme/**"}, services: [target], environments: [production]}]}
    - {name: kubernetes, issuer: %[3]q, audience: %[5]q, ca_file: %[6]q, token_file: %[7]q, allow: [{claims: {kubernetes.io/namespace: video}, environments: [production]}]}
    - {name: people, issuer: %[4]q, audience: %[5]q, subject: "{email}", allow: [{claims: {groups: sre}, roles: [member]}]}
`, hub.URL, lab.URL, cluster.URL, people.URL, audience, cluster.CAFile, tokenFile))
	r.start(m)

	github := oidctest.GitHub(audience, "acme/api", "production")
	ask := `{"service":"target","environment":"production","commit":"c0ffee"}`
	freeze := fmt.Sprintf(`{"service":"target","environment":"production","reason":"drill","until":%q}`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	hub2 := oidctest.New(t) // of which nothing is known here
	for _, tc := range []struct {
		name, path, token, body string
		status                  int
		says                    string
	}{
		{"GitHub Actions", "checks", hub.Sign(github), ask, 200, `"by":"github:acme/api"`},
		{"GitLab CI", "checks", lab.Sign(oidctest.GitLab(audience, "acme/video/api", "production")), ask, 200, `"by":"gitlab:project_path:acme/video/api:`},
		{"Kubernetes", "checks", cluster.Sign(oidctest.Kubernetes(audience, "video", "deployer")), ask, 200, `"by":"kubernetes:system:serviceaccount:video:deployer"`},
		{"a person", "checks", people.Sign(oidctest.Person(audience, "ada@example.com", "sre")), ask, 200, `"by":"ada@example.com"`},
		{"a person freezes", "freezes", people.Sign(oidctest.Person(audience, "ada@example.com", "sre")), freeze, 200, `"by":"ada@example.com"`},
		{"nobody", "checks", "", ask, 401, "Bearer TOKEN"},
		{"an expired token", "checks", hub.Sign(oidctest.With(github, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()})), ask, 401, "it expired at"},
		{"for another audience", "checks", hub.Sign(oidctest.With(github, map[string]any{"aud": "sts.amazonaws.com"})), ask, 401, "is made for"},
		{"an unknown issuer", "checks", hub2.Sign(github), ask, 401, "is not one of those that are trusted here"},
		{"a stranger's repository", "checks", hub.Sign(oidctest.GitHub(audience, "evil/api", "production")), ask, 403, "no rule lets it in"},
		{"another environment than the job's", "checks", hub.Sign(oidctest.GitHub(audience, "acme/api", "staging")), ask, 403, "may ask the gate about target in staging"},
		{"another service", "checks", hub.Sign(github), strings.Replace(ask, "target", "push", 1), 403, `a grant for \"push\" in \"production\" is missing`},
		{"a job freezes", "freezes", hub.Sign(github), freeze, 403, "may ask the gate and tell of deploys only"},
		{"a person of no team", "freezes", people.Sign(oidctest.Person(audience, "eve@example.com", "sales")), freeze, 403, "no rule lets it in"},
	} {
		status, _, body := m.post(t, tc.path, tc.token, tc.body)
		if status != tc.status || !strings.Contains(body, tc.says) {
			t.Errorf("%s: %d %s, want %d with %q", tc.name, status, body, tc.status, tc.says)
		}
	}
	hub.Rotate()
	if status, _, body := m.post(t, "checks", hub.Sign(github), ask); status != 200 {
		t.Errorf("signed with a new key: %d %s", status, body)
	}
	hub.Down.Store(true)
	hub.Rotate()
	if status, header, body := m.post(t, "checks", hub.Sign(github), ask); status != 503 || header.Get("Retry-After") == "" || !strings.Contains(body, "cannot be found out now") {
		t.Errorf("the issuer does not answer: %d %s", status, body)
	}
	// The command line shows a job's token as any other; the person's freeze denies.
	code, _, stderr := run(t, []string{"PLIMSOLL_URL=" + m.url, "PLIMSOLL_TOKEN=" + lab.Sign(oidctest.GitLab(audience, "acme/api", "production"))},
		"plimsoll", "gate", "check", "--service", "target", "--env", "production", "--sha", "c0ffee")
	if code != 2 {
		t.Errorf("gate check: exit code %d\n%s", code, stderr)
	}
}

// post sends a request to the gate of a member.
func (m *member) post(t *testing.T, path, token, body string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.url+"/v1/gate/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(answer)
}
