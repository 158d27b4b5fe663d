package controlplane

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plimsoll/internal/identity/oidc/oidctest"
)

// TestReloadOfPeople takes tokens back, bounds them and lets them run out while the control plane runs: the next request knows it, also that of
// somebody who has signed in, and what does not hold changes nothing.
func TestReloadOfPeople(t *testing.T) {
	is := oidctest.New(t)
	file := filepath.Join(t.TempDir(), "p.yaml")
	configure := func(tokens, revoked, reads string) {
		t.Helper()
		text := fmt.Sprintf("tokens: [%s]\nidentity: {reads: %s, oidc: [{name: acme, issuer: %q, audience: here, subject: '{email}', allow: [{claims: {email: '**'}, roles: [member]}], revoked: [%s]}]}\n",
			tokens, reads, is.URL, revoked)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const ada, bob = "{subject: ada, env: TOKEN_OF_ada}", "{subject: bob, env: TOKEN_OF_bob"
	for _, who := range []string{"ada", "bob"} {
		t.Setenv("TOKEN_OF_"+who, "token-of-"+who)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "ada"), []byte("token-of-ada\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	configure(ada+", "+bob+"}", "", "anonymous")
	h := open(t, func(c *Config) {
		read, err := ReadConfig(file)
		if err != nil {
			t.Fatal(err)
		}
		read.Listen, read.DatabaseURL, read.Token, read.DataDir, read.Ready = c.Listen, c.DatabaseURL, c.Token, c.DataDir, c.Ready
		read.Logger = c.Logger
		*c = read
	})
	h.tokens["ada"], h.tokens["bob"], h.tokens["eve@acme"] = "token-of-ada", "token-of-bob", is.Sign(oidctest.Person("here", "eve@acme"))
	sessions := map[string]*http.Cookie{}
	for who := range h.tokens {
		sessions[who] = h.signIn(t, who)
	}
	for _, tc := range []struct {
		name, tokens, revoked, reads string
		problem                      string // of the reload
		ada, bob, eve                string // why they are not let in
	}{
		{name: "all"},
		{name: "a token is taken back", tokens: bob + "}", ada: "the token is not valid"},
		{name: "it is there again", tokens: ada + ", " + bob + "}"},
		{name: "a token of a file", tokens: "{subject: ada, file: ada}, " + bob + "}"},
		{name: "of no file", tokens: "{subject: ada, file: eve}", problem: "tokens[0].file: open"},
		{name: "of two places", tokens: "{subject: ada, file: ada, env: TOKEN_OF_ada}", problem: "a token is in one place"},
		{name: "a token runs out", tokens: ada + ", " + bob + ", expires: 2026-01-02T03:04:05Z}", bob: "it expired at 2026-01-02T03:04:05Z"},
		{name: "a token of nobody", tokens: ada + ", {subject: cy, env: TOKEN_OF_cy}", problem: "the environment variable TOKEN_OF_cy is empty", bob: "it expired at"},
		{name: "a person is revoked", tokens: ada + ", " + bob + "}", revoked: "{subject: eve@acme}", eve: "it was revoked here"},
		{name: "a revocation of nothing", tokens: bob + "}", revoked: "{}", problem: "revoked[0]: must have a subject", eve: "it was revoked here"},
		{name: "what is old is revoked", tokens: ada + ", " + bob + "}", revoked: "{issued_before: 2100-01-01T00:00:00Z}", eve: "it was revoked here"},
		{name: "bounded", tokens: ada + ", " + bob + ", grants: [{services: [search]}]}", bob: "a grant for"},
		{name: "reading is closed", tokens: ada + ", " + bob + "}", reads: "identified"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.tokens != "" {
				configure(tc.tokens, tc.revoked, orAnonymous(tc.reads))
			}
			if err := h.app.Reload(); (err != nil) != (tc.problem != "") || err != nil && !strings.Contains(err.Error(), tc.problem) {
				t.Errorf("reload: %v, want %q", err, tc.problem)
			}
			for who, refused := range map[string]string{"ada": tc.ada, "bob": tc.bob, "eve@acme": tc.eve, operator: ""} {
				r := h.ask(t, who, http.MethodPost, "/v1/incidents", "application/json", []byte(`{"title":"x","services":["films"]}`))
				if (r.status == http.StatusOK || r.status == http.StatusCreated) != (refused == "") || !strings.Contains(r.body, refused) {
					t.Errorf("%s: %d %.300s, want %q", who, r.status, r.body, refused)
				}
				known := refused == "" || strings.Contains(refused, "grant")
				if shown := h.pageOf(t, sessions[who]); strings.Contains(shown, "Sign out") != known {
					t.Errorf("the session of %s: known %t", who, !known)
				}
			}
		})
	}
	fresh, err := ReadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, others := h.app.cfg.redefine(fresh); !slices.Equal(others, []string{"identity.reads, identity.metrics"}) {
		t.Errorf("a restart is needed for %q", others)
	}
	if grants := h.app.people.Load().slack["bob"].Grants; len(grants) > 0 {
		t.Errorf("in Slack bob is bounded by %v still", grants)
	}
}

func orAnonymous(reads string) string {
	if reads == "" {
		return "anonymous"
	}
	return reads
}

// signIn returns the session of somebody.
func (h *house) signIn(t *testing.T, who string) *http.Cookie {
	t.Helper()
	r := h.ask(t, "", http.MethodPost, "/login", "application/x-www-form-urlencoded", []byte("token="+h.tokens[who]))
	cookie, err := http.ParseSetCookie(r.header.Get("Set-Cookie"))
	if err != nil {
		t.Fatalf("%s signs in: %d, %v", who, r.status, err)
	}
	return cookie
}

// pageOf reads the incidents with a session.
func (h *house) pageOf(t *testing.T, session *http.Cookie) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url+"/incidents", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(session)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
