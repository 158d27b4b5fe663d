package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"plimsoll/internal/identity"
)

// sessions let people sign in; [identity.Sessions] do.
type sessions interface {
	SignIn(w http.ResponseWriter, r *http.Request, token string) (identity.Principal, error)
	SignOut(w http.ResponseWriter, r *http.Request)
}

// login is the body of the page "/login".
type login struct {
	Next    string // where it leads after signing in
	Problem string
	Closed  bool // nobody reads who has not signed in
}

func (w *Web) mountSignIn(r chi.Router) {
	if w.cfg.Sessions == nil {
		return
	}
	r.Get("/login", w.signInPage)
	r.Post("/login", w.signIn)
	r.Post("/logout", w.signOut)
}

func (w *Web) signInPage(rw http.ResponseWriter, r *http.Request) {
	next := local(r.URL.Query().Get("next"))
	if w.cfg.Closed && r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		// Whoever follows a link from elsewhere, a chat, is sent on without the cookie of the session. Asked from here, there may be one.
		rw.Header().Set("Refresh", "0; url="+next)
	}
	w.showSignIn(rw, r, http.StatusOK, login{Next: next})
}

func (w *Web) showSignIn(rw http.ResponseWriter, r *http.Request, status int, l login) {
	l.Closed = w.cfg.Closed
	w.render(rw, r, status, "login", page{Title: "Sign in", Body: l})
}

// signIn takes a token and leads back. It says no more of a token that does not do than that.
func (w *Web) signIn(rw http.ResponseWriter, r *http.Request) {
	_ = parseForm(rw, r) // what did not come is no token
	next := local(r.PostForm.Get("next"))
	if _, err := w.cfg.Sessions.SignIn(rw, r, strings.TrimSpace(r.PostForm.Get("token"))); err != nil {
		status, problem := refusedToken(err)
		w.showSignIn(rw, r, status, login{Next: next, Problem: problem})
		return
	}
	http.Redirect(rw, r, next, http.StatusSeeOther)
}

// refusedToken says why a token does not do, as far as that is not the token's own.
func refusedToken(err error) (status int, problem string) {
	switch {
	case errors.Is(err, identity.ErrUnavailable):
		return http.StatusServiceUnavailable, "Whoever has signed this token does not answer now, so it cannot be found out whose it is. Try again in a moment."
	case errors.Is(err, identity.ErrLongToken):
		return http.StatusForbidden, "This token is too long to sign in with: browsers would not keep it."
	default:
		return http.StatusForbidden, "Nobody holds this token. It may have been replaced or have run out."
	}
}

func (w *Web) signOut(rw http.ResponseWriter, r *http.Request) {
	w.cfg.Sessions.SignOut(rw, r)
	http.Redirect(rw, r, "/", http.StatusSeeOther)
}

// local returns an address only if it stays here, and the overview instead of another.
func local(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(address, "//") || strings.ContainsAny(address, "\\\r\n\t") {
		return "/"
	}
	return u.RequestURI()
}
