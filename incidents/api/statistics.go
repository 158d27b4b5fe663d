package api

import (
	"context"
	"fmt"
	"slices"
	"time"

	"plimsoll/incidents"
	"plimsoll/internal/httpapi"
)

// DefaultPeriod is what statistics are about when no period is asked for.
const DefaultPeriod = 30 * 24 * time.Hour

// StatisticsRequest names a period.
type StatisticsRequest struct {
	From    time.Time `query:"from" doc:"Only incidents that were declared then or later; 30 days before to if it is left out"`
	To      time.Time `query:"to" doc:"Only incidents that were declared earlier; now if it is left out"`
	Service string    `query:"service" doc:"Only incidents that affect this service"`
}

// Statistics are the measures of the incidents that were declared in a period.
type Statistics struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	incidents.Statistics
}

// StatisticsResponse holds the measures.
type StatisticsResponse struct {
	Body Statistics
}

// Statistics measures the incidents of a period. They are the same for everybody: private ones and drills are left out.
func (h *Handlers) Statistics(ctx context.Context, in *StatisticsRequest) (*StatisticsResponse, error) {
	to := in.To
	if to.IsZero() {
		to = h.Now()
	}
	from := in.From
	if from.IsZero() {
		from = to.Add(-DefaultPeriod)
	}
	if !from.Before(to) {
		return nil, httpapi.Problem(httpapi.Invalid, fmt.Sprintf("the period from %s to %s is empty: from must be earlier than to",
			from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339)), nil)
	}
	list, err := h.Store.Declared(ctx, incidents.Viewer{}, from, to)
	if err != nil {
		return nil, err
	}
	if in.Service != "" {
		list = slices.DeleteFunc(list, func(i incidents.Incident) bool { return !slices.Contains(i.Services, in.Service) })
	}
	return &StatisticsResponse{Body: Statistics{From: from.UTC(), To: to.UTC(), Statistics: incidents.Summarise(list)}}, nil
}

// Severity is the written definition of a severity.
type Severity struct {
	Severity       incidents.Severity `json:"severity" minimum:"1" maximum:"5"`
	Name           string             `json:"name"`
	Definition     string             `json:"definition"`
	CadenceSeconds float64            `json:"cadenceSeconds" doc:"How often everybody else is told how it goes; 0 for only when there is news"`
	Postmortem     bool               `json:"postmortem" doc:"Whether it needs a postmortem"`
}

// SeveritiesResponse holds all severities.
type SeveritiesResponse struct {
	Body struct {
		Severities []Severity `json:"severities" nullable:"false"`
	}
}

// Severities returns the definitions, the worst first.
func (h *Handlers) Severities(context.Context, *struct{}) (*SeveritiesResponse, error) {
	out := &SeveritiesResponse{}
	for _, s := range incidents.Severities() {
		out.Body.Severities = append(out.Body.Severities, Severity{s, s.Name(), s.Definition(), s.Cadence().Seconds(), s.NeedsPostmortem()})
	}
	return out, nil
}
