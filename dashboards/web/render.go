package web

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo"
)

//go:embed templates
var templateFiles embed.FS

// policy allows our own files and nothing else: no inline style, no inline script, no other origin.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// page is what every page has.
type page struct {
	Title string
	Nav   string // entry of the navigation that is current
	Path  string // of the request
	At    time.Time
	// CanSignIn is whether people sign in here; Who is who has.
	CanSignIn bool
	Who       string
	// Notices are what the reader must know before the figures: that they are old, or that something is missing.
	Notices []string
	Body    any
}

// parsePages makes one template set per page: the layout around the page's own "live" and "controls".
func parsePages(files assets) (map[string]*template.Template, error) {
	funcs := template.FuncMap{
		"asset":   files.url,
		"percent": slo.FormatPercent,
		"spent":   slo.FormatBadPercent,
		"count":   slo.FormatCount,
		"amount":  slo.FormatAmount,
		"rate":    slo.FormatRate,
		"span":    slo.FormatSpan,
		"stamp":   func(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") },
		"day":     func(t time.Time) string { return t.UTC().Format("2 Jan") },
		"clock":   func(t time.Time) string { return t.UTC().Format("15:04:05 UTC") },
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	}
	pages := map[string]*template.Template{}
	for _, name := range []string{"overview", "objective", "incidents", "incident", "alerts", "sources", "entry", "declare", "login", "postmortems", "postmortem", "risks", "risk", "message"} {
		t, err := template.New("layout.html").Funcs(funcs).ParseFS(templateFiles, "templates/layout.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("parse page %s: %w", name, err)
		}
		pages[name] = t
	}
	return pages, nil
}

// render writes a page, or only its live part when the script asks for that.
func (w *Web) render(rw http.ResponseWriter, r *http.Request, status int, name string, p page) {
	p.Path, p.At = r.URL.Path, w.cfg.Now()
	p.CanSignIn, p.Who = w.cfg.Sessions != nil, identity.From(r.Context()).Subject
	if w.cfg.Notice != nil {
		if notice := w.cfg.Notice(); notice != "" {
			p.Notices = append([]string{notice}, p.Notices...)
		}
	}
	part := "layout.html"
	if r.Header.Get("X-Part") == "live" {
		part = "content"
	}
	h := rw.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	rw.WriteHeader(status)
	// Written as it is made, so that a long page begins to show at once. What may fail was asked for before.
	if err := w.pages[name].ExecuteTemplate(rw, part, p); err != nil {
		w.cfg.Logger.DebugContext(r.Context(), "page not finished", "page", name, "err", err)
		panic(http.ErrAbortHandler) // so that the reader does not take what came for all of it
	}
}

// message is a page that says one thing.
type message struct {
	Heading, Text string
}

func (w *Web) notFound(rw http.ResponseWriter, r *http.Request, text string) {
	w.render(rw, r, http.StatusNotFound, "message", page{Title: "Not found", Body: message{"Nothing is here", text}})
}

// nowhere answers what is at no path at all: a person with a page, programs as the API does.
func (w *Web) nowhere(rw http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.notFound(rw, r, "No page has the address "+r.URL.Path+".")
		return
	}
	httpapi.Nowhere(rw, r)
}

// beside bounds what a page asks the database for beside the figures, which it has in memory: they must not wait for it.
func beside(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 3*time.Second)
}

// missing is the notice of a page that shows its figures without what stands beside them.
func (w *Web) missing(r *http.Request, err error) []string {
	if err == nil {
		return nil
	}
	if r.Context().Err() == nil { // otherwise the reader has gone
		w.cfg.Logger.ErrorContext(r.Context(), "page without freezes and incidents", "path", r.URL.Path, "err", err)
	}
	return []string{"The database did not answer: freezes and open incidents are not shown."}
}

// unavailable is the answer when a store cannot be read that the page is about: the page says so instead of showing half of it as if it were all.
func (w *Web) unavailable(rw http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		w.cfg.Logger.ErrorContext(r.Context(), "page not available", "path", r.URL.Path, "err", err)
	}
	w.render(rw, r, http.StatusServiceUnavailable, "message", page{Title: "Not available",
		Body: message{"This page is not available", "The database did not answer. The page comes back by itself when it does."}})
}
