package api

import (
	"context"
	"fmt"
	"time"

	"plimsoll/internal/httpapi"
	"plimsoll/slo/gate/deploys"
)

const (
	// defaultWindow is that of the measures unless somebody asks for another.
	defaultWindow = 30 * 24 * time.Hour
	// maxWindow is the longest that may be asked for.
	maxWindow = 366 * 24 * time.Hour
)

// MeasuresRequest picks measures.
type MeasuresRequest struct {
	Service     string    `query:"service" doc:"Only those of this service"`
	Environment string    `query:"environment" doc:"Only those of this environment"`
	From        time.Time `query:"from" doc:"Begin of the window; 30 days before its end by default"`
	To          time.Time `query:"to" doc:"End of the window, exclusive; now by default"`
}

// Measures are those of each service and environment to which something was deployed in the window.
type Measures struct {
	From     time.Time          `json:"from"`
	To       time.Time          `json:"to"`
	Measures []deploys.Measures `json:"measures"`
}

// MeasuresResponse holds measures.
type MeasuresResponse struct {
	Body Measures
}

// Measures computes the four measures of DORA.
func (h *Handlers) Measures(ctx context.Context, in *MeasuresRequest) (*MeasuresResponse, error) {
	from, to := in.From.UTC(), in.To.UTC()
	if to.IsZero() {
		to = h.Now().UTC()
	}
	if from.IsZero() {
		from = to.Add(-defaultWindow)
	}
	if !from.Before(to) || to.Sub(from) > maxWindow {
		return nil, httpapi.Problem(httpapi.Invalid, fmt.Sprintf("from must be before to and at most 366 days, found %s and %s",
			from.Format(time.RFC3339), to.Format(time.RFC3339)), nil)
	}
	found, err := h.Store.Measures(ctx, in.Service, in.Environment, from, to)
	if err != nil {
		return nil, err
	}
	return &MeasuresResponse{Body: Measures{from, to, append([]deploys.Measures{}, found...)}}, nil
}
