package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"plimsoll/internal/httpapi"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
)

const (
	statusEvent = "deployment_status"
	created     = "created" // the only action of the event
	// source is the road over which GitHub tells of deploys.
	source = "github"
)

// recorder takes down what became of a deployment.
type recorder interface {
	Record(ctx context.Context, r deploys.Report) (deploys.Deploy, bool, error)
}

// statusPayload is the part of a deployment_status event that matters here.
type statusPayload struct {
	Action string `json:"action"`
	Status struct {
		State       string    `json:"state"`
		Description string    `json:"description"`
		Environment string    `json:"environment"`
		CreatedAt   time.Time `json:"created_at"`
	} `json:"deployment_status"`
	Deployment struct {
		ID          int64  `json:"id"`
		SHA         string `json:"sha"`
		Ref         string `json:"ref"`
		Environment string `json:"environment"`
		Creator     actor  `json:"creator"`
	} `json:"deployment"`
	Repository struct {
		FullName string `json:"full_name"`
	} `json:"repository"`
	Sender actor `json:"sender"`
}

// statusKinds are what the states of a deployment tell. A deployment that is queued, pending or waiting has not started, and one becomes
// inactive when the next has taken its place.
//
// Source: GitHub, REST API, "Deployment statuses".
var statusKinds = map[string]deploys.Kind{
	"in_progress": deploys.Start, "success": deploys.Finish, "failure": deploys.Fail, "error": deploys.Fail,
}

// report translates an event; false for one that tells nothing of a known target.
func (p statusPayload) report(targets *Targets) (deploys.Report, bool) {
	environment := p.Status.Environment
	if environment == "" {
		environment = p.Deployment.Environment
	}
	target, _, ok := targets.find(p.Repository.FullName, environment)
	kind, tells := statusKinds[p.Status.State]
	if !ok || !tells || p.Action != created {
		return deploys.Report{}, false
	}
	r := deploys.Report{
		Kind: kind, Key: fmt.Sprintf("github:%s:%d", p.Repository.FullName, p.Deployment.ID), At: p.Status.CreatedAt, By: "github:" + p.Sender.Login, Source: source,
		Change: target.change(ReviewArgs{Commit: p.Deployment.SHA, Ref: p.Deployment.Ref, Author: p.Deployment.Creator.Login}),
	}
	if kind == deploys.Fail {
		r.Reason = gate.OneLine(p.Status.Description)
	}
	return r, true
}

// record takes a deployment_status event down. Repeated deliveries, and those that come too late to be told, change nothing.
func (w *Webhook) record(ctx context.Context, body []byte) (*taken, error) {
	ignored := &taken{Taken{"ignored"}}
	if w.cfg.Deploys == nil {
		return ignored, nil
	}
	var p statusPayload
	if err := json.Unmarshal(body, &p); err != nil {
		return nil, httpapi.Problem(httpapi.Invalid, fmt.Sprintf("the body must be a %s event in JSON: %v", statusEvent, err), nil)
	}
	r, ok := p.report(w.cfg.Targets())
	if !ok {
		return ignored, nil
	}
	_, changed, err := w.cfg.Deploys.Record(ctx, r)
	var input *gate.InputError
	var transition *deploys.TransitionError
	switch {
	case errors.As(err, &transition):
		return ignored, nil
	case errors.As(err, &input):
		return nil, httpapi.Problem(httpapi.Invalid, input.Error(), nil)
	case err != nil:
		return nil, httpapi.Problem(httpapi.Unavailable, "the delivery could not be taken; redeliver it", err)
	case !changed:
		return &taken{Taken{"repeated"}}, nil
	}
	return &taken{Taken{"recorded"}}, nil
}
