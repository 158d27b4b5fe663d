package identity_test

import (
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/identity"
)

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	ada := identity.Principal{Subject: "ada", Roles: []string{"operator"}}
	tokens := identity.NewTokens(map[string]identity.Principal{"secret": ada, "": {Subject: "nobody"}, " \n": {Subject: "nobody"}})
	for _, tc := range []struct {
		name, header string
		want         identity.Principal
		err          error
	}{
		{"no header is anonymous", "", identity.Principal{}, nil},
		{"a token", "Bearer secret", ada, nil},
		{"the scheme has no case", "bearer secret", ada, nil},
		{"blanks around a token", "Bearer  secret ", ada, nil},
		{"another token", "Bearer secrets", identity.Principal{}, identity.ErrBadToken},
		{"an empty token is nobody's", "Bearer ", identity.Principal{}, identity.ErrBadToken},
		{"no token", "Bearer", identity.Principal{}, identity.ErrBadToken},
		{"another scheme", "Basic secret", identity.Principal{}, identity.ErrBadToken},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("GET", "/", nil)
			if tc.header != "" {
				r.Header.Set("Authorization", tc.header)
			}
			got, err := tokens.Authenticate(r)
			if !errors.Is(err, tc.err) {
				t.Errorf("%v, want %v", err, tc.err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	if p := identity.From(t.Context()); !p.Anonymous() || p.Name() != "anonymous" {
		t.Errorf("%+v, want nobody", p)
	}
	ctx := identity.With(t.Context(), identity.Principal{Subject: "ada"})
	if p := identity.From(ctx); p.Anonymous() || p.Name() != "ada" {
		t.Errorf("%+v, want ada", p)
	}
}

func TestTokenFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "token")
	made, err := identity.TokenFile(path)
	if err != nil || len(made) < 26 { // 128 bits in base 32
		t.Fatalf("%q, %v", made, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want it readable by its owner only", info.Mode(), err)
	}
	if again, err := identity.TokenFile(path); err != nil || again != made {
		t.Errorf("%q, %v; want the token of before", again, err)
	}
	if err := os.WriteFile(path, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if other, err := identity.TokenFile(path); err != nil || other == "" || other == made {
		t.Errorf("%q, %v; want a new token for an empty file", other, err)
	}
	if _, err := identity.TokenFile(filepath.Dir(path)); err == nil {
		t.Error("a folder was taken for a token")
	}
}
