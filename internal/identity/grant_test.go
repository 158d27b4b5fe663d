package identity_test

import (
	"errors"
	"testing"

	"plimsoll/internal/identity"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, s string
		want       bool
	}{
		{"acme/api", "acme/api", true}, {"acme/api", "acme/api2", false}, {"acme/*", "acme/api", true}, {"acme/*", "acme/", true},
		{"acme/*", "acme/api/web", false}, {"acme/**", "acme/api/web", true}, {"acme/*", "acme2/api", false}, {"acme/*", "xacme/api", false},
		{"*/api", "acme/api", true}, {"*/api", "a/b/api", false}, {"**/api", "a/b/api", true}, {"a*c*e", "abcde", true}, {"a*c*e", "abcd", false},
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "a/b", false}, {"**", "a/b", true}, {"a.c", "abc", false}, {"[ab]", "a", false},
		{"repo:acme/*:ref:refs/heads/main", "repo:acme/api:ref:refs/heads/main", true},
		{"repo:acme/*:ref:refs/heads/main", "repo:acme/api:ref:refs/heads/x:ref:refs/heads/main", false},
	} {
		if got := identity.Match(tc.pattern, tc.s); got != tc.want {
			t.Errorf("%q of %q: %v", tc.s, tc.pattern, got)
		}
	}
}

func TestMay(t *testing.T) {
	t.Parallel()
	bound := identity.Principal{Subject: "ci", Grants: []identity.Grant{
		{Services: []string{"video-*"}, Environments: []string{"staging"}}, {Services: []string{"search"}},
	}}
	for _, tc := range []struct {
		who                  identity.Principal
		service, environment string
		want                 bool
	}{
		{identity.Principal{Subject: "ada"}, "anything", "anywhere", true},
		{identity.Principal{}, "anything", "anywhere", true},
		{bound, "video-api", "staging", true}, {bound, "video-api", "production", false}, {bound, "search", "production", true}, {bound, "risk", "staging", false},
		{identity.Principal{Subject: "none", Grants: []identity.Grant{}}, "video-api", "staging", false},
	} {
		err := tc.who.May(tc.service, tc.environment)
		if (err == nil) != tc.want || err != nil && !errors.Is(err, identity.ErrForbidden) {
			t.Errorf("%s about %s in %s: %v", tc.who.Name(), tc.service, tc.environment, err)
		}
	}
}

func TestMayAll(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		grants []identity.Grant
		want   bool
	}{
		"nothing bounds it":      {nil, true},
		"nothing is granted":     {[]identity.Grant{}, false},
		"any of both":            {[]identity.Grant{{Services: []string{"search"}}, {}}, true},
		"any environment":        {[]identity.Grant{{Services: []string{"search"}}}, false},
		"any service":            {[]identity.Grant{{Environments: []string{"production"}}}, false},
		"every kind in one part": {[]identity.Grant{{Services: []string{"search"}}, {Environments: []string{"production"}}}, false},
	} {
		err := identity.Principal{Subject: "ada", Grants: tc.grants}.MayAll()
		if (err == nil) != tc.want || err != nil && !errors.Is(err, identity.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("acme/*", "acme/api")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 12 { // as many stars as a person writes
			return
		}
		if identity.Match(pattern, s) && !identity.Match("**", s) {
			t.Errorf("%q matches %q, and ** does not", pattern, s)
		}
	})
}
