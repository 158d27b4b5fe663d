package argo

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/dialect"
)

// Path is where the metric provider asks.
const Path = "/v1/gate/argo"

// timeout is below the ten seconds after which the provider gives up unless its template says otherwise.
const timeout = 8 * time.Second

// maxBody bounds a question, in bytes.
const maxBody = 64 << 10

type checker interface {
	Check(ctx context.Context, by string, c gate.Change) (gate.Decision, error)
}

// Handlers answer measurements. Gate is required.
type Handlers struct {
	Gate checker
	// RequireIdentity refuses callers without a token, with 401.
	RequireIdentity bool
	Logger          *slog.Logger // slog.Default when nil
}

// Register adds the operations to api.
func (h *Handlers) Register(api huma.API) {
	operation := huma.Operation{
		OperationID: "gate-argo", Method: http.MethodGet, Path: Path, Tags: []string{"gate"},
		Summary: "May this change go out now? Asked by Argo Rollouts",
		Description: "For the web metric provider: allow, deny and hold are all status 200, and so is what cannot be decided, as a hold. " +
			"Other codes are for questions that cannot be answered.",
		Errors: []int{http.StatusUnprocessableEntity}, MaxBodyBytes: maxBody,
	}
	if h.RequireIdentity {
		operation.Security = httpapi.Deployers
		operation.Errors = append(operation.Errors, http.StatusUnauthorized, http.StatusForbidden)
	}
	huma.Register(api, operation, func(ctx context.Context, in *query) (*response, error) { return h.answer(ctx, in.Question) })
	operation.OperationID, operation.Method = "gate-argo-post", http.MethodPost
	huma.Register(api, operation, func(ctx context.Context, in *posted) (*response, error) { return h.answer(ctx, in.Body) })
}

// Question is a change, as parameters of the address or as JSON.
type Question struct {
	Service     string     `query:"service" json:"service" doc:"Service, as in the keys of its objectives" example:"video-api"`
	Environment string     `query:"environment" json:"environment" doc:"Environment that a policy covers" example:"production"`
	Commit      string     `query:"commit" json:"commit" doc:"Commit, image tag or pod template hash that would go out" example:"4f2c1d9"`
	Version     string     `query:"version" json:"version,omitempty" doc:"Version that people know it by"`
	Author      string     `query:"author" json:"author,omitempty" doc:"Who made the change"`
	Class       gate.Class `query:"class" json:"class,omitempty" doc:"feature (default), reliability, security, rollback or config"`
	Refs        []string   `query:"refs" json:"refs,omitempty" doc:"Incidents or action items that the change serves, such as INC-7"`
	AtOnce      bool       `query:"atOnce" json:"atOnce,omitempty" doc:"The change does not roll out in steps that stop by themselves"`
}

type query struct{ Question }

type posted struct{ Body Question }

// Answer is what the template's jsonPath finds the decision in.
type Answer struct {
	Data Data `json:"data"`
}

// Data is one decision.
type Data struct {
	Decision gate.Outcome `json:"decision" enum:"allow,deny,hold"`
	Seq      int64        `json:"seq" doc:"Place in the audit log; 0 if nothing could be decided"`
	Reason   gate.Reason  `json:"reason"`
	Message  string       `json:"message" doc:"Three lines: the answer, the figures, what to do next"`
	Until    *time.Time   `json:"until,omitempty" doc:"When what stands in the way may be gone"`
}

type response struct{ Body Answer }

func (h *Handlers) answer(ctx context.Context, q Question) (*response, error) {
	by := identity.From(ctx).Name()
	d, err := dialect.Ask(ctx, timeout, cmp.Or(h.Logger, slog.Default()), change(q),
		func(ctx context.Context, c gate.Change) (gate.Decision, error) { return h.Gate.Check(ctx, by, c) })
	if input := (*gate.InputError)(nil); errors.As(err, &input) {
		return nil, httpapi.Problem(httpapi.Invalid, input.Error(), nil)
	} else if err != nil {
		return nil, httpapi.Problem(httpapi.Forbidden, err.Error(), nil)
	}
	return &response{Body: answer(d)}, nil
}

func change(q Question) gate.Change {
	return gate.Change{Service: q.Service, Environment: q.Environment, Commit: q.Commit, Version: q.Version, Author: q.Author,
		Class: q.Class, Refs: q.Refs, Progressive: !q.AtOnce}
}

func answer(d gate.Decision) Answer {
	return Answer{Data: Data{Decision: d.Outcome, Seq: d.Seq, Reason: d.Reason, Message: d.Text(), Until: d.Until}}
}
