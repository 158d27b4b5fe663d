package oidc_test

import (
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/identity"
	"plimsoll/internal/identity/oidc"
	"plimsoll/internal/identity/oidc/oidctest"
)

const audience = "https://plimsoll.example.com"

func rule(claims map[string]string, services, environments []string, roles ...string) oidc.Rule {
	return oidc.Rule{Claims: claims, Services: services, Environments: environments, Roles: roles}
}

func newAuthenticator(t *testing.T, issuers ...oidc.Issuer) *oidc.Authenticator {
	t.Helper()
	a, err := oidc.New(oidc.Config{Issuers: issuers, Reserved: []string{"operator"}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestDocumentedTokens lets in the jobs, service accounts and people of each issuer by the claims that it documents.
func TestDocumentedTokens(t *testing.T) {
	t.Parallel()
	is := oidctest.New(t)
	closed := oidctest.NewClosed(t, "reviewer")
	tokenFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte("reviewer\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	deployer := []string{identity.Deployer}
	for _, tc := range []struct {
		name   string
		issuer oidc.Issuer
		claims map[string]any
		want   identity.Principal
	}{
		{"GitHub Actions", oidc.Issuer{Name: "github", Subject: "github:{repository}", Allow: []oidc.Rule{
			rule(map[string]string{"repository": "octo-org/*", "ref": "refs/heads/main"}, []string{"video-api"}, []string{"{environment}"}),
		}}, oidctest.GitHub(audience, "octo-org/octo-repo", "production"),
			identity.Principal{Subject: "github:octo-org/octo-repo", Roles: deployer, Grants: []identity.Grant{{Services: []string{"video-api"}, Environments: []string{"production"}}}}},
		{"GitLab CI", oidc.Issuer{Name: "gitlab", Subject: "gitlab:{project_path}@{runner_id}", Allow: []oidc.Rule{
			rule(map[string]string{"project_path": "my-group/**", "environment_protected": "false"}, []string{"video-*"}, nil),
			rule(map[string]string{"groups_direct": "mygroup/*", "environment": "staging"}, nil, []string{"staging"}),
			rule(map[string]string{"project_path": "other/*"}, nil, nil),
		}}, oidctest.GitLab(audience, "my-group/sub/project", "staging"),
			identity.Principal{Subject: "gitlab:my-group/sub/project@1", Roles: deployer,
				Grants: []identity.Grant{{Services: []string{"video-*"}}, {Environments: []string{"staging"}}}}},
		{"Kubernetes", oidc.Issuer{Name: "kubernetes", Issuer: closed.URL, CAFile: closed.CAFile, TokenFile: tokenFile, Allow: []oidc.Rule{
			rule(map[string]string{"kubernetes.io/namespace": "video", "kubernetes.io/serviceaccount/name": "deployer"}, []string{"video-api"}, []string{"production"}),
		}}, oidctest.Kubernetes(audience, "video", "deployer"),
			identity.Principal{Subject: "kubernetes:system:serviceaccount:video:deployer", Roles: deployer, Grants: []identity.Grant{{Services: []string{"video-api"}, Environments: []string{"production"}}}}},
		{"people", oidc.Issuer{Name: "acme", Subject: "{email}", Allow: []oidc.Rule{
			rule(map[string]string{"groups": "sre"}, nil, nil, identity.Member),
		}}, oidctest.Person(audience, "ada@example.com", "engineering", "sre"),
			identity.Principal{Subject: "ada@example.com", Roles: []string{identity.Member}, Grants: []identity.Grant{{}}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			signer := is
			if tc.issuer.Issuer == closed.URL {
				signer = closed
			}
			tc.issuer.Issuer, tc.issuer.Audience = signer.URL, audience
			a := newAuthenticator(t, tc.issuer)
			got, err := a.Authenticate(t.Context(), signer.Sign(tc.claims))
			if err != nil {
				t.Fatal(err)
			}
			if got.Claims["sub"] != tc.claims["sub"] {
				t.Errorf("claims %v", got.Claims)
			}
			got.Claims = nil
			for n := range tc.want.Grants {
				tc.want.Grants[n].Roles = tc.want.Roles // of one rule
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func github(is *oidctest.Issuer) oidc.Issuer {
	return oidc.Issuer{Name: "github", Issuer: is.URL, Audience: audience, Subject: "github:{repository}", Allow: []oidc.Rule{
		rule(map[string]string{"repository": "acme/*", "environment": "prod*"}, []string{"video-api"}, []string{"production"}),
	}}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	is, stranger := oidctest.New(t), oidctest.New(t)
	good := oidctest.GitHub(audience, "acme/api", "production")
	people := oidc.Issuer{Name: "acme", Issuer: stranger.URL, Audience: audience, Subject: "{email}", Allow: []oidc.Rule{rule(map[string]string{"sub": "**"}, nil, nil, identity.Member)}}
	a := newAuthenticator(t, github(is), people)
	with := func(others map[string]any) string { return is.Sign(oidctest.With(good, others)) }
	middle := func(token string) string { return strings.Split(token, ".")[1] }
	forged := strings.Split(is.Sign(good), ".")
	forged[1] = middle(with(map[string]any{"repository": "acme/other"}))
	person := func(others map[string]any) string {
		return stranger.Sign(oidctest.With(oidctest.Person(audience, "ada@example.com"), others))
	}
	for _, tc := range []struct {
		name, token string
		is          error
		says        string
	}{
		{"expired", with(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), identity.ErrBadToken, "it expired at"},
		{"not valid yet", with(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}), identity.ErrBadToken, "before the nbf"},
		{"made for another", with(map[string]any{"aud": "https://elsewhere.example.com"}), identity.ErrBadToken, `ask the issuer for one with the audience "` + audience + `"`},
		{"unknown issuer", with(map[string]any{"iss": "https://example.com"}), identity.ErrBadToken, `its issuer "https://example.com" is not one of those`},
		{"signed by another issuer", stranger.Sign(oidctest.With(good, map[string]any{"iss": is.URL})), identity.ErrBadToken, "is not signed by a key of"},
		{"changed", strings.Join(forged, "."), identity.ErrBadToken, "is not signed by a key of"},
		{"without a signature", "eyJhbGciOiJub25lIn0." + middle(is.Sign(good)) + ".", identity.ErrBadToken, "token of github"},
		{"not a token", "a.b.c", identity.ErrBadToken, "is not a signed token"},
		{"one part", "secret", identity.ErrBadToken, "is not a signed token"},
		{"another repository", with(map[string]any{"repository": "evil/api"}), identity.ErrForbidden, `no rule lets it in: repository is "evil/api", which must be as "acme/*"`},
		{"a deeper repository", with(map[string]any{"repository": "acme/a/b"}), identity.ErrForbidden, "which must be as"},
		{"without an environment", is.Sign(map[string]any{"aud": audience, "sub": "x", "repository": "acme/api", "enviroment": "prod"}), identity.ErrForbidden,
			`environment is not in the token (did you mean "enviroment"?)`},
		{"the operator's name", person(map[string]any{"email": "operator"}), identity.ErrForbidden, `"operator" is that of somebody else`},
		{"an address that nobody verified", person(map[string]any{"email_verified": false}), identity.ErrForbidden, "has not verified the claim email"},
		{"an address that is said in a text to be unverified", person(map[string]any{"email_verified": "false"}), identity.ErrForbidden, "has not verified the claim email"},
		{"no address", person(map[string]any{"email": nil}), identity.ErrForbidden, "the claim email is not a text"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, err := a.Authenticate(t.Context(), tc.token)
			if !errors.Is(err, tc.is) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%+v, %v; want %q", p, err, tc.says)
			}
		})
	}
}

// TestStarsInClaims proves that a claim which its owner chooses cannot open more than itself.
func TestStarsInClaims(t *testing.T) {
	t.Parallel()
	is := oidctest.New(t)
	issuer := github(is)
	issuer.Allow[0].Environments = []string{"{environment}"}
	_, err := newAuthenticator(t, issuer).Authenticate(t.Context(), is.Sign(oidctest.GitHub(audience, "acme/api", "prod*")))
	if !errors.Is(err, identity.ErrForbidden) || !strings.Contains(err.Error(), "has a *") {
		t.Error(err)
	}
}

// TestUnverifiedAddress lets nobody in by an address that they only say is theirs.
func TestUnverifiedAddress(t *testing.T) {
	t.Parallel()
	is := oidctest.New(t)
	a := newAuthenticator(t, oidc.Issuer{Name: "acme", Issuer: is.URL, Audience: audience, Allow: []oidc.Rule{
		rule(map[string]string{"email": "*@example.com"}, nil, nil, identity.Member),
	}})
	for _, verified := range []any{false, "false"} {
		claims := oidctest.With(oidctest.Person(audience, "ada@example.com"), map[string]any{"email_verified": verified})
		if _, err := a.Authenticate(t.Context(), is.Sign(claims)); !errors.Is(err, identity.ErrForbidden) || !strings.Contains(err.Error(), "email is not verified by the issuer") {
			t.Errorf("%#v: %v", verified, err)
		}
	}
	for _, verified := range []any{true, "true", nil} {
		claims := oidctest.With(oidctest.Person(audience, "ada@example.com"), map[string]any{"email_verified": verified})
		if _, err := a.Authenticate(t.Context(), is.Sign(claims)); err != nil {
			t.Errorf("%#v: %v", verified, err)
		}
	}
}

// TestRulesStandAlone lets in by one rule whom another cannot: the job has no environment, which that one names.
func TestRulesStandAlone(t *testing.T) {
	t.Parallel()
	is := oidctest.New(t)
	issuer := github(is)
	issuer.Allow = []oidc.Rule{
		rule(map[string]string{"repository": "acme/*"}, nil, []string{"{environment}"}),
		rule(map[string]string{"repository": "acme/*"}, []string{"video-api"}, []string{"staging"}),
	}
	claims := oidctest.GitHub(audience, "acme/api", "production")
	delete(claims, "environment")
	p, err := newAuthenticator(t, issuer).Authenticate(t.Context(), is.Sign(claims))
	if want := []identity.Grant{{Services: []string{"video-api"}, Environments: []string{"staging"}, Roles: []string{identity.Deployer}}}; err != nil || !cmp.Equal(p.Grants, want) {
		t.Errorf("%+v, %v", p.Grants, err)
	}
}

// TestKeysRotate takes tokens of a new key at once, and those of the one before it for as long as the issuer publishes it.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	is := oidctest.New(t)
	a := newAuthenticator(t, github(is))
	claims := oidctest.GitHub(audience, "acme/api", "production")
	first := is.Sign(claims)
	accept := func(name, token string) {
		t.Helper()
		if _, err := a.Authenticate(t.Context(), token); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	accept("the first", first)
	asked := is.Asked.Load()
	accept("the first again", first)
	if now := is.Asked.Load(); now != asked {
		t.Errorf("the issuer was asked %d times more for a key that was known", now-asked)
	}
	is.Rotate()
	accept("the second", is.Sign(claims))
	accept("the first after the second", first)
	is.Rotate()
	accept("the third", is.Sign(claims))
	if _, err := a.Authenticate(t.Context(), first); !errors.Is(err, identity.ErrBadToken) {
		t.Errorf("of a key that is published no more: %v", err)
	}
}

// TestRevoked takes tokens back that the issuer would let run out, and asks it for nothing that is known already.
func TestRevoked(t *testing.T) {
	t.Parallel()
	is := oidctest.New(t)
	before := newAuthenticator(t, github(is))
	noon := time.Now().Truncate(time.Second)
	issued := func(repository string, at any) string {
		return is.Sign(oidctest.With(oidctest.GitHub(audience, repository, "production"), map[string]any{"iat": at}))
	}
	old, young, other, undated := issued("acme/api", noon.Add(-time.Minute).Unix()), issued("acme/api", noon.Unix()), issued("acme/web", noon.Unix()), issued("acme/web", nil)
	for _, token := range []string{old, young, other, undated} {
		if _, err := before.Authenticate(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	asked := is.Asked.Load()
	for _, tc := range []struct {
		name                       string
		revoked                    []oidc.Revocation
		old, young, other, undated bool // whether they are good
	}{
		{"none", nil, true, true, true, true},
		{"a subject", []oidc.Revocation{{Subject: "github:acme/api"}}, false, false, true, true},
		{"of others", []oidc.Revocation{{Subject: "github:acme"}, {Subject: "github:*"}}, true, true, true, true},
		{"what is old", []oidc.Revocation{{IssuedBefore: noon}}, false, true, true, false},
		{"what is old of a subject", []oidc.Revocation{{Subject: "github:acme/a*", IssuedBefore: noon}}, false, true, true, true},
		{"two", []oidc.Revocation{{Subject: "github:acme/web"}, {IssuedBefore: noon.Add(time.Second)}}, false, false, false, false},
	} {
		issuer := github(is)
		issuer.Revoked = tc.revoked
		a, err := oidc.New(oidc.Config{Issuers: []oidc.Issuer{issuer}, Before: before})
		if err != nil {
			t.Fatal(err)
		}
		for name, token := range map[string]struct {
			text string
			good bool
		}{"old": {old, tc.old}, "young": {young, tc.young}, "other": {other, tc.other}, "undated": {undated, tc.undated}} {
			_, err := a.Authenticate(t.Context(), token.text)
			if token.good != (err == nil) || err != nil && (!errors.Is(err, identity.ErrBadToken) || !strings.Contains(err.Error(), "it was revoked here")) {
				t.Errorf("%s: the %s token: %v", tc.name, name, err)
			}
		}
	}
	if now := is.Asked.Load(); now != asked {
		t.Errorf("the issuer was asked %d times more", now-asked)
	}
}

// TestIssuerDown tells an issuer that does not answer from a token that is not good, and goes on with the keys that are known.
func TestIssuerDown(t *testing.T) {
	t.Parallel()
	is := oidctest.New(t)
	a := newAuthenticator(t, github(is))
	claims := oidctest.GitHub(audience, "acme/api", "production")
	is.Down.Store(true)
	if _, err := a.Authenticate(t.Context(), is.Sign(claims)); !errors.Is(err, identity.ErrUnavailable) {
		t.Errorf("before anything is known: %v", err)
	}
	is.Down.Store(false)
	known := is.Sign(claims)
	if _, err := a.Authenticate(t.Context(), known); err != nil {
		t.Errorf("when it is back: %v", err)
	}
	is.Down.Store(true)
	if _, err := a.Authenticate(t.Context(), known); err != nil {
		t.Errorf("by a known key: %v", err)
	}
	is.Rotate()
	if _, err := a.Authenticate(t.Context(), is.Sign(claims)); !errors.Is(err, identity.ErrUnavailable) {
		t.Errorf("by an unknown key: %v", err)
	}
}

// TestForgeriesAreCheap bounds what tokens that anybody can make up ask of the issuer.
func TestForgeriesAreCheap(t *testing.T) {
	t.Parallel()
	is, stranger := oidctest.New(t), oidctest.New(t)
	a := newAuthenticator(t, github(is))
	claims := oidctest.With(oidctest.GitHub(audience, "acme/api", "production"), map[string]any{"iss": is.URL})
	forged := stranger.Sign(claims)
	for range 50 {
		if _, err := a.Authenticate(t.Context(), forged); err == nil {
			t.Fatal("a forged token was taken")
		}
	}
	if n := is.Asked.Load(); n > 20 {
		t.Errorf("the issuer was asked %d times", n)
	}
	if _, err := a.Authenticate(t.Context(), is.Sign(claims)); err != nil {
		t.Errorf("a good token meanwhile: %v", err)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	is := oidctest.New(t)
	for header, want := range map[string]bool{
		"Bearer " + is.Sign(map[string]any{"sub": "x"}): true, "bearer  " + is.Sign(nil): true, "Bearer secret": false, "Bearer a.b.c": false, "": false,
		"Basic " + is.Sign(nil): false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		if _, ok := oidc.Token(r); ok != want {
			t.Errorf("%s: %v", header, ok)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	good := oidc.Issuer{Name: "github", Issuer: "https://token.actions.githubusercontent.com", Audience: audience,
		Allow: []oidc.Rule{rule(map[string]string{"repository": "acme/*"}, nil, nil)}}
	if err := oidc.Check([]oidc.Issuer{good}); err != nil {
		t.Error(err)
	}
	for _, tc := range []struct {
		name   string
		change func(*oidc.Issuer)
		says   string
	}{
		{"no name", func(is *oidc.Issuer) { is.Name = "" }, "identity.oidc[0].name"},
		{"plain HTTP", func(is *oidc.Issuer) { is.Issuer = "http://example.com" }, "is not an https URL"},
		{"no audience", func(is *oidc.Issuer) { is.Audience = "" }, "identity.oidc[0].audience"},
		{"open brace", func(is *oidc.Issuer) { is.Subject = "github:{repository" }, "braces that do not match"},
		{"empty braces", func(is *oidc.Issuer) { is.Subject = "github:{}" }, "without the name of a claim"},
		{"no rule", func(is *oidc.Issuer) { is.Allow = nil }, "must have a rule"},
		{"a revocation of nothing", func(is *oidc.Issuer) { is.Revoked = []oidc.Revocation{{}} }, "revoked[0]: must have a subject, issued_before or both"},
		{"everybody", func(is *oidc.Issuer) { is.Allow = []oidc.Rule{{}} }, "allow[0].claims: must name a claim"},
		{"a role", func(is *oidc.Issuer) {
			is.Allow = []oidc.Rule{rule(map[string]string{"sub": "**"}, nil, nil, "deploier")}
		}, `did you mean "deployer"?`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			is := good
			tc.change(&is)
			if err := oidc.Check([]oidc.Issuer{is}); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v, want %q", err, tc.says)
			}
		})
	}
	if err := oidc.Check([]oidc.Issuer{good, good}); err == nil || !strings.Contains(err.Error(), "put their rules under one") {
		t.Errorf("twice the same: %v", err)
	}
}

func FuzzAuthenticate(f *testing.F) {
	is := oidctest.New(f)
	a, err := oidc.New(oidc.Config{Issuers: []oidc.Issuer{github(is)}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.")
	f.Add("eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiIxIn0.AAAA")
	f.Fuzz(func(t *testing.T, token string) {
		if p, err := a.Authenticate(t.Context(), token); err == nil || !p.Anonymous() {
			t.Errorf("%+v for a token that nobody signed", p)
		}
	})
}
