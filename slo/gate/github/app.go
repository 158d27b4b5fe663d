package github

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// drift is how far GitHub's clock may be behind ours.
	drift = time.Minute
	// assertion is how long a proof of the App holds; GitHub takes at most ten minutes.
	assertion = 9 * time.Minute
	// early is how long before its end an access token counts as over.
	early = 2 * time.Minute
)

// app proves to be a GitHub App and keeps the access tokens of its installations.
type app struct {
	id  string
	key *rsa.PrivateKey

	mu     sync.Mutex // held while a token is fetched, so that it is fetched once
	tokens map[int64]accessToken
}

type accessToken struct {
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
}

func newApp(id string, key []byte) (*app, error) {
	if id == "" {
		return nil, errors.New("github: the ID of the App is required")
	}
	parsed, err := jwt.ParseRSAPrivateKeyFromPEM(key)
	if err != nil {
		return nil, fmt.Errorf("github: read the App's private key, an RSA key in PEM: %w", err)
	}
	return &app{id: id, key: parsed, tokens: map[int64]accessToken{}}, nil
}

// proof is a signed statement that we are the App.
func (a *app) proof(now time.Time) (string, error) {
	claims := jwt.RegisteredClaims{Issuer: a.id, IssuedAt: jwt.NewNumericDate(now.Add(-drift)), ExpiresAt: jwt.NewNumericDate(now.Add(assertion))}
	return jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(a.key)
}

// forget drops a token that GitHub does not take.
func (a *app) forget(installation int64, token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tokens[installation].Token == token {
		delete(a.tokens, installation)
	}
}

// token returns an access token of an installation, a new one if there is none or it ends soon.
func (c *Client) token(ctx context.Context, installation int64) (string, error) {
	c.app.mu.Lock()
	defer c.app.mu.Unlock()
	if t := c.app.tokens[installation]; t.Token != "" && c.now().Before(t.ExpiresAt.Add(-early)) {
		return t.Token, nil
	}
	proof, err := c.app.proof(c.now())
	if err != nil {
		return "", fmt.Errorf("sign proof: %w", err)
	}
	to := c.base.JoinPath("app", "installations", strconv.FormatInt(installation, 10), "access_tokens").String()
	resp, err := c.post(ctx, to, proof, nil)
	if err != nil {
		return "", err
	}
	if err := resp.err(c.now()); err != nil {
		return "", err
	}
	var t accessToken
	if err := json.Unmarshal(resp.body, &t); err != nil || t.Token == "" {
		return "", errors.New("GitHub's answer holds no token")
	}
	c.app.tokens[installation] = t
	return t.Token, nil
}
