package gateway

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"plimsoll/internal/httpapi"
)

type routeKey struct{}

// routed finds the pattern of a request before anything is decided about it, so that a request that is refused on the
// way is counted under the route that it asked for.
func routed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pattern := chi.RouteContext(r.Context()).Routes.Find(chi.NewRouteContext(), r.Method, r.URL.Path)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), routeKey{}, pattern)))
	})
}

// routeOf returns the pattern of a request; empty if no route matches.
func routeOf(r *http.Request) string {
	pattern, _ := r.Context().Value(routeKey{}).(string)
	return pattern
}

func patterns(spec *huma.OpenAPI) []string { return slices.Sorted(maps.Keys(spec.Paths)) }

// observe names the span, tells the caller the request's id, and writes the access log.
func observe(logger *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			id := httpapi.RequestID(r.Context())
			w.Header().Set("X-Request-Id", id)
			if route := routeOf(r); route != "" {
				span := trace.SpanFromContext(r.Context())
				span.SetName(r.Method + " " + route)
				span.SetAttributes(attribute.String("http.route", route))
			}
			next.ServeHTTP(w, r)
			logger.DebugContext(r.Context(), "request", "method", r.Method, "path", r.URL.Path, "request", id,
				"from", r.RemoteAddr, "took", time.Since(start))
		})
	}
}
