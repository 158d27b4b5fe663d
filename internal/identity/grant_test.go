package identity_test

import (
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
