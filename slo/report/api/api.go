// Package api serves the weekly error-budget report over HTTP. It gathers what a report is made of and leaves the
// making to [plimsoll/slo/report].
package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/nearest"
	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
	"plimsoll/slo/report"
)

// ledger is where the numbers come from.
type ledger interface {
	Objectives() []*slo.Objective
	ReaderAt(key slo.Key, at time.Time) (slo.Reader, bool)
	Status(key slo.Key, at time.Time) (slo.Status, bool)
}

// Handlers are the operations on reports.
type Handlers struct {
	Ledger ledger           // required
	Now    func() time.Time // required
	// Decisions returns the gate's decisions of [from, to); nil reports none.
	Decisions func(ctx context.Context, service string, from, to time.Time) ([]gate.Decision, error)
	// Events returns all that happened to freezes before to, the long past included; nil reports none.
	Events func(ctx context.Context, service string, to time.Time) ([]gate.Event, error)
	// Exemptions returns at least the exemptions that counted at some time in [from, to); nil reports none.
	Exemptions func(ctx context.Context, service string, from, to time.Time) ([]gate.Exemption, error)
	// Overrides returns at least the overrides that were asked for, used, or owed a follow-up in [from, to); nil reports none.
	Overrides func(ctx context.Context, service string, from, to time.Time) ([]gate.Override, error)
	// Deploys returns at least the deploys that ended at from or later, and those that started since; nil reports none.
	Deploys func(ctx context.Context, service string, from time.Time) ([]deploys.Deploy, error)
	// ActionItems returns the action items of postmortems that everybody may see; nil reports none.
	ActionItems func(ctx context.Context, service string) ([]postmortem.ActionItem, error)
	// Incidents returns at least the incidents that were declared or open in [from, to); nil reports none.
	Incidents func(ctx context.Context, from, to time.Time) ([]incidents.Incident, error)
}

// Register adds the operations to api.
func (h *Handlers) Register(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "get-report", Method: http.MethodGet, Path: "/v1/reports/{week}", Tags: []string{"reports"},
		Summary: "Get the error-budget report of a week",
		Description: "A week that is not over is reported up to the instant of asking. The budgets of a past week stay the same " +
			"for as long as the ledger holds its events; of its incidents and deploys it says what is known when it is asked for.",
		Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}, h.Get)
}

// GetRequest asks for the report of a week.
type GetRequest struct {
	Week    string `path:"week" doc:"ISO week, or current" example:"2026-W48"`
	Service string `query:"service" doc:"Only this service"`
}

// GetResponse holds the report.
type GetResponse struct {
	Body report.Report
}

// Get makes the report of a week.
func (h *Handlers) Get(ctx context.Context, in *GetRequest) (*GetResponse, error) {
	now := h.Now()
	week := report.WeekOf(now)
	if in.Week != "current" {
		var err error
		if week, err = report.ParseWeek(in.Week); err != nil {
			return nil, httpapi.Problem(httpapi.Invalid, err.Error(), nil)
		}
	}
	if week.Start().After(now) {
		return nil, httpapi.Problem(httpapi.Invalid, fmt.Sprintf("the week %s has not begun; the current one is %s", week, report.WeekOf(now)), nil)
	}
	inputs := report.Inputs{Week: week, Now: now, Service: in.Service}
	var names []string
	for _, o := range h.Ledger.Objectives() {
		names = append(names, o.Service)
		if r, ok := h.Ledger.ReaderAt(o.Key, report.LastInstant(week, now)); ok {
			inputs.Objectives = append(inputs.Objectives, report.Source{Objective: o, Reader: r, Status: h.statuses(o, r), ReaderAt: h.readers(o)})
		}
	}
	if in.Service != "" && !slices.Contains(names, in.Service) {
		return nil, httpapi.Problem(httpapi.NotFound, fmt.Sprintf("no objective of the service %q is defined%s", in.Service, nearest.Hint(in.Service, names)), nil)
	}
	if err := h.gather(ctx, &inputs); err != nil {
		return nil, err
	}
	return &GetResponse{Body: report.Build(inputs)}, nil
}

// statuses returns what evaluates o at an instant, under the definition that was in force then.
func (h *Handlers) statuses(o *slo.Objective, r slo.Reader) func(time.Time) slo.Status {
	return func(at time.Time) slo.Status {
		s, ok := h.Ledger.Status(o.Key, at)
		if !ok { // removed by a reload since it was listed
			return slo.Evaluate(o, r, at)
		}
		return s
	}
}

// readers returns what o was judged by at an instant; nil if a reload has removed it.
func (h *Handlers) readers(o *slo.Objective) func(time.Time) slo.Reader {
	return func(at time.Time) slo.Reader {
		r, _ := h.Ledger.ReaderAt(o.Key, at)
		return r
	}
}

// gather reads the records of the gate and of incidents.
func (h *Handlers) gather(ctx context.Context, in *report.Inputs) (err error) {
	from, to := in.Week.Start(), in.Week.End()
	if h.Decisions != nil {
		if in.Decisions, err = h.Decisions(ctx, in.Service, from, to); err != nil {
			return fmt.Errorf("read decisions for the report: %w", err)
		}
	}
	if h.ActionItems != nil {
		if in.ActionItems, err = h.ActionItems(ctx, in.Service); err != nil {
			return fmt.Errorf("read action items for the report: %w", err)
		}
	}
	if h.Events != nil {
		if in.Events, err = h.Events(ctx, in.Service, to); err != nil {
			return fmt.Errorf("read freezes for the report: %w", err)
		}
	}
	if h.Exemptions != nil {
		if in.Exemptions, err = h.Exemptions(ctx, in.Service, from, to); err != nil {
			return fmt.Errorf("read exemptions for the report: %w", err)
		}
	}
	if h.Overrides != nil {
		if in.Overrides, err = h.Overrides(ctx, in.Service, from, to); err != nil {
			return fmt.Errorf("read overrides for the report: %w", err)
		}
	}
	if h.Deploys != nil {
		if in.Deploys, err = h.Deploys(ctx, in.Service, from); err != nil {
			return fmt.Errorf("read deploys for the report: %w", err)
		}
	}
	if h.Incidents != nil {
		if in.Incidents, err = h.Incidents(ctx, from, to); err != nil {
			return fmt.Errorf("read incidents for the report: %w", err)
		}
	}
	return nil
}
