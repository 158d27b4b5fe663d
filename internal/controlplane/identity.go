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

// authenticate knows who has one of the tokens, or one that an issuer of the configuration has signed.
func (c Config) authenticate(tokens *identity.Tokens) (func(*http.Request) (identity.Principal, error), error) {
	if len(c.Identity.OIDC) == 0 {
		return tokens.Authenticate, nil
	}
	signed, err := oidc.New(oidc.Config{Issuers: c.issuers(), Reserved: reserved})
	if err != nil {
		return nil, err
	}
	return func(r *http.Request) (identity.Principal, error) {
		if token, ok := oidc.Token(r); ok {
			return signed.Authenticate(r.Context(), token)
		}
		return tokens.Authenticate(r)
	}, nil
}
