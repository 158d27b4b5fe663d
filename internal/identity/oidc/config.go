package oidc

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/identity"
	"plimsoll/internal/nearest"
)

// Issuer is who signs tokens, and what they open.
type Issuer struct {
	// Name is what the records call the issuer, such as "github".
	Name string `yaml:"name"`
	// Issuer is the "iss" of its tokens, a URL below which its keys are published.
	Issuer string `yaml:"issuer"`
	// Audience is the "aud" that a token has to have, so that one made for another service opens nothing here.
	Audience string `yaml:"audience"`
	// Subject is how the records name who asks: a text with claims in braces, such as "github:{repository}". "NAME:{sub}" by default.
	Subject string `yaml:"subject"`
	// CAFile holds the certificates that the issuer's own is verified with, in PEM; those of the system by default.
	CAFile string `yaml:"ca_file"`
	// TokenFile holds a bearer token that the issuer asks for before it shows its keys, as Kubernetes does. It is read anew each time.
	TokenFile string `yaml:"token_file"`
	// Allow says which tokens open what. A token that no rule matches opens nothing.
	Allow []Rule `yaml:"allow"`
	// Revoked are tokens that open nothing any more, although the issuer has signed them and they have not run out.
	Revoked []Revocation `yaml:"revoked"`
}

// Revocation takes tokens back: those of a subject, those that were issued before an instant, or those of which both are true.
type Revocation struct {
	// Subject is a pattern of [identity.Match] of the name by which the records know whoever has the token; of any when empty.
	Subject string `yaml:"subject"`
	// IssuedBefore is when the first token was issued that is good again; none is when zero. One that does not say when it was issued is older.
	IssuedBefore time.Time `yaml:"issued_before"`
}

// covers reports whether a token of a subject that was issued at an instant is taken back.
func (r Revocation) covers(subject string, issued time.Time) bool {
	return (r.Subject == "" || identity.Match(r.Subject, subject)) && (r.IssuedBefore.IsZero() || issued.Before(r.IssuedBefore))
}

// Rule opens something to tokens with certain claims.
type Rule struct {
	// Claims are patterns of [identity.Match] that all have to match; of a claim that is a list, one of its members. The name of a claim within
	// another has slashes, such as "kubernetes.io/serviceaccount/name".
	Claims map[string]string `yaml:"claims"`
	// Services and Environments may be asked about: patterns, in which claims stand in braces. None means any.
	Services     []string `yaml:"services"`
	Environments []string `yaml:"environments"`
	// Roles of those whom the rule matches; identity.Deployer by default.
	Roles []string `yaml:"roles"`
}

// Check says everything that is wrong with issuers, each with its key.
func Check(issuers []Issuer) error {
	var errs []error
	for i, is := range issuers {
		refuse := func(key, format string, args ...any) {
			errs = append(errs, fmt.Errorf("identity.oidc[%d].%s: %s", i, key, fmt.Sprintf(format, args...)))
		}
		is.check(refuse)
		for _, other := range issuers[:i] {
			if other.Name == is.Name || other.Issuer == is.Issuer {
				refuse("name", "%q and %q of the same issuer or name; put their rules under one", other.Name, is.Name)
			}
		}
	}
	return errors.Join(errs...)
}

func (is Issuer) check(refuse func(key, format string, args ...any)) {
	if is.Name == "" || strings.ContainsAny(is.Name, ":{} \t\n") {
		refuse("name", "%q is not a name, such as github", is.Name)
	}
	if u, err := url.Parse(is.Issuer); err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		refuse("issuer", "%q is not an https URL, such as https://token.actions.githubusercontent.com", is.Issuer)
	}
	if is.Audience == "" {
		refuse("audience", "must be what tokens for this installation are made for, such as https://plimsoll.example.com")
	}
	if err := checkTemplate(is.subject()); err != nil {
		refuse("subject", "%v", err)
	}
	if len(is.Allow) == 0 {
		refuse("allow", "must have a rule; without one no token opens anything")
	}
	for j, r := range is.Revoked {
		if r == (Revocation{}) {
			refuse(fmt.Sprintf("revoked[%d]", j), "must have a subject, issued_before or both; to take back all, remove the issuer")
		}
	}
	for j, rule := range is.Allow {
		rule.check(func(key, format string, args ...any) { refuse(fmt.Sprintf("allow[%d].%s", j, key), format, args...) })
	}
}

func (r Rule) check(refuse func(key, format string, args ...any)) {
	if len(r.Claims) == 0 {
		refuse("claims", "must name a claim: an issuer signs tokens for more people than yours; {sub: \"**\"} takes all of them")
	}
	for name, pattern := range r.Claims {
		if pattern == "" {
			refuse("claims."+name, "must be a pattern, such as acme/*")
		}
	}
	for key, patterns := range map[string][]string{"services": r.Services, "environments": r.Environments} {
		for k, p := range patterns {
			if err := checkTemplate(p); err != nil {
				refuse(fmt.Sprintf("%s[%d]", key, k), "%v", err)
			}
		}
	}
	for k, role := range r.Roles {
		if !slices.Contains(identity.Roles(), role) {
			refuse(fmt.Sprintf("roles[%d]", k), "%q is not one of %s%s", role, strings.Join(identity.Roles(), ", "), nearest.Hint(role, identity.Roles()))
		}
	}
}

func (is Issuer) subject() string {
	if is.Subject != "" {
		return is.Subject
	}
	return is.Name + ":{sub}"
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
