package github_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const appID = "Iv23liPlimsoll"

// key is made once: RSA keys take a while.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func keyPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key())})
}

// posted is a review as GitHub documents it.
type posted struct {
	Environment string  `json:"environment_name"`
	State       *string `json:"state"`
	Comment     *string `json:"comment"`
}

func (p posted) state() string {
	if p.State == nil {
		return "report"
	}
	return *p.State
}

// fake is GitHub's side: access tokens of installations and reviews of deployments. What it refuses, it refuses as documented.
type fake struct {
	*httptest.Server
	reviews chan posted // that were taken

	mu      sync.Mutex
	issued  int
	token   string // the one that is good
	reports int
	faults  []http.HandlerFunc // instead of the next answers to reviews
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{reviews: make(chan posted, 100)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /app/installations/{id}/access_tokens", f.accessToken)
	mux.HandleFunc("POST /repos/{owner}/{repo}/actions/runs/{run}/deployment_protection_rule", f.review)
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) callback() string {
	return f.URL + "/repos/octo-org/video-api/actions/runs/1234567890/deployment_protection_rule"
}

// revoke makes the present token one that GitHub no longer takes.
func (f *fake) revoke() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.token = "revoked"
}

func (f *fake) fail(next ...http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, next...)
}

func (f *fake) tokens() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.issued
}

func say(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message, "documentation_url": "https://docs.github.com/rest"})
}

func (f *fake) accessToken(w http.ResponseWriter, r *http.Request) {
	var claims jwt.RegisteredClaims
	bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	_, err := jwt.ParseWithClaims(bearer, &claims, func(*jwt.Token) (any, error) { return &key().PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(appID), jwt.WithIssuedAt(), jwt.WithExpirationRequired())
	switch {
	case err != nil:
		say(w, http.StatusUnauthorized, "A JSON web token could not be decoded: "+err.Error())
		return
	case time.Until(claims.ExpiresAt.Time) > 10*time.Minute:
		say(w, http.StatusUnauthorized, "'Expiration time' claim ('exp') is too far in the future")
		return
	case r.PathValue("id") != "42":
		say(w, http.StatusNotFound, "Not Found")
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.issued++
	f.token = fmt.Sprintf("ghs_%d", f.issued)
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{"token": f.token, "expires_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		"permissions": map[string]string{"deployments": "write", "actions": "read"}, "repository_selection": "selected"})
}

func (f *fake) fault() (next http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.faults) > 0 {
		next, f.faults = f.faults[0], f.faults[1:]
	}
	return next
}

func (f *fake) review(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // all of it, or nobody notices when the client goes away
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if fault := f.fault(); fault != nil {
		fault(w, r)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var p posted
	switch err := json.Unmarshal(body, &p); {
	case r.Header.Get("Authorization") != "Bearer "+f.token:
		say(w, http.StatusUnauthorized, "Bad credentials")
		return
	case r.Header.Get("User-Agent") == "" || r.Header.Get("X-GitHub-Api-Version") != "2022-11-28" || r.Header.Get("Accept") != "application/vnd.github+json":
		say(w, http.StatusForbidden, "Request forbidden by administrative rules.")
		return
	case err != nil, p.Environment == "", p.State == nil && p.Comment == nil, p.State != nil && *p.State != "approved" && *p.State != "rejected":
		say(w, http.StatusUnprocessableEntity, "Invalid request.")
		return
	case p.Comment != nil && len([]rune(*p.Comment)) > 1024:
		say(w, http.StatusUnprocessableEntity, "comment is too long (maximum is 1024 characters)")
		return
	}
	if p.State == nil {
		if f.reports++; f.reports > 10 {
			say(w, http.StatusUnprocessableEntity, "too many status reports")
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
	f.reviews <- p
}
