package api

import (
	"context"
	"time"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/slo"
)

// Spent is what one objective lost to an incident, as the ledger counts it now: corrections that came later are in it.
type Spent struct {
	Objective slo.Key   `json:"objective"`
	Name      string    `json:"name"`
	From      time.Time `json:"from" doc:"When customers were first affected; when it was detected if that is not known"`
	To        time.Time `json:"to" doc:"When it was mitigated; now if it is not"`
	Total     int64     `json:"total" minimum:"0" doc:"Events, or slices, in that time; none of a composite"`
	Bad       int64     `json:"bad" doc:"Bad ones; those that were bad in part count"`
	Allowed   float64   `json:"allowed" doc:"Bad events that the objective's window up to then allowed"`
	Share     *float64  `json:"share,omitempty" doc:"Part of the window's error budget that went, 1 for all of it; absent where the window has no events"`
}

// BudgetResponse holds what each objective lost.
type BudgetResponse struct {
	Body struct {
		Spent []Spent `json:"spent" nullable:"false"`
	}
}

// Budget measures the error budget that an incident spent, for each objective that it names and those of its services.
func (h *Handlers) Budget(ctx context.Context, in *RefRequest) (*BudgetResponse, error) {
	i, err := h.get(ctx, in.Ref)
	if err != nil {
		return nil, err
	}
	out := &BudgetResponse{}
	out.Body.Spent = h.budget(i)
	return out, nil
}

func (h *Handlers) budget(i incidents.Incident) []Spent {
	list := []Spent{}
	for _, s := range h.spent(i) {
		total, bad := s.Events()
		v := Spent{Objective: s.Objective.Key, Name: s.Objective.DisplayName, From: s.From.UTC(), To: s.To.UTC(),
			Total: total, Bad: bad, Allowed: s.Allowed / float64(s.Objective.Measure().Weight)}
		if share, ok := s.Share(); ok {
			v.Share = &share
		}
		list = append(list, v)
	}
	return list
}

// spent measures what an incident cost. What was no incident spent nothing; neither did a drill, nor one that went on as
// another and is measured there.
func (h *Handlers) spent(i incidents.Incident) []postmortem.Spent {
	if h.Ledger == nil || !i.Counts() {
		return nil
	}
	return postmortem.MeasureAll(h.Ledger, i, h.Now())
}
