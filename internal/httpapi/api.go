package httpapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"plimsoll/internal/identity"
)

// Bearer is the Security of an operation that only somebody known may call, and nobody who is let in as a deployer or pusher only.
var Bearer = []map[string][]string{{"bearer": {}}}

// Deployers is the Security of an operation that those may call too who are let in as deployers only.
var Deployers = []map[string][]string{{"bearer": {identity.Deployer}}}

// Config of an API.
type Config struct {
	Title       string
	Version     string
	Description string
	// Logger gets the causes of internal problems; slog.Default when nil.
	Logger *slog.Logger
	// Authenticate finds out who is asking. An error is answered with 401, one of identity.ErrForbidden with 403, one of
	// identity.ErrUnavailable with 503; nil means that everybody is anonymous.
	Authenticate func(*http.Request) (identity.Principal, error)
	// Closed is what the anonymous may not read; nil lets them read whatever no operation's Security keeps from them.
	Closed *Closed
	// Middleware runs around everything, outermost first: metrics, traces.
	Middleware []func(http.Handler) http.Handler
}

// API is a router with typed operations. Mux takes what is not one: pages, metrics, streams.
type API struct {
	Huma huma.API
	Mux  chi.Router
}

// useProblems makes huma's own refusals (bad JSON, failed validation) problems like ours. Huma has one hook for the process.
var useProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		p := Problem(codeOf(status), message, errors.Join(errs...)).(*ProblemError)
		if p.Code == Forbidden && status >= 500 {
			return p
		}
		p.Status, p.Title = cmp.Or(status, http.StatusInternalServerError), http.StatusText(status)
		if status >= 500 {
			p.Detail = "something went wrong on our side; the log has the cause under this request's id"
			return p
		}
		for _, err := range errs {
			var d *huma.ErrorDetail
			switch {
			case errors.As(err, &d):
				p.Errors = append(p.Errors, FieldError{Message: d.Message, Location: d.Location, Value: d.Value})
			case err != nil:
				p.Errors = append(p.Errors, FieldError{Message: err.Error()})
			}
		}
		return p
	}
})

// New makes an API with /openapi.json and /docs and no other route.
func New(cfg Config) *API {
	useProblems()
	logger := cmp.Or(cfg.Logger, slog.Default())
	mux := chi.NewRouter()
	mux.Use(middleware.RequestID)
	mux.Use(cfg.Middleware...)
	mux.Use(recoverer(logger), harden, requireText, audit(logger), authenticate(cfg.Authenticate), closed(cfg.Closed, mux))
	mux.NotFound(Nowhere)
	mux.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		p := Problem(Invalid, fmt.Sprintf("%s is not allowed at %s", r.Method, r.URL.Path), nil).(*ProblemError)
		p.Status, p.Title = http.StatusMethodNotAllowed, http.StatusText(http.StatusMethodNotAllowed)
		WriteProblem(w, p)
	})

	hc := huma.DefaultConfig(cfg.Title, cfg.Version)
	hc.Info.Description = cfg.Description
	hc.DocsPath = "" // huma's page loads scripts from elsewhere; ours stands alone
	hc.RejectUnknownQueryParameters = true
	hc.CreateHooks = nil // no $schema members in answers
	hc.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaNames())
	hc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"bearer": {Type: "http", Scheme: "bearer"}}
	hc.Transformers = append(hc.Transformers, logCause(logger))
	api := humachi.New(mux, hc)
	api.UseMiddleware(requirePrincipal(api))
	mux.Get("/docs", docs(api.OpenAPI()))
	return &API{Huma: api, Mux: mux}
}

// Nowhere answers that there is nothing at the path of the request.
func Nowhere(w http.ResponseWriter, r *http.Request) {
	WriteProblem(w, Problem(NotFound, fmt.Sprintf("there is nothing at %s", r.URL.Path), nil))
}

// logCause writes the cause of what is answered as our fault; the caller sees only the request's id.
func logCause(logger *slog.Logger) huma.Transformer {
	return func(ctx huma.Context, _ string, v any) (any, error) {
		if p, ok := v.(*ProblemError); ok && p.Status >= 500 {
			logger.ErrorContext(ctx.Context(), "request failed", "method", ctx.Method(), "path", ctx.URL().Path,
				"request", middleware.GetReqID(ctx.Context()), "err", p.Error())
		}
		return v, nil
	}
}

