package identity_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/identity"
)

// watch is a clock that is set by hand.
type watch struct{ now time.Time }

func sessions(t *testing.T, secret string, w *watch, holders map[string]identity.Principal) *identity.Sessions {
	t.Helper()
	s, err := identity.NewSessions(secret, identity.NewTokens(holders).Authenticate, func() time.Time { return w.now })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// signIn returns the cookie of a new session.
func signIn(t *testing.T, s *identity.Sessions, r *http.Request, token string) *http.Cookie {
	t.Helper()
	w := httptest.NewRecorder()
	if _, err := s.SignIn(w, r, token); err != nil {
		t.Fatal(err)
	}
	return w.Result().Cookies()[0]
}

func with(c *http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(c)
	return r
}

func TestSession(t *testing.T) {
	t.Parallel()
	w := &watch{now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	ada := map[string]identity.Principal{"a-token": {Subject: "ada"}}
	s := sessions(t, "secret", w, ada)
	plain := httptest.NewRequest(http.MethodPost, "/login", nil)
	c := signIn(t, s, plain, "a-token")
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || c.Path != "/" || strings.Contains(c.Value, "token") {
		t.Errorf("cookie %+v", c)
	}
	forged := *c
	forged.Value = c.Value[:len(c.Value)-2] + "AA"
	both := with(c)
	both.Header.Set("Authorization", "Bearer other")
	for _, tc := range []struct {
		name string
		s    *identity.Sessions
		r    *http.Request
		want string
	}{
		{"who signed in is known", s, with(c), "ada"},
		{"also to another replica with the same secret", sessions(t, "secret", w, ada), with(c), "ada"},
		{"but not with another secret", sessions(t, "else", w, ada), with(c), ""},
		{"nor when the token was taken back", sessions(t, "secret", w, nil), with(c), ""},
		{"nor when it is over", sessions(t, "secret", &watch{w.now.Add(identity.SessionLength)}, ada), with(c), ""},
		{"until the last second", sessions(t, "secret", &watch{w.now.Add(identity.SessionLength - time.Second)}, ada), with(c), "ada"},
		{"a forged one is nobody's", s, with(&forged), ""},
		{"an empty one is nobody's", s, with(&http.Cookie{Name: c.Name}), ""},
		{"without any nobody is known", s, plain, ""},
	} {
		if p, err := tc.s.Authenticate(tc.r); err != nil || p.Subject != tc.want {
			t.Errorf("%s: %q, %v; want %q", tc.name, p.Subject, err, tc.want)
		}
	}
	if _, err := s.Authenticate(both); !errors.Is(err, identity.ErrBadToken) {
		t.Errorf("a token that nobody holds is hidden by a session: %v", err)
	}
}

func TestSessionOverTLS(t *testing.T) {
	t.Parallel()
	s := sessions(t, "secret", &watch{now: time.Now()}, map[string]identity.Principal{"a-token": {Subject: "ada"}})
	r := httptest.NewRequest(http.MethodPost, "https://plimsoll.example.com/login", nil)
	c := signIn(t, s, r, "a-token")
	if !c.Secure || !strings.HasPrefix(c.Name, "__Host-") {
		t.Errorf("cookie %+v", c)
	}
	if p, err := s.Authenticate(with(c)); err != nil || p.Subject != "ada" {
		t.Errorf("%q, %v", p.Subject, err)
	}
	neighbour := signIn(t, s, httptest.NewRequest(http.MethodPost, "http://plimsoll.example.com/login", nil), "a-token")
	planted := with(neighbour)
	planted.Header.Set("X-Forwarded-Proto", "https")
	if p, err := s.Authenticate(planted); err != nil || !p.Anonymous() {
		t.Errorf("a cookie that a neighbour may have set signs in over TLS: %q, %v", p.Subject, err)
	}
	w := httptest.NewRecorder()
	s.SignOut(w, r)
	if out := w.Result().Cookies()[0]; out.MaxAge >= 0 || out.Name != c.Name || out.Value != "" {
		t.Errorf("after signing out %+v", out)
	}
}

func TestBadSignIn(t *testing.T) {
	t.Parallel()
	s := sessions(t, "secret", &watch{now: time.Now()}, map[string]identity.Principal{"a-token": {Subject: "ada"}})
	for _, token := range []string{"", " ", "other", "a-token x"} {
		w := httptest.NewRecorder()
		if p, err := s.SignIn(w, httptest.NewRequest(http.MethodPost, "/login", nil), token); err == nil || len(w.Result().Cookies()) > 0 {
			t.Errorf("%q signs in as %q", token, p.Subject)
		}
	}
	long := strings.Repeat("x", 4000)
	s = sessions(t, "secret", &watch{now: time.Now()}, map[string]identity.Principal{long: {Subject: "ada"}})
	if _, err := s.SignIn(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/login", nil), long); !errors.Is(err, identity.ErrLongToken) {
		t.Errorf("a token that fits into no cookie: %v", err)
	}
	if _, err := identity.NewSessions("", identity.NewTokens(nil).Authenticate, nil); err == nil {
		t.Error("sessions without a secret")
	}
}

// FuzzSession: no cookie makes anybody known but one that was given out, and none breaks anything.
func FuzzSession(f *testing.F) {
	tokens := identity.NewTokens(map[string]identity.Principal{"a-token": {Subject: "ada"}})
	s, err := identity.NewSessions("secret", tokens.Authenticate, nil)
	if err != nil {
		f.Fatal(err)
	}
	w := httptest.NewRecorder()
	if _, err := s.SignIn(w, httptest.NewRequest(http.MethodPost, "/login", nil), "a-token"); err != nil {
		f.Fatal(err)
	}
	given := w.Result().Cookies()[0].Value
	for _, seed := range []string{"", "x", "AAAAAAAAAAAAAAAAAAAAAAAA", given[:20], given[1:], given + "A"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: "plimsoll_session", Value: value})
		if p, err := s.Authenticate(r); err != nil || !p.Anonymous() && value != given {
			t.Errorf("%q is %q, %v", value, p.Subject, err)
		}
	})
}
