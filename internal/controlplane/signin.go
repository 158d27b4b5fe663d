package controlplane

import (
	"net/http"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
)

// operator is the name and role of whoever holds the token of the installation.
const operator = "operator"

// buildSessions makes what knows who is asking: by a token with each request, or by one that was given once on the pages.
// Sessions are sealed with the operator's token: replicas that share it honour each other's, and a new one ends them all.
func (a *App) buildSessions() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	known, err := a.admitted.people(a.token, nil)
	if err != nil {
		return err
	}
	a.people.Store(known)
	a.sessions, err = identity.NewSessions(a.token, func(r *http.Request) (identity.Principal, error) { return a.people.Load().authenticate(r) }, nil)
	return err
}

// ownSite refuses changes that another site makes a browser ask for: the browser would send the session with them. What is no
// browser says nothing of sites and is let through; it has no session either.
func ownSite() func(http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		httpapi.WriteProblem(w, httpapi.Problem(httpapi.Forbidden, "a change that another site asks for is refused", nil))
	}))
	return p.Handler
}
