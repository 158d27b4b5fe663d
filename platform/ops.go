package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"plimsoll/internal/httpapi"
	"plimsoll/platform/fault"
)

// readyTimeout bounds a readiness check.
const readyTimeout = 2 * time.Second

// ops is the operations listener's handler: metrics, health, and in development mode fault injection.
type ops struct {
	scrapes scrapes
	serving atomic.Bool
	check   func(context.Context) error // nil if there is nothing to ask
	faults  *fault.Injector             // nil outside of development mode
}

func (o *ops) handler(reg *prometheus.Registry) http.Handler {
	mux := chi.NewRouter()
	mux.Handle("/metrics", o.scrapes.watch(promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		Registry: reg, EnableOpenMetrics: true, EnableOpenMetricsTextCreatedSamples: true,
	})))
	mux.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "alive\n") })
	mux.Get("/readyz", o.ready)
	if o.faults != nil {
		mux.Get("/debug/fault", o.showFault)
		mux.Put("/debug/fault", o.setFault)
		mux.Delete("/debug/fault", o.clearFault)
	}
	mux.NotFound(func(w http.ResponseWriter, r *http.Request) {
		httpapi.WriteProblem(w, httpapi.Problem(httpapi.NotFound, fmt.Sprintf("there is nothing at %s", r.URL.Path), nil))
	})
	return mux
}

func (o *ops) ready(w http.ResponseWriter, r *http.Request) {
	if !o.serving.Load() {
		http.Error(w, "starting or stopping", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if o.check != nil {
		if err := o.check(ctx); err != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
	}
	_, _ = io.WriteString(w, "ready\n")
}

func (o *ops) showFault(w http.ResponseWriter, _ *http.Request) {
	state, ok := o.faults.State()
	if !ok {
		writeJSON(w, nil)
		return
	}
	writeJSON(w, state)
}

func (o *ops) setFault(w http.ResponseWriter, r *http.Request) {
	var spec fault.Spec
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	dec.DisallowUnknownFields()
	err := dec.Decode(&spec)
	if err != nil {
		httpapi.WriteProblem(w, httpapi.Problem(httpapi.Invalid, "read the fault: "+err.Error(), nil))
		return
	}
	state, err := o.faults.Set(spec)
	if errors.Is(err, fault.ErrInvalid) {
		httpapi.WriteProblem(w, httpapi.Problem(httpapi.Invalid, err.Error(), nil))
		return
	}
	writeJSON(w, state)
}

func (o *ops) clearFault(w http.ResponseWriter, _ *http.Request) {
	o.faults.Clear()
	w.WriteHeader(http.StatusNoContent)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a broken connection is the caller's to notice
}
