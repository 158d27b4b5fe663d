package edge

import (
	"fmt"
	"net/http"
	"strconv"

	"plimsoll/internal/httpapi"
	"plimsoll/platform/origin"
)

// headers that let any page play what is served, with the values shared by all answers.
var (
	allowOrigin  = []string{"*"}
	allowMethods = []string{"GET, HEAD"}
	allowHeaders = []string{"Range, If-None-Match, If-Range"}
	exposed      = []string{"Accept-Ranges, Content-Length, Content-Range, ETag, X-Cache"}
	dayLong      = []string{"86400"}
	xCache       = map[result][]string{hit: {string(hit)}, miss: {string(miss)}, stale: {string(stale)}}
)

func (e *Edge) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Access-Control-Allow-Origin"] = allowOrigin
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		h["Access-Control-Allow-Methods"] = allowMethods
		h["Access-Control-Allow-Headers"] = allowHeaders
		h["Access-Control-Max-Age"] = dayLong
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		httpapi.WriteProblem(w, &httpapi.ProblemError{Title: http.StatusText(http.StatusMethodNotAllowed), Status: http.StatusMethodNotAllowed,
			Code: httpapi.Invalid, Detail: fmt.Sprintf("%s is not allowed here; GET and HEAD are", r.Method)})
		return
	}
	h["Access-Control-Expose-Headers"] = exposed
	if !origin.Valid(r.URL.Path) {
		origin.Refuse(w, r, origin.ErrAbsent, e.cfg.Logger)
		return
	}
	o, from, err := e.find(r.Context(), r.URL.Path)
	if err != nil {
		e.cfg.Metrics.answered("error")
		origin.Refuse(w, r, err, e.cfg.Logger)
		return
	}
	e.cfg.Metrics.answered(string(from))
	h["X-Cache"] = xCache[from]
	o.write(w, r)
}

// write answers with an object, or as much of it as was asked for. Bodies go out in one Write from memory.
func (o *object) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for _, f := range o.headers {
		h[f.name] = f.values
	}
	if match := r.Header.Get("If-None-Match"); match != "" && matches(match, o.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body, status := o.body, http.StatusOK
	if want := r.Header.Get("Range"); want != "" && rangeApplies(r.Header.Get("If-Range"), o.etag) {
		span, verdict := parseRange(want, int64(len(o.body)))
		switch verdict {
		case unsatisfiable:
			h.Set("Content-Range", fmt.Sprintf("bytes */%d", len(o.body)))
			httpapi.WriteProblem(w, &httpapi.ProblemError{Title: http.StatusText(http.StatusRequestedRangeNotSatisfiable),
				Status: http.StatusRequestedRangeNotSatisfiable, Code: httpapi.Invalid,
				Detail: fmt.Sprintf("the range %q lies outside of the %d bytes there are", want, len(o.body))})
			return
		case satisfiable:
			h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", span.first, span.last, len(o.body)))
			body, status = o.body[span.first:span.last+1], http.StatusPartialContent
		}
	}
	if len(body) == len(o.body) {
		h["Content-Length"] = o.length
	} else {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // a broken connection is the viewer's to notice
	}
}
