package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"plimsoll/internal/identity"
)

// Config of an Authenticator.
type Config struct {
	Issuers []Issuer
	// Reserved are subjects that no token may have, such as the operator's.
	Reserved []string
	Now      func() time.Time // time.Now by default
	// Before is what these issuers follow: where nothing of how an issuer is asked has changed, its keys are known already. It may be nil.
	Before *Authenticator
}

// Authenticator finds out who has a token of one of its issuers. It is safe for concurrent use.
type Authenticator struct {
	issuers  map[string]*issuer // by "iss"
	names    []string           // of all of them, for messages
	reserved []string
	now      func() time.Time
}

type issuer struct {
	Issuer
	keys *keys
}

// New makes an authenticator. It asks nobody for anything yet.
func New(cfg Config) (*Authenticator, error) {
	if err := Check(cfg.Issuers); err != nil {
		return nil, err
	}
	a := &Authenticator{issuers: map[string]*issuer{}, reserved: cfg.Reserved, now: cfg.Now}
	if a.now == nil {
		a.now = time.Now
	}
	for _, is := range cfg.Issuers {
		keys, err := cfg.Before.keysOf(is)
		if err != nil {
			return nil, err
		}
		a.issuers[is.Issuer] = &issuer{is, keys}
		a.names = append(a.names, is.Issuer)
	}
	return a, nil
}

// keysOf returns the keys that were found of an issuer, or what will find them.
func (a *Authenticator) keysOf(is Issuer) (*keys, error) {
	if a != nil {
		if was := a.issuers[is.Issuer]; was != nil && was.CAFile == is.CAFile && was.TokenFile == is.TokenFile {
			return was.keys, nil
		}
	}
	return newKeys(is)
}

// Token returns the bearer token of a request if it has the form of a signed token. Whether it is one is for Authenticate to say.
func Token(r *http.Request) (jwt string, ok bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	_, err := peek(token)
	return token, strings.EqualFold(scheme, "Bearer") && err == nil
}

// Authenticate returns whose token it is. The error is an identity.ErrBadToken, ErrForbidden or ErrUnavailable, and says what to do about it.
func (a *Authenticator) Authenticate(ctx context.Context, token string) (identity.Principal, error) {
	claimed, err := peek(token)
	if err != nil {
		return identity.Principal{}, fmt.Errorf("%w: %w", identity.ErrBadToken, err)
	}
	is := a.issuers[claimed]
	if is == nil {
		return identity.Principal{}, fmt.Errorf("%w: its issuer %q is not one of those that are trusted here: %s", identity.ErrBadToken, claimed, strings.Join(a.names, ", "))
	}
	c, issued, err := a.verify(ctx, is, token)
	if err != nil {
		return identity.Principal{}, err
	}
	p, err := is.principal(c)
	if err == nil && slices.Contains(a.reserved, p.Subject) {
		err = fmt.Errorf("the name %q is that of somebody else here", p.Subject)
	}
	if err != nil {
		return identity.Principal{}, fmt.Errorf("%w: token of %s: %w", identity.ErrForbidden, is.Name, err)
	}
	if slices.ContainsFunc(is.Revoked, func(r Revocation) bool { return r.covers(p.Subject, issued) }) {
		return identity.Principal{}, fmt.Errorf("%w: token of %s: it was revoked here; whoever keeps this installation can say why", identity.ErrBadToken, is.Name)
	}
	return p, nil
}

// verify returns what a token says and when it was issued, once it is known that the issuer says so, now, and to us.
func (a *Authenticator) verify(ctx context.Context, is *issuer, token string) (c claims, issued time.Time, err error) {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: token of %s: %s", identity.ErrBadToken, is.Name, fmt.Sprintf(format, args...))
	}
	remote, algorithms, err := is.keys.found(ctx)
	if err != nil {
		return nil, issued, fmt.Errorf("%w: the issuer %s does not say what its keys are: %w", identity.ErrUnavailable, is.Name, err)
	}
	try := &attempt{remote: remote}
	verified, err := oidc.NewVerifier(is.Issuer.Issuer, try, &oidc.Config{SkipClientIDCheck: true, SupportedSigningAlgs: algorithms, Now: a.now}).Verify(ctx, token)
	expired := (*oidc.TokenExpiredError)(nil)
	switch {
	case try.unreachable != nil:
		return nil, issued, fmt.Errorf("%w: the keys of the issuer %s cannot be had: %w", identity.ErrUnavailable, is.Name, try.unreachable)
	case try.forged != nil:
		return nil, issued, bad("it is not signed by a key of %s", is.Issuer.Issuer)
	case errors.As(err, &expired):
		return nil, issued, bad("it expired at %s; it is %s", instant(expired.Expiry), instant(a.now()))
	case err != nil:
		return nil, issued, bad("%s", strings.TrimPrefix(err.Error(), "oidc: "))
	case !slices.Contains(verified.Audience, is.Audience):
		return nil, issued, bad("it is made for %q; ask the issuer for one with the audience %q", strings.Join(verified.Audience, `", "`), is.Audience)
	}
	var payload json.RawMessage
	if err := verified.Claims(&payload); err != nil {
		return nil, issued, bad("%v", err)
	}
	c, err = parseClaims(payload)
	return c, verified.IssuedAt, err
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// principal applies the rules to what a token says.
func (is *issuer) principal(c claims) (identity.Principal, error) {
	p := identity.Principal{Claims: c}
	var closest []string // of each rule, what does not match
	for _, rule := range is.Allow {
		if name := c.unmatched(rule); name != "" {
			closest = append(closest, fmt.Sprintf("%s, which must be as %q", c.show(name), rule.Claims[name]))
			continue
		}
		grant, err := rule.grant(c)
		if err != nil { // this rule opens nothing; another may
			closest = append(closest, err.Error())
			continue
		}
		grant.Roles = rule.roles()
		p.Grants = append(p.Grants, grant)
		p.Roles = append(p.Roles, grant.Roles...)
	}
	if p.Grants == nil {
		return p, fmt.Errorf("no rule lets it in: %s", strings.Join(closest, "; or "))
	}
	slices.Sort(p.Roles)
	p.Roles = slices.Compact(p.Roles)
	var err error
	p.Subject, err = c.fill(is.subject(), false)
	return p, err
}

func (r Rule) roles() []string {
	if len(r.Roles) == 0 {
		return []string{identity.Deployer}
	}
	return r.Roles
}

func (r Rule) grant(c claims) (g identity.Grant, err error) {
	for _, list := range []struct {
		from []string
		to   *[]string
	}{{r.Services, &g.Services}, {r.Environments, &g.Environments}} {
		for _, template := range list.from {
			pattern, err := c.fill(template, true)
			if err != nil {
				return g, err
			}
			*list.to = append(*list.to, pattern)
		}
	}
	return g, nil
}

// peek reads of a token, without believing it, who is said to have signed it.
func peek(token string) (issuer string, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", errors.New("it is not a signed token")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", errors.New("it is not a signed token: its second part is not base64url")
	}
	c, err := parseClaims(payload)
	if err != nil {
		return "", errors.New("it is not a signed token: its second part is not JSON")
	}
	issuer, _ = c["iss"].(string)
	if issuer == "" {
		return "", errors.New("it does not name its issuer")
	}
	return issuer, nil
}
