package oidc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/time/rate"
)

const (
	// fetchTimeout bounds one request to an issuer; callers wait for it.
	fetchTimeout = 5 * time.Second
	// fetchEvery and fetchBurst bound how often an issuer is asked: once for its configuration, and whenever a token names a key not seen before.
	fetchEvery = 5 * time.Second
	fetchBurst = 6
	// maxDocument bounds what an issuer says, in bytes.
	maxDocument = 1 << 20
)

// algorithms are those of signatures that only the holder of a private key can make.
var algorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}

// keys are those of one issuer, found and kept when they are needed.
type keys struct {
	issuer string
	client *http.Client

	mu         sync.Mutex
	remote     *oidc.RemoteKeySet // nil before the issuer has said where its keys are
	algorithms []string
}

func newKeys(is Issuer) (*keys, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if is.CAFile != "" {
		pem, err := os.ReadFile(is.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read certificates of issuer %s: %w", is.Name, err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read certificates of issuer %s: %s has none in PEM", is.Name, is.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &keys{issuer: is.Issuer, client: &http.Client{Timeout: fetchTimeout, Transport: &fetcher{
		next: transport, tokenFile: is.TokenFile, limit: rate.NewLimiter(rate.Every(fetchEvery), fetchBurst),
	}}}, nil
}

// found returns the keys; the first time, and until it succeeds, it asks the issuer where they are.
func (k *keys) found(ctx context.Context) (*oidc.RemoteKeySet, []string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.remote != nil {
		return k.remote, k.algorithms, nil
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, k.client), k.issuer)
	if err != nil {
		return nil, nil, err
	}
	var document struct {
		Keys       string   `json:"jwks_uri"`
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
	}
	if err := provider.Claims(&document); err != nil {
		return nil, nil, err
	}
	if document.Keys == "" {
		return nil, nil, errors.New("its configuration names no jwks_uri")
	}
	k.algorithms = slices.DeleteFunc(document.Algorithms, func(a string) bool { return !slices.Contains(algorithms, a) })
	k.remote = oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), k.client), document.Keys) // it outlives the request
	return k.remote, k.algorithms, nil
}

// attempt is the verification of one token, which keeps apart what the library puts into one error.
type attempt struct {
	remote      *oidc.RemoteKeySet
	unreachable error // the keys could not be fetched
	forged      error // none of them has signed the token
}

// VerifySignature has the remote keys verify a signature.
func (a *attempt) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := a.remote.VerifySignature(ctx, jwt)
	if err != nil && errors.Unwrap(err) != nil { // what went wrong with the request; a wrong signature has no cause
		a.unreachable = err
	} else {
		a.forged = err
	}
	return payload, err
}

// fetcher bounds requests to an issuer, and shows it a token if it asks for one.
type fetcher struct {
	next      http.RoundTripper
	tokenFile string
	limit     *rate.Limiter
}

var errTooOften = errors.New("it was asked too often; tokens with unknown keys are looked at again in some seconds")

// RoundTrip sends one request.
func (f *fetcher) RoundTrip(r *http.Request) (*http.Response, error) {
	if !f.limit.Allow() {
		return nil, errTooOften
	}
	if f.tokenFile != "" {
		token, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("read token for the issuer: %w", err)
		}
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	resp, err := f.next.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxDocument), resp.Body}
	}
	return resp, err
}
