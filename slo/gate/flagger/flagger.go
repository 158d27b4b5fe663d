package flagger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/dialect"
)

// Path is where Flagger posts.
const Path = "/v1/gate/flagger"

// timeout is below the ten seconds that Flagger waits unless the canary says otherwise.
const timeout = 8 * time.Second

// maxBody bounds a webhook, in bytes.
const maxBody = 256 << 10

type checker interface {
	Check(ctx context.Context, by string, c gate.Change) (gate.Decision, error)
}

// Handlers answer webhooks. Gate is required.
type Handlers struct {
	Gate checker
	// RequireIdentity refuses callers who do not prove who they are, with 401.
	RequireIdentity bool
	// Token proves that it is Flagger who asks: metadata.token of a webhook holds it, since Flagger sends no headers. Empty means that
	// only a header proves anything.
	Token string
	// Deploys takes down what became of canaries, of which hooks of type event and post-rollout tell. It needs to know who tells; nil records nothing.
	Deploys recorder
	Logger  *slog.Logger // slog.Default when nil
}

// Register adds the operation to api.
func (h *Handlers) Register(api huma.API) {
	operation := huma.Operation{
		OperationID: "gate-flagger", Method: http.MethodPost, Path: Path, Tags: []string{"gate"},
		Summary: "May this canary go on? Asked by Flagger",
		Description: "200 lets it go on, 403 does not (deny, hold, or no decision), and 422 is a webhook that cannot be understood; " +
			"each with a text for the canary's events.",
		MaxBodyBytes: maxBody,
		Responses: map[string]*huma.Response{
			"200": text("The canary may go on"), "403": text("It may not go on now"), "422": text("The webhook cannot be understood"),
			"401": text("Nobody proved who asks"),
		},
	}
	huma.Register(api, operation, h.Webhook)
}

func text(description string) *huma.Response {
	return &huma.Response{Description: description, Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}}}
}

// Request is what Flagger posts.
type Request struct {
	RawBody []byte
}

// Response is a status with a text.
type Response struct {
	Status      int
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func say(status int, text string) *Response {
	return &Response{Status: status, ContentType: "text/plain; charset=utf-8", Body: []byte(text + "\n")}
}

// Webhook says whether a canary may go on.
func (h *Handlers) Webhook(ctx context.Context, in *Request) (*Response, error) {
	p, err := parse(in.RawBody)
	if err != nil {
		return say(http.StatusUnprocessableEntity, err.Error()), nil
	}
	by, known := h.caller(ctx, p)
	if !known && h.RequireIdentity {
		return say(http.StatusUnauthorized, fmt.Sprintf("Canary %s.%s: metadata.token must hold the token of the gate.", p.Name, p.Namespace)), nil
	}
	switch p.stage() {
	case isOver:
		return h.record(ctx, p, by, known), nil
	case rollsBack:
		return say(http.StatusForbidden, "The gate never asks for a rollback. Take it out of the webhooks of type rollback: a success there rolls the canary back."), nil
	}
	c, err := p.change()
	if err != nil {
		return say(http.StatusUnprocessableEntity, fmt.Sprintf("Canary %s.%s: %v", p.Name, p.Namespace, err)), nil
	}
	d, err := dialect.Ask(ctx, timeout, cmp.Or(h.Logger, slog.Default()), c,
		func(ctx context.Context, c gate.Change) (gate.Decision, error) { return h.Gate.Check(ctx, by, c) })
	if errors.Is(err, identity.ErrForbidden) {
		return say(http.StatusForbidden, fmt.Sprintf("Canary %s.%s: %v", p.Name, p.Namespace, err)), nil
	}
	if err != nil {
		return say(http.StatusUnprocessableEntity, fmt.Sprintf("Canary %s.%s: metadata.%v", p.Name, p.Namespace, err)), nil
	}
	return answer(d), nil
}

// answer writes a decision.
func answer(d gate.Decision) *Response {
	if d.Outcome == gate.Allow {
		return say(http.StatusOK, d.Text())
	}
	return say(http.StatusForbidden, d.Text())
}

// caller names who asks, and reports whether they have proved it.
func (h *Handlers) caller(ctx context.Context, p payload) (by string, known bool) {
	who := identity.From(ctx)
	given, want := sha256.Sum256([]byte(p.Metadata["token"])), sha256.Sum256([]byte(h.Token))
	if h.Token != "" && subtle.ConstantTimeCompare(given[:], want[:]) == 1 {
		return fmt.Sprintf("flagger:%s/%s", p.Namespace, p.Name), true
	}
	return who.Name(), !who.Anonymous()
}
