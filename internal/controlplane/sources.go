package controlplane

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/collectors/probe"
	"plimsoll/collectors/promql"
	"plimsoll/collectors/scrape"
	"plimsoll/collectors/sqlcheck"
	"plimsoll/internal/httpapi"
	"plimsoll/slo"
)

// Sources are where samples come from, and how each source is doing.
type Sources struct {
	Jobs    []scrape.Job      `json:"jobs" doc:"Scrape jobs, and what their discoveries found"`
	Targets []scrape.Target   `json:"targets" doc:"What is scraped"`
	Servers []promql.Health   `json:"servers" doc:"Prometheus-compatible servers that are read"`
	Probes  []probe.Status    `json:"probes" doc:"Requests that are made on a schedule"`
	Checks  []sqlcheck.Status `json:"checks" doc:"Queries that count events"`
	// Problems and Notes are those of objectives that have any.
	Problems map[slo.Key][]string `json:"problems" doc:"By objective: what keeps its events from being counted as its queries say"`
	Notes    map[slo.Key][]string `json:"notes" doc:"By objective: that its events are estimated, and how"`
}

// followerRetry is when to ask a follower again: by then it may lead.
const followerRetry = time.Second

// present returns the present term. Without one, the problem tells who has it.
func (a *App) present() (*term, error) {
	if t := a.term.Load(); t != nil {
		return t, nil
	}
	says := "this replica follows; ask the one that leads"
	if leader := a.replica.Status().Position.Leader; leader != "" {
		says += ", at " + leader
	}
	return nil, httpapi.RetryLater(httpapi.Unavailable, says, followerRetry)
}

// saver returns what makes durable all that has been committed in the present term.
func (a *App) saver() (func(context.Context) error, error) {
	t, err := a.present()
	if err != nil {
		return nil, err
	}
	return t.saver.Sync, nil
}

// sources answers on the process that leads: only there are sources read.
func (a *App) sources(context.Context, *struct{}) (*struct{ Body Sources }, error) {
	t, err := a.present()
	if err != nil {
		return nil, err
	}
	return &struct{ Body Sources }{Sources{
		Jobs: notNil(t.scraper.Jobs()), Targets: notNil(t.scraper.Targets()), Servers: notNil(t.servers.Health()), Probes: notNil(t.prober.Health()), Checks: notNil(t.checks.Health()),
		Problems: t.collector.Problems(), Notes: t.collector.Notes(),
	}}, nil
}

// notNil makes an empty list of none.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (a *App) registerSources(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "get-sources", Method: http.MethodGet, Path: "/v1/sources", Tags: []string{"server"},
		Summary: "Say where samples come from and how each source is doing", Errors: []int{http.StatusServiceUnavailable},
		Description: "Sources are read by the replica that leads. A follower answers 503 and names it.",
	}, a.sources)
}
