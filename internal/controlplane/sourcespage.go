package controlplane

import (
	"context"
	"fmt"
	"strings"

	"plimsoll/dashboards/web"
)

// pageSources are the sources as the page shows them. Only the process that leads reads any.
func (a *App) pageSources() web.Sources {
	found, err := a.sources(context.Background(), nil)
	if err != nil {
		where := "the replica that leads"
		if leader := a.replica.Status().Position.Leader; leader != "" {
			where += ", at " + leader
		}
		return web.Sources{Elsewhere: "This replica follows. The sources are read by " + where + "."}
	}
	s := found.Body
	out := web.Sources{Problems: s.Problems, Notes: s.Notes}
	add := func(one web.Source) { out.List = append(out.List, one) }
	for _, t := range s.Targets {
		add(web.Source{Kind: "Scraped targets", Name: t.Instance, Where: t.URL, Health: web.SourceHealth(t.Health), At: t.LastScrape, Error: t.LastError,
			Detail: fmt.Sprintf("job %s, %d metric families", t.Job, t.Families)})
	}
	for _, h := range s.Servers {
		one := web.Source{Kind: "Servers", Name: h.Name, Where: h.URL, Health: web.SourceUp, At: h.LastSuccess, Error: h.LastError,
			Detail: fmt.Sprintf("objectives: %d, of which evaluated and not counted: %d", h.Objectives, len(h.Approximate))}
		switch {
		case h.LastError != "":
			one.Health = web.SourceDown
		case h.LastSuccess.IsZero():
			one.Health = web.SourceUnknown
		}
		add(one)
	}
	for _, p := range s.Probes {
		one := web.Source{Kind: "Probes", Name: p.Name, Where: p.Service, Health: web.SourceHealth(p.Health), At: p.LastRun, Error: p.LastError}
		if p.Step != "" {
			one.Detail = "at the step " + p.Step
		}
		add(one)
	}
	for _, c := range s.Checks {
		add(web.Source{Kind: "SQL checks", Name: c.Name, Where: c.Service, Health: web.SourceHealth(c.Health), At: c.CountedUntil, Error: c.LastError,
			Detail: strings.TrimSpace(c.Warning)})
	}
	return out
}
