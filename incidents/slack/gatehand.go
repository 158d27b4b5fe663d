package slack

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

// How long a word by hand lasts where nobody says.
const (
	handSpan     = 4 * time.Hour
	overrideSpan = time.Hour
)

var criteriaOption = regexp.MustCompile(`(?:^|\s)(?:--|—|–)criteria\b`)

var spanOption = regexp.MustCompile(`(?:^|\s)(?:--|—|–)for[ =]+(\S+)`)

// gateByHand freezes or thaws. What an earlier attempt did is not done again, as for an override and its approval: River counts no
// attempt that waited for Slack, so each looks.
func gateByHand(kind gate.CommandKind) func(context.Context, *worker, gateQuestion) (message, error) {
	return func(ctx context.Context, w *worker, q gateQuestion) (message, error) {
		service, environment, err := q.place(ctx, w.Gate)
		if err != nil {
			return message{}, err
		}
		reason := strings.Join(q.words, " ")
		if reason == "" {
			return message{}, q.usage()
		}
		do := w.Gate.Freeze
		if kind == gate.ThawByHand {
			do = w.Gate.Thaw
		}
		states, err := w.Gate.Freezes(ctx)
		if err != nil {
			return message{}, err
		}
		did := slices.ContainsFunc(states, func(s gate.State) bool {
			m := s.Manual
			return s.Service == service && s.Environment == environment && m != nil && m.Kind == kind && m.By == q.by && m.Reason == reason && !m.At.Before(q.at)
		})
		until := q.at.Add(spanOr(q.span, handSpan))
		if !did {
			if _, err := do(ctx, q.by, service, environment, reason, until); err != nil {
				return message{}, err
			}
		}
		verb := map[gate.CommandKind]string{gate.FreezeByHand: "frozen", gate.ThawByHand: "thawed"}[kind]
		return loud(fmt.Sprintf("%s is %s in %s until %s, by %s: %s", escaper.Replace(service), verb, escaper.Replace(environment), clock(until),
			q.page.name(q.by), escaper.Replace(reason))), nil
	}
}

// gateThaw lifts a freeze by hand, or ends a Code Red by its exit criteria.
func gateThaw(ctx context.Context, w *worker, q gateQuestion) (message, error) {
	if !q.exit {
		return gateByHand(gate.ThawByHand)(ctx, w, q)
	}
	service, environment, err := q.place(ctx, w.Gate)
	if err != nil {
		return message{}, err
	}
	reason := strings.Join(q.words, " ")
	if reason == "" {
		return message{}, q.usage()
	}
	events, err := w.Gate.Events(ctx, gate.Filter{Service: service, Environment: environment, From: q.at})
	if err != nil {
		return message{}, err
	}
	did := slices.ContainsFunc(events, func(e gate.Event) bool {
		return e.From == gate.CodeRed && e.By == q.by && strings.HasSuffix(e.Reason, reason)
	})
	if !did { // by an earlier attempt
		if _, err := w.Gate.ThawByCriteria(ctx, q.by, identity.From(ctx).RolesAt(identity.Place{Service: service, Environment: environment}), service, environment, reason); err != nil {
			return message{}, err
		}
	}
	return loud(fmt.Sprintf("The Code Red of %s in %s is over by its exit criteria, by the word of %s: %s", escaper.Replace(service), escaper.Replace(environment),
		q.page.name(q.by), escaper.Replace(reason))), nil
}

func spanOr(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

func gateOverride(ctx context.Context, w *worker, q gateQuestion) (message, error) {
	service, environment, err := q.place(ctx, w.Gate)
	if err != nil {
		return message{}, err
	}
	if len(q.words) < 2 {
		return message{}, q.usage()
	}
	want := gate.Override{Service: service, Environment: environment, Commit: q.words[0], Reason: strings.Join(q.words[1:], " "), By: q.by,
		Until: q.at.Add(spanOr(q.span, overrideSpan))}
	before, err := w.Gate.Overrides(ctx, service)
	if err != nil {
		return message{}, err
	}
	for _, o := range before {
		if o.By == want.By && o.Commit == want.Commit && o.Environment == environment && o.Reason == want.Reason && !o.At.Before(q.at) {
			return loud(q.page.override(o)), nil
		}
	}
	made, err := w.Gate.RequestOverride(ctx, want)
	if err != nil {
		return message{}, err
	}
	return loud(q.page.override(made)), nil
}

func gateApprove(ctx context.Context, w *worker, q gateQuestion) (message, error) {
	if len(q.words) != 1 {
		return message{}, q.usage()
	}
	id, err := strconv.ParseInt(strings.TrimPrefix(q.words[0], "#"), 10, 64)
	if err != nil {
		return message{}, q.usage()
	}
	all, err := w.Gate.Overrides(ctx, "")
	if err != nil {
		return message{}, err
	}
	for _, o := range all {
		if o.ID == id && o.ApprovedBy == q.by && o.ApprovedAt != nil && !o.ApprovedAt.Before(q.at) {
			return loud(q.page.override(o)), nil
		}
	}
	o, err := w.Gate.ApproveOverride(ctx, q.by, id)
	if err != nil {
		return message{}, err
	}
	return loud(q.page.override(o)), nil
}
