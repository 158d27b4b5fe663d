package flagger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
)

// source is the road over which Flagger tells of deploys.
const source = "flagger"

// recorder takes down what became of a canary.
type recorder interface {
	Record(ctx context.Context, r deploys.Report) (deploys.Deploy, bool, error)
}

// Flagger says these before it changes the phase of the canary.
const (
	takenBack = "Canary failed!"
	promoted  = "Promotion completed!"
)

// happened is what a hook tells of the canary; false for nothing. A canary that waits for leave has not started, and one that fails is taken back
// by Flagger itself.
func (p payload) happened() (deploys.Kind, bool) {
	message := p.Metadata["eventMessage"]
	switch {
	case strings.HasPrefix(message, takenBack), p.Phase == "Failed":
		return deploys.RollBack, true
	case strings.HasPrefix(message, promoted), p.Phase == "Succeeded":
		return deploys.Finish, true
	case p.Phase == "Progressing" && message != "":
		return deploys.Start, true
	default:
		return "", false
	}
}

// at is when an event happened; zero, which is now, for a hook that does not say.
func (p payload) at() time.Time {
	ms, err := strconv.ParseInt(p.Metadata["timestamp"], 10, 64)
	if p.Metadata["eventMessage"] == "" || err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

const nothingAsked = "Nothing goes out at this point, so nothing was asked."

// record takes down what a hook tells. Flagger does nothing with the answer but log a refusal.
func (h *Handlers) record(ctx context.Context, p payload, by string, known bool) *Response {
	kind, ok := p.happened()
	if h.Deploys == nil || !ok {
		return say(http.StatusOK, nothingAsked)
	}
	c, err := p.change()
	switch {
	case err != nil:
		return say(http.StatusOK, fmt.Sprintf("%s Nor was it recorded: %v.", nothingAsked, err))
	case !known:
		return say(http.StatusOK, nothingAsked+" Nor was it recorded: metadata.token must hold the token of the gate.")
	}
	r := deploys.Report{Kind: kind, Change: c, At: p.at(), By: by, Source: source}
	if kind == deploys.RollBack {
		r.Reason = cmp.Or(gate.OneLine(p.Metadata["eventMessage"]), "Flagger took the canary back")
	}
	d, err := h.tell(ctx, r)
	var input *gate.InputError
	var transition *deploys.TransitionError
	switch {
	case err == nil:
		return say(http.StatusOK, fmt.Sprintf("Recorded: %s is %s.", d.Ref, d.State))
	case errors.Is(err, identity.ErrForbidden):
		return say(http.StatusForbidden, fmt.Sprintf("Canary %s.%s: %v", p.Name, p.Namespace, err))
	case errors.As(err, &input), errors.As(err, &transition):
		return say(http.StatusUnprocessableEntity, fmt.Sprintf("Canary %s.%s: %v", p.Name, p.Namespace, err))
	default:
		cmp.Or(h.Logger, slog.Default()).ErrorContext(ctx, "a deploy could not be recorded", "canary", p.Namespace+"/"+p.Name, "err", err)
		return say(http.StatusServiceUnavailable, "The deploy could not be recorded; Plimsoll's log says why.")
	}
}

// tell records a report. A canary of which nobody told that it started did so now, at the latest.
func (h *Handlers) tell(ctx context.Context, r deploys.Report) (deploys.Deploy, error) {
	d, _, err := h.Deploys.Record(ctx, r)
	if !errors.Is(err, deploys.ErrNotFound) {
		return d, err
	}
	start := r
	start.Kind, start.Reason = deploys.Start, ""
	if _, _, err = h.Deploys.Record(ctx, start); err != nil {
		return d, err
	}
	d, _, err = h.Deploys.Record(ctx, r)
	return d, err
}
