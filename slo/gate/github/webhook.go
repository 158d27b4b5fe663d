package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/internal/httpapi"
)

// Path is where GitHub delivers webhooks.
const Path = "/v1/gate/github"

// maxBody bounds a webhook, in bytes: GitHub delivers none above 25 MB, and these are a few dozen kilobytes.
const maxBody = 4 << 20

type jobs interface {
	Insert(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
}

// WebhookConfig of a [Webhook]. All but Deploys is required.
type WebhookConfig struct {
	Secret  string // of the App's webhook
	Targets func() *Targets
	Client  *Client // whose host callbacks must be on
	Jobs    jobs    // takes a [ReviewArgs]
	// Deploys takes down what became of deployments, of which events of deployment_status tell; nil ignores them.
	Deploys recorder
}

// Webhook takes the deliveries of GitHub.
type Webhook struct{ cfg WebhookConfig }

// NewWebhook makes one.
func NewWebhook(cfg WebhookConfig) (*Webhook, error) {
	if cfg.Secret == "" {
		return nil, errors.New("the webhook of GitHub needs a secret: without one anybody could ask for a deployment to be approved")
	}
	if cfg.Targets == nil || cfg.Client == nil || cfg.Jobs == nil {
		return nil, errors.New("the webhook of GitHub needs targets, a client and jobs")
	}
	return &Webhook{cfg}, nil
}

// Register adds the operation to api.
func (w *Webhook) Register(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "gate-github", Method: http.MethodPost, Path: Path, Tags: []string{"gate"}, DefaultStatus: http.StatusAccepted,
		Summary:     "Take a webhook of GitHub: a deployment that waits for its protection rule, or what became of one",
		Description: "Signed with the App's secret (X-Hub-Signature-256). The decision on a deployment_protection_rule follows through deployment_callback_url; a deployment_status is recorded as a deploy.",
		Errors:      []int{http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}, MaxBodyBytes: maxBody,
	}, w.take)
}

type delivered struct {
	Signature string `header:"X-Hub-Signature-256"`
	Event     string `header:"X-GitHub-Event"`
	Delivery  string `header:"X-GitHub-Delivery"`
	RawBody   []byte
}

// Taken says what became of a delivery.
type Taken struct {
	Did string `json:"did" enum:"queued,recorded,repeated,ignored" doc:"queued is a deployment that waits, recorded what became of one; ignored are events that tell nothing"`
}

type taken struct{ Body Taken }

func (w *Webhook) take(ctx context.Context, in *delivered) (*taken, error) {
	if !signed([]byte(w.cfg.Secret), in.RawBody, in.Signature) {
		return nil, httpapi.Problem(httpapi.Unauthenticated, "X-Hub-Signature-256 is missing or was not made with the secret of the webhook", nil)
	}
	if in.Event == statusEvent {
		return w.record(ctx, in.RawBody)
	}
	if in.Event != event {
		return &taken{Taken{"ignored"}}, nil
	}
	p, err := parse(in.RawBody)
	switch {
	case err != nil:
		return nil, httpapi.Problem(httpapi.Invalid, err.Error(), nil)
	case p == nil:
		return &taken{Taken{"ignored"}}, nil
	case in.Delivery == "":
		return nil, httpapi.Problem(httpapi.Invalid, "X-GitHub-Delivery is missing, by which a repeated delivery is known", nil)
	case !w.cfg.Targets().repository(p.Repository.FullName):
		return nil, httpapi.Problem(httpapi.Invalid, fmt.Sprintf("no target covers repository %q; add it to gate.github.targets", p.Repository.FullName), nil)
	}
	if err := w.cfg.Client.owns(p.Callback, p.Repository.FullName); err != nil {
		return nil, httpapi.Problem(httpapi.Invalid, err.Error(), nil)
	}
	job, err := w.cfg.Jobs.Insert(ctx, p.args(in.Delivery), nil)
	if err != nil {
		return nil, httpapi.Problem(httpapi.Unavailable, "the delivery could not be taken; redeliver it", err)
	}
	if job.UniqueSkippedAsDuplicate {
		return &taken{Taken{"repeated"}}, nil
	}
	return &taken{Taken{"queued"}}, nil
}
