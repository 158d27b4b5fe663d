// Package oidc finds out who is asking by tokens that an OpenID Connect issuer has signed: jobs of GitHub Actions and GitLab CI, service
// accounts of Kubernetes, and people. It owns what of a token is believed and which claims open which door.
//
//	Bearer JWT ─▶ issuer in the configuration? ─▶ signature by a key of the issuer ─▶ time ─▶ audience ─▶ first rule
//	                 │ no                            │ no          │ not reachable     │ no     │ no         │ none matches
//	                 ▼                               ▼             ▼                   ▼        ▼            ▼
//	            ErrBadToken                     ErrBadToken   ErrUnavailable       ErrBadToken  …       ErrForbidden
//
// Everything that any rule grants adds up. Nothing is believed of a token before its signature was verified, but whose key to ask for. Keys are asked
// for when the first token comes, and again when one comes that is signed by a key not seen before; how often is bounded, because anybody can
// make up such a token. It keeps no session, and revokes nothing: a token is good until it expires.
package oidc
