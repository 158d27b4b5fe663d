package kubernetes

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/dialect"
)

// Path is where the API server posts; with the token in the path, below it.
const Path = "/v1/gate/kubernetes"

const (
	// maxBody bounds an AdmissionReview, in bytes: it holds an object twice, and etcd takes none above 1.5 MiB.
	maxBody = 8 << 20
	// maxTimeout is how long the API server waits unless it says so.
	maxTimeout = 10 * time.Second
	// margin is what is left of the API server's time for the way back.
	margin = 500 * time.Millisecond
	// maxWarning is how many bytes of a warning the API server passes on.
	maxWarning = 256
)

type asked interface {
	// Check decides and records; Preview only decides.
	Check(ctx context.Context, by string, c gate.Change) (gate.Decision, error)
	Preview(ctx context.Context, c gate.Change) (gate.Decision, error)
}

// Handlers answer AdmissionReviews. Gate is required.
type Handlers struct {
	Gate asked
	// Token is the secret in the path by which the API server proves who it is. Without it only a bearer token proves that.
	Token string
	// RequireIdentity refuses callers with neither, with 401.
	RequireIdentity bool
	// Namespace is Plimsoll's own, which is never gated.
	Namespace string
	// Environment that workloads go to where neither an annotation nor Environments says so; "production" by default.
	Environment string
	// Environments are those of whole namespaces.
	Environments map[string]string
	Logger       *slog.Logger // slog.Default when nil
}

// Register adds the operations to api.
func (h *Handlers) Register(api huma.API) {
	operation := huma.Operation{
		OperationID: "gate-kubernetes", Method: http.MethodPost, Path: Path, Tags: []string{"gate"},
		Summary: "May this workload change? Asked by Kubernetes",
		Description: "A validating admission webhook of admission.k8s.io/v1. Changes of pod templates are gated, nothing else. " +
			"The secret of the API server may be the last part of the path.",
		Errors: []int{http.StatusUnauthorized, http.StatusUnprocessableEntity}, MaxBodyBytes: maxBody,
	}
	huma.Register(api, operation, func(ctx context.Context, in *Request) (*Response, error) { return h.review(ctx, "", in) })
	operation.OperationID, operation.Path = "gate-kubernetes-token", Path+"/{token}"
	huma.Register(api, operation, func(ctx context.Context, in *TokenRequest) (*Response, error) {
		return h.review(ctx, in.Token, &in.Request)
	})
}

// Request is an AdmissionReview.
type Request struct {
	Timeout string `query:"timeout" doc:"How long the API server waits, such as 5s"`
	RawBody []byte
}

// TokenRequest is an AdmissionReview of an API server that proves who it is.
type TokenRequest struct {
	Token string `path:"token" doc:"The secret of the API server"`
	Request
}

// Response is the answer to an AdmissionReview.
type Response struct{ Body Review }

func (h *Handlers) review(ctx context.Context, token string, in *Request) (*Response, error) {
	who := identity.From(ctx)
	if !h.known(token) && (token != "" || h.RequireIdentity && who.Anonymous()) {
		return nil, httpapi.Problem(httpapi.Unauthenticated, "the path must end in the secret of the API server, or a bearer token must prove who asks", nil)
	}
	r, err := parse(in.RawBody)
	if err != nil {
		return nil, httpapi.Problem(httpapi.Invalid, err.Error(), nil)
	}
	own := defaults{namespace: h.Namespace, environment: cmp.Or(h.Environment, "production"), environments: h.Environments}
	c, verdict, err := own.judge(r)
	if err != nil {
		return nil, httpapi.Problem(httpapi.Invalid, err.Error(), nil)
	}
	if verdict != isRelease {
		return answer(r, response{Allowed: true}), nil
	}
	check := func(ctx context.Context, c gate.Change) (gate.Decision, error) {
		return h.Gate.Check(ctx, "kubernetes:"+r.UserInfo.Username, c)
	}
	if r.DryRun {
		check = h.Gate.Preview
	}
	d, err := dialect.Ask(ctx, patience(in.Timeout), cmp.Or(h.Logger, slog.Default()), c, check)
	if err != nil {
		message := fmt.Sprintf("%s %s.%s: %s%v", r.Kind.Kind, cmp.Or(r.Name, c.Service), r.Namespace, prefix, err)
		code := http.StatusUnprocessableEntity
		if errors.Is(err, identity.ErrForbidden) {
			code = http.StatusForbidden
		}
		return answer(r, response{Status: &status{message, code}}), nil
	}
	return answer(r, translate(d)), nil
}

// known compares hashes, so that the time it takes tells nothing about the secret, not even its length.
func (h *Handlers) known(token string) bool {
	given, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(h.Token))
	return h.Token != "" && subtle.ConstantTimeCompare(given[:], want[:]) == 1
}

// patience is how long a decision may take, so that the answer is there before the API server gives up.
func patience(timeout string) time.Duration {
	wait, err := time.ParseDuration(timeout)
	if err != nil || wait <= 0 || wait > maxTimeout {
		wait = maxTimeout
	}
	return max(wait-margin, wait/2)
}

func answer(r *request, a response) *Response {
	a.UID = r.UID
	return &Response{Body: Review{APIVersion: apiVersion, Kind: kind, Response: a}}
}

// translate writes a decision as an answer. What would have been refused if the policy were enforced is admitted with a warning.
func translate(d gate.Decision) response {
	switch {
	case d.Outcome != gate.Allow && d.Reason == gate.NoAnswer:
		return response{Status: &status{d.Text(), http.StatusServiceUnavailable}}
	case d.Outcome != gate.Allow:
		return response{Status: &status{d.Text(), http.StatusForbidden}}
	case d.Verdict() != gate.Allow:
		var warnings []string
		for _, line := range d.Lines() {
			warnings = append(warnings, clip(line))
		}
		return response{Allowed: true, Warnings: warnings}
	default:
		return response{Allowed: true}
	}
}

// clip shortens a line to what the API server passes on, at the end of a character.
func clip(line string) string {
	if len(line) <= maxWarning {
		return line
	}
	const more = "…"
	return strings.ToValidUTF8(line[:maxWarning-len(more)], "") + more
}
