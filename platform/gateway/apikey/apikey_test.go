package apikey_test

import (
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/platform/gateway/apikey"
)

func newKeys(t *testing.T) *apikey.Keys {
	t.Helper()
	k, err := apikey.New(apikey.Config{Pool: pgtest.New(t, apikey.Migrations)})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	k := newKeys(t)
	text, key, err := k.Create(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, header, subject string
		err                   error
	}{
		{"no key", "", "", nil},
		{"the key", "Bearer " + text, "ada", nil},
		{"scheme in lower case", "bearer " + text, "ada", nil},
		{"another secret", "Bearer pk_" + key.ID + "_AAAA", "", apikey.ErrBadKey},
		{"another id", "Bearer pk_nobodynobo_AAAA", "", apikey.ErrBadKey},
		{"not an id", "Bearer pk_nobody_AAAA", "", apikey.ErrBadKey},
		{"bytes that are no text", "Bearer pk_\xff\xfe_AAAA", "", apikey.ErrBadKey},
		{"not a key", "Bearer hunter2", "", apikey.ErrBadKey},
		{"another scheme", "Basic YTpi", "", apikey.ErrBadKey},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Authorization", tc.header)
			p, err := k.Authenticate(r)
			if p.Subject != tc.subject || !errors.Is(err, tc.err) {
				t.Errorf("%q, %v; want %q, %v", p.Subject, err, tc.subject, tc.err)
			}
		})
	}
}

func TestLifeOfAKey(t *testing.T) {
	t.Parallel()
	k, ctx := newKeys(t), t.Context()
	text, key, err := k.Create(ctx, " ada ")
	if err != nil || key.Name != "ada" {
		t.Fatalf("%+v, %v", key, err)
	}
	if _, _, err := k.Create(ctx, "ada"); !errors.Is(err, apikey.ErrNameTaken) {
		t.Errorf("second key of the name: %v", err)
	}
	if _, _, err := k.Create(ctx, " "); !errors.Is(err, apikey.ErrNoName) {
		t.Errorf("key without a name: %v", err)
	}
	if _, err := k.Identify(ctx, text); err != nil {
		t.Error(err)
	}
	if err := k.Revoke(ctx, key.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Identify(ctx, text); !errors.Is(err, apikey.ErrBadKey) {
		t.Errorf("the revoked key: %v", err)
	}
	if err := k.Revoke(ctx, key.ID); !errors.Is(err, apikey.ErrNoKey) {
		t.Errorf("revoke twice: %v", err)
	}
	if _, _, err := k.Create(ctx, "ada"); err != nil {
		t.Errorf("the name is free again: %v", err)
	}
	keys, err := k.List(ctx)
	if err != nil || len(keys) != 2 || keys[0].RevokedAt == nil || keys[1].RevokedAt != nil {
		t.Errorf("%+v, %v", keys, err)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	k, ctx := newKeys(t), t.Context()
	path := filepath.Join(t.TempDir(), "api-key")
	first, err := k.File(ctx, path, "development")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if again, err := k.File(ctx, path, "development"); again != first || err != nil {
		t.Errorf("%q, %v; want the same key", again, err)
	}
	// The database was made anew, or somebody wrote something else into the file.
	if err := errors.Join(os.WriteFile(path, []byte("pk_old_key\n"), 0o600), os.Chmod(path, 0o644)); err != nil {
		t.Fatal(err)
	}
	fresh, err := k.File(ctx, path, "development")
	if err != nil || fresh == first {
		t.Fatalf("%q, %v; want another key", fresh, err)
	}
	if p, err := k.Identify(ctx, fresh); p.Subject != "development" || err != nil {
		t.Errorf("%+v, %v", p, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the replaced file: mode %v, %v; want 0600", info.Mode(), err)
	}
	if b, _ := os.ReadFile(path); strings.TrimSpace(string(b)) != fresh {
		t.Error("the file does not hold the key")
	}
}