// requirePrincipal refuses callers of operations that have a Security: the anonymous, and deployers and pushers where they are not named.
func requirePrincipal(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		security, who := ctx.Operation().Security, identity.From(ctx.Context())
		switch {
		case len(security) == 0:
			next(ctx)
		case who.Anonymous():
			ctx.SetHeader("WWW-Authenticate", "Bearer")
			_ = huma.WriteErr(api, ctx, http.StatusUnauthorized, noToken)
		case who.Narrowly() != "" && !slices.ContainsFunc(who.Roles, func(r string) bool { return slices.Contains(security[0]["bearer"], r) }):
			_ = huma.WriteErr(api, ctx, http.StatusForbidden, who.Name()+" is "+who.Narrowly())
		default:
			next(ctx)
		}
	}
}

const noToken = "this needs a token: send it as \"Authorization: Bearer TOKEN\""

// harden says to browsers what holds for every answer that says nothing else: it is what its type says, stands in nobody's frame, loads nothing,
// and its address is told to nobody.
func harden(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// requireText refuses a path, a parameter or a key that is no text in UTF-8: no store takes it, and it would look like our fault.
func requireText(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		where := ""
		switch {
		case !isText(r.URL.Path):
			where = "the path"
		case !isText(r.Header.Get("Idempotency-Key")):
			where = "the header Idempotency-Key"
		case r.URL.RawQuery != "":
			for name, values := range r.URL.Query() {
				if !isText(name) || slices.ContainsFunc(values, func(v string) bool { return !isText(v) }) {
					where = fmt.Sprintf("the parameter %q", name)
				}
			}
		}
		if where != "" {
			WriteProblem(w, Problem(Invalid, where+" is not valid: expected text in UTF-8 without null characters", nil))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func authenticate(find func(*http.Request) (identity.Principal, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if find == nil {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p, err := find(r)
			if err != nil {
				WriteProblem(w, refusal(err))
				return
			}
			next.ServeHTTP(w, r.WithContext(identity.With(r.Context(), p)))
		})
	}
}

// audit writes down who was refused what, and where.
func audit(logger *slog.Logger) func(http.Handler) http.Handler {
	hear := func(ctx context.Context, r *identity.Refusal) {
		logger.WarnContext(ctx, "refused", "who", r.Who, "action", string(r.Do), "service", r.Place.Service, "environment", r.Place.Environment,
			"request", middleware.GetReqID(ctx))
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(identity.Audited(r.Context(), hear)))
		})
	}
}

// issuerRetry is after how long a caller may ask again whose issuer could not be asked.
const issuerRetry = 5 * time.Second

// refusal says why it is not known who asks, or that they may not.
func refusal(err error) error {
	switch {
	case errors.Is(err, identity.ErrForbidden):
		return Problem(Forbidden, err.Error(), nil)
	case errors.Is(err, identity.ErrUnavailable):
		return RetryLater(Unavailable, err.Error(), issuerRetry)
	default:
		return Problem(Unauthenticated, err.Error(), nil)
	}
}

// recoverer answers a panic with a problem and logs its stack.
func recoverer(logger *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				switch v := recover(); v {
				case nil:
				case http.ErrAbortHandler:
					panic(v)
				default:
					logger.ErrorContext(r.Context(), "request panicked", "method", r.Method, "route", route(r),
						"request", middleware.GetReqID(r.Context()), "panic", v, "stack", string(debug.Stack()))
					WriteProblem(w, asProblem(fmt.Errorf("panic: %v", v)))
				}
			}()
			next.ServeHTTP(w, r)
		})
	}
}

// route is what a request was matched by, such as /v1/incidents/{ref}: unlike its path it holds no secret that somebody put there.
func route(r *http.Request) string {
	if c := chi.RouteContext(r.Context()); c != nil {
		return c.RoutePattern()
	}
	return ""
}

// RequestID returns the id of the request that ctx belongs to; empty outside one.
func RequestID(ctx context.Context) string { return middleware.GetReqID(ctx) }

// Server returns an http.Server with limits that a public listener needs.
func Server(h http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}
