// Package identity says who is asking. A principal is found once, at the edge of a program, and travels in the context;
// the place in the network that a request comes from never makes one.
//
// Two roads lead to a principal: a token that the installation knows ([Tokens]), and one that an issuer has signed
// ([plimsoll/internal/identity/oidc]). What either may change is bounded by [Principal.Grants], and [Authorize] is the one step in which that is
// decided: what an action needs stands in one table, and stores ask before they do it.
package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Principal is a person, a job or a program. The zero value is anonymous.
type Principal struct {
	Subject string
	Roles   []string
	// Grants bound where the principal may change something ([Authorize]), each adding to the others; nil bounds nothing.
	Grants []Grant
	// Claims are what an issuer says of the principal, as in the JSON of its token; nil if no issuer does.
	Claims map[string]any
	// Until is when the token that proved it ends; never when zero.
	Until time.Time
}

// Anonymous reports whether nobody has proved who they are.
func (p Principal) Anonymous() bool { return p.Subject == "" }

// Name returns the subject, or "anonymous".
func (p Principal) Name() string {
	if p.Anonymous() {
		return "anonymous"
	}
	return p.Subject
}

type contextKey struct{}

// With returns a context that carries p.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// From returns the principal of ctx; anonymous if none was found.
func From(ctx context.Context) Principal {
	p, _ := ctx.Value(contextKey{}).(Principal)
	return p
}

// ErrBadToken is returned for a token that nobody holds. A request without any token is anonymous, not an error.
var ErrBadToken = errors.New("the token is not valid")

// Tokens authenticates bearer tokens. It holds their hashes only.
type Tokens struct {
	holders map[[sha256.Size]byte]Principal
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// NewTokens makes a set of tokens and the principals that hold them. Blanks around a token do not count, and one that is
// empty is nobody's.
func NewTokens(holders map[string]Principal) *Tokens {
	t := &Tokens{holders: map[[sha256.Size]byte]Principal{}}
	for token, p := range holders {
		if token = strings.TrimSpace(token); token != "" {
			t.holders[sha256.Sum256([]byte(token))] = p
		}
	}
	return t
}

// Authenticate finds the principal of a request by its Authorization header ("Bearer token").
func (t *Tokens) Authenticate(r *http.Request) (Principal, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return Principal{}, nil
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return Principal{}, fmt.Errorf("%w: Authorization must read \"Bearer TOKEN\"", ErrBadToken)
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	for held, p := range t.holders {
		if subtle.ConstantTimeCompare(held[:], sum[:]) == 1 {
			if now := t.now(); !p.Until.IsZero() && !now.Before(p.Until) {
				return Principal{}, fmt.Errorf("%w: it expired at %s", ErrBadToken, p.Until.UTC().Format(time.RFC3339))
			}
			return p, nil
		}
	}
	return Principal{}, ErrBadToken
}

func (t *Tokens) now() time.Time {
	if t.Now != nil {
		return t.Now()
	}
	return time.Now()
}

// TokenFile returns the token in the named file, which it makes with a new random token, readable by the owner only, if
// it is missing.
func TokenFile(path string) (string, error) {
	b, err := os.ReadFile(path)
	switch {
	case err == nil && strings.TrimSpace(string(b)) != "":
		return strings.TrimSpace(string(b)), nil
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("read token: %w", err)
	}
	token := rand.Text()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("make folder of token: %w", err)
	}
	if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write token: %w", err)
	}
	return token, nil
}
