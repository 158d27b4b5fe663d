// Package fault injects failures into a running platform in development mode, so that error budgets burn for real: an
// injected failure runs through the same instrumented chain as any request and is measured like one.
//
// It owns what is injected and for how long. It decides nothing about who may inject; the operations listener
// offers it in development mode only.
package fault

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"plimsoll/internal/nearest"
)

// ErrInvalid marks a specification that cannot be injected.
var ErrInvalid = errors.New("this cannot be injected")

// Duration is a time.Duration that reads and writes as "2m30s" in JSON.
type Duration time.Duration

// MarshalText writes the duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads a duration.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 2m or 400ms", b)
	}
	*d = Duration(v)
	return nil
}

// Spec says what happens to requests.
type Spec struct {
	// Errors is the fraction of requests that are answered with Status instead of being served, from 0 to 1.
	Errors float64 `json:"errors"`
	// Status of the injected answers, 400 to 599; 500 if zero.
	Status int `json:"status,omitempty"`
	// Latency is added to each request, injected error or not; at most MaxLatency.
	Latency Duration `json:"latency,omitempty"`
	// Route is the pattern of the one route that is hit, such as /v1/videos/{id}; all if empty.
	Route string `json:"route,omitempty"`
	// For is how long it lasts; at most MaxFor.
	For Duration `json:"for"`
}

const (
	// MaxFor bounds an injection, so that a forgotten one ends.
	MaxFor = 24 * time.Hour
	// MaxLatency bounds the delay of a request.
	MaxLatency = time.Minute
)

// State is what is being injected now.
type State struct {
	Spec
	Until time.Time `json:"until"`
	// Injected counts the errors, Delayed the requests with added latency, since the injection was set.
	Injected int64 `json:"injected"`
	Delayed  int64 `json:"delayed"`
}

type active struct {
	spec              Spec
	until             time.Time
	injected, delayed atomic.Int64
}

// Injector holds at most one injection. It is safe for concurrent use.
type Injector struct {
	now    func() time.Time
	routes func() []string
	active atomic.Pointer[active]
}

// New makes an injector. Routes returns the patterns of the routes that it can hit. The clock may be nil.
func New(routes func() []string, now func() time.Time) *Injector {
	if now == nil {
		now = time.Now
	}
	return &Injector{now: now, routes: routes}
}

// Set replaces the injection, or returns an ErrInvalid that says what is wrong with which field.
func (i *Injector) Set(s Spec) (State, error) {
	if s.Status == 0 {
		s.Status = http.StatusInternalServerError
	}
	if err := i.check(s); err != nil {
		return State{}, err
	}
	i.active.Store(&active{spec: s, until: i.now().Add(time.Duration(s.For))})
	state, _ := i.State()
	return state, nil
}

func (i *Injector) check(s Spec) error {
	var problems []error
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !(s.Errors >= 0 && s.Errors <= 1) { // NaN too
		refuse("errors: %v is not a fraction from 0 to 1", s.Errors)
	}
	if s.Status < 400 || s.Status > 599 {
		refuse("status: %d is not an error status (400 to 599)", s.Status)
	}
	if s.Latency < 0 || time.Duration(s.Latency) > MaxLatency {
		refuse("latency: %s is not between 0s and %s", time.Duration(s.Latency), MaxLatency)
	}
	if s.For <= 0 || time.Duration(s.For) > MaxFor {
		refuse("for: %s is not between 1ns and %s", time.Duration(s.For), MaxFor)
	}
	if s.Errors == 0 && s.Latency == 0 {
		refuse("errors and latency are both zero: there is nothing to inject")
	}
	if routes := i.routes(); s.Route != "" && !slices.Contains(routes, s.Route) {
		refuse("route: there is no route %q%s; routes: %s", s.Route, nearest.Hint(s.Route, routes), strings.Join(routes, ", "))
	}
	if len(problems) > 0 {
		return fmt.Errorf("%w: %w", ErrInvalid, errors.Join(problems...))
	}
	return nil
}

// Clear ends the injection, if there is one.
func (i *Injector) Clear() { i.active.Store(nil) }

// State returns the present injection; false if there is none.
func (i *Injector) State() (State, bool) {
	a := i.current()
	if a == nil {
		return State{}, false
	}
	return State{Spec: a.spec, Until: a.until, Injected: a.injected.Load(), Delayed: a.delayed.Load()}, true
}

func (i *Injector) current() *active {
	a := i.active.Load()
	if a == nil || !i.now().Before(a.until) {
		return nil
	}
	return a
}

// Middleware injects into requests. Route returns the pattern of a request; refuse answers one with a status.
func (i *Injector) Middleware(route func(*http.Request) string, refuse func(w http.ResponseWriter, status int)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := i.current()
			if a == nil || (a.spec.Route != "" && a.spec.Route != route(r)) {
				next.ServeHTTP(w, r)
				return
			}
			if a.spec.Latency > 0 {
				a.delayed.Add(1)
				delay := time.NewTimer(time.Duration(a.spec.Latency))
				defer delay.Stop()
				select {
				case <-delay.C:
				case <-r.Context().Done():
				}
			}
			if rand.Float64() < a.spec.Errors {
				a.injected.Add(1)
				refuse(w, a.spec.Status)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
