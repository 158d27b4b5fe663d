package gateway

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/platform/httpmetrics"
)

// Role is the value of the role label of this listener's metrics.
const Role = "gateway"

// Config of the gateway.
type Config struct {
	// Authenticate finds who a request is from. ErrBadKey is answered with 401, other errors with 503. Required.
	Authenticate func(*http.Request) (identity.Principal, error)
	// ErrBadKey is what Authenticate returns (by errors.Is) for credentials that are not valid. Required.
	ErrBadKey error
	// Register adds the operations of each room.
	Register []func(huma.API)
	// Metrics count the requests. Required.
	Metrics *httpmetrics.Metrics
	// Fault injects failures in development mode; nil for none.
	Fault  Injector
	Limits Limits
	// RequestTimeout bounds an operation; 30 s if zero.
	RequestTimeout time.Duration
	// MaxBody is the largest request in bytes; 1 MiB if zero. Files do not come through here.
	MaxBody int64
	Version string
	Logger  *slog.Logger
	Now     func() time.Time
}

// Injector is middleware that injects failures. Route names the pattern of a request; refuse answers one with a status.
type Injector interface {
	Middleware(route func(*http.Request) string, refuse func(w http.ResponseWriter, status int)) func(http.Handler) http.Handler
}

// Gateway is the public API as a handler.
type Gateway struct {
	handler http.Handler
	api     *httpapi.API
}

// New makes the handler.
func New(cfg Config) (*Gateway, error) {
	if cfg.Authenticate == nil || cfg.ErrBadKey == nil || cfg.Metrics == nil {
		return nil, errors.New("the gateway needs an authenticator and metrics")
	}
	cfg.RequestTimeout = cmp.Or(cfg.RequestTimeout, 30*time.Second)
	cfg.MaxBody = cmp.Or(cfg.MaxBody, 1<<20)
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	limit, err := newLimiter(cfg.Limits, cfg.Now)
	if err != nil {
		return nil, err
	}
	around := []func(http.Handler) http.Handler{routed, cfg.Metrics.Middleware(Role, routeOf), observe(cfg.Logger)}
	if cfg.Fault != nil {
		around = append(around, cfg.Fault.Middleware(routeOf, refuse))
	}
	around = append(around, bound(cfg.RequestTimeout, cfg.MaxBody), authenticate(cfg, limit))
	api := httpapi.New(httpapi.Config{
		Title: "Video platform", Version: cmp.Or(cfg.Version, "dev"), Logger: cfg.Logger,
		Description: "Upload videos, follow their processing, and find where they play.",
		Middleware:  around,
	})
	for _, register := range cfg.Register {
		register(api.Huma)
	}
	return &Gateway{handler: otelhttp.NewHandler(api.Mux, Role), api: api}, nil
}

// Handler serves the public API.
func (g *Gateway) Handler() http.Handler { return g.handler }

// Routes returns the patterns of the registered operations, sorted.
func (g *Gateway) Routes() []string { return patterns(g.api.Huma.OpenAPI()) }

// bound gives each request a deadline and its body a limit.
func bound(timeout time.Duration, maxBody int64) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), timeout)
			defer cancel()
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

// refuse answers with an injected status.
func refuse(w http.ResponseWriter, status int) {
	httpapi.WriteProblem(w, &httpapi.ProblemError{Title: http.StatusText(status), Status: status, Code: httpapi.Unavailable,
		Detail: "this failure was injected (platform fault --clear ends it)"})
}
