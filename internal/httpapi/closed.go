package httpapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"plimsoll/internal/identity"
)

// Closed says what nobody reads who has not proved who they are.
type Closed struct {
	// Open are the patterns of routes that answer everybody nonetheless, each with the reason. Every other route, and every address
	// at which there is none, refuses the anonymous.
	Open map[string]string
	// SignIn is the page where people sign in. A browser that asks for a page is led there, and with "next" back; empty for no such page.
	SignIn string
}

// unknownReader is told to whoever may not read.
const unknownReader = "reading needs a token here: send it as \"Authorization: Bearer TOKEN\""

// closed refuses the anonymous where c does. The router is asked which route it would take, in the way in which it will be asked again.
func closed(c *Closed, router chi.Routes) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if c == nil {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, open := c.Open[patternOf(router, r)]
			switch {
			case open || !identity.From(r.Context()).Anonymous():
				next.ServeHTTP(w, r)
			case c.SignIn != "" && wantsPage(r):
				w.Header().Set("Cache-Control", "no-store")
				http.Redirect(w, r, c.SignIn+"?"+url.Values{"next": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
			default:
				WriteProblem(w, Problem(Unauthenticated, unknownReader, nil))
			}
		})
	}
}

// patternOf is the pattern of the route that a request takes; empty if there is none.
func patternOf(router chi.Routes, r *http.Request) string {
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	return router.Find(chi.NewRouteContext(), r.Method, path)
}

// wantsPage reports whether somebody goes to an address in a browser.
func wantsPage(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html")
}
