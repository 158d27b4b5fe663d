package api

import (
	"time"

	"plimsoll/collectors/backfill"
	"plimsoll/slo"
)

// Request asks for a backfill.
type Request struct {
	From       time.Time `json:"from" doc:"The beginning of the history" example:"2026-10-25T00:00:00Z"`
	Source     string    `json:"source,omitempty" doc:"Name of a server that is configured under promql; give this or url"`
	URL        string    `json:"url,omitempty" doc:"Address of another Prometheus-compatible server, which asks for no credentials" example:"http://prometheus:9090"`
	Service    string    `json:"service,omitempty" doc:"Fill only the objectives of this service"`
	Objectives []slo.Key `json:"objectives,omitempty" maxItems:"1000" doc:"Fill only these objectives"`
}

// Job is a backfill and how far it has come.
type Job struct {
	ID int64 `json:"id"`
	Request
	State     backfill.State `json:"state" enum:"waiting,filling,meeting,done,failed,cancelled" doc:"Meeting: the past is filled, and what is new is read until it meets live counting"`
	CreatedAt time.Time      `json:"createdAt"`
	CreatedBy string         `json:"createdBy"`
	Progress  float64        `json:"progress" doc:"How much of the past has been read, from 0 to 1"`
	Position  *time.Time     `json:"position,omitempty" doc:"Up to when history has been read"`
	Until     *time.Time     `json:"until,omitempty" doc:"Up to when it will be"`
	Samples   int64          `json:"samples" doc:"Samples that have been read"`
	Filled    []slo.Key      `json:"filled" doc:"The objectives that are being filled: those that were asked for, and those that count some of the same metrics"`
	Problem   string         `json:"problem,omitempty" doc:"Why it failed, or why its last attempt did and is repeated"`
	EndedAt   *time.Time     `json:"endedAt,omitempty"`
}

// FromJob returns the wire format of a job.
func FromJob(j backfill.Job) Job {
	return Job{
		ID: j.ID, Request: Request{From: j.From.UTC(), Source: j.Source, URL: j.URL, Service: j.Service, Objectives: j.Objectives},
		State: j.State, CreatedAt: j.CreatedAt.UTC(), CreatedBy: j.CreatedBy,
		Progress: j.Share(), Position: orNil(j.Position), Until: orNil(j.Until), Samples: j.Samples,
		Filled: orEmpty(j.Filled), Problem: j.Problem, EndedAt: orNil(j.EndedAt),
	}
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
