package controlplane

import (
	"net/http"
	"slices"

	"plimsoll/internal/identity"
	"plimsoll/internal/identity/oidc"
)

// IdentityConfig says whom besides the holders of tokens to believe who they are.
type IdentityConfig struct {
	// OIDC are issuers whose signed tokens are taken: those of jobs, service accounts and people.
	OIDC []oidc.Issuer `yaml:"oidc"`
	// Reads says who may read pages, API and live changes: Anybody by default.
	Reads Readers `yaml:"reads"`
	// Metrics says who may read /metrics; as Reads by default.
	Metrics Readers `yaml:"metrics"`
}

// issuers are those of the configuration, with their files where they are.
func (c Config) issuers() []oidc.Issuer {
	all := slices.Clone(c.Identity.OIDC)
	for i := range all {
		for _, file := range []*string{&all[i].CAFile, &all[i].TokenFile} {
			if *file != "" {
				*file = beside(c.Dir, []string{*file})[0]
			}
		}
	}
	return all
}

// reserved are the names that nobody can be given: who holds the installation's own token, and who has proved nothing.
var reserved = []string{operator, identity.Principal{}.Name()}

// people are those who are known. A reload makes others of them.
type people struct {
	tokens *identity.Tokens
	signed *oidc.Authenticator // nil where no issuer is trusted
	slack  map[string]identity.Principal
}

// people are those of a configuration, besides whoever holds the token of the installation. Those who were known before it, if any, lend it the
// keys of issuers that they have found.
func (c Config) people(token string, before *people) (*people, error) {
	c.Token = token // which nobody else may have
	holders, err := c.holders()
	if err != nil {
		return nil, err
	}
	holders[token] = identity.Principal{Subject: operator, Roles: []string{operator, identity.ReleaseManager}}
	p := &people{tokens: identity.NewTokens(holders), slack: c.slackPeople()}
	if len(c.Identity.OIDC) == 0 {
		return p, nil
	}
	cfg := oidc.Config{Issuers: c.issuers(), Reserved: reserved}
	if before != nil {
		cfg.Before = before.signed
	}
	p.signed, err = oidc.New(cfg)
	return p, err
}

// authenticate knows who has one of the tokens, or one that an issuer of the configuration has signed.
func (p *people) authenticate(r *http.Request) (identity.Principal, error) {
	if p.signed != nil {
		if token, ok := oidc.Token(r); ok {
			return p.signed.Authenticate(r.Context(), token)
		}
	}
	return p.tokens.Authenticate(r)
}
