package backfill_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"plimsoll/collectors/backfill"
	"plimsoll/collectors/promql"
	"plimsoll/collectors/promql/promtest"
)

// How a job ends that is not simply done.
func TestEnds(t *testing.T) {
	t.Parallel()
	var cancel func() // gives the job up
	for _, c := range []struct {
		name    string
		source  string
		around  func(http.Handler) http.Handler
		state   backfill.State
		problem string
	}{
		{"a server that nobody knows", "thanos", nil, backfill.Failed, "no such server is configured"},
		{"a server that refuses", "prometheus", func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
		}, backfill.Failed, "the server refuses the request"},
		{"a server that stumbles once", "prometheus", func(next http.Handler) http.Handler {
			var n atomic.Int64
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if n.Add(1) == 3 {
					w.WriteHeader(http.StatusBadGateway)
					return
				}
				next.ServeHTTP(w, r)
			})
		}, backfill.Done, ""},
		{"given up while it is filling", "prometheus", func(next http.Handler) http.Handler {
			var once sync.Once
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				once.Do(cancel)
				next.ServeHTTP(w, r)
			})
		}, backfill.Cancelled, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var around []func(http.Handler) http.Handler
			if c.around != nil {
				around = append(around, c.around)
			}
			server := promtest.New(t, around...)
			p := start(t, newDatabase(t), at(base.Add(24*time.Hour)), objectives())
			job, err := p.jobs.Create(t.Context(), backfill.Spec{From: base, Source: c.source}, "ada", p.clock.now())
			if err != nil {
				t.Fatal(err)
			}
			cancel = func() {
				if _, err := p.jobs.Cancel(context.Background(), job.ID, p.clock.now()); err != nil {
					t.Error(err)
				}
			}
			job = run(t, p.config(promql.Server{Name: "prometheus", URL: server.URL}), p.jobs, job.ID)
			if job.State != c.state || !strings.Contains(job.Problem, c.problem) || (c.problem == "") != (job.Problem == "") || job.EndedAt.IsZero() {
				t.Errorf("ended as %+v", job)
			}
		})
	}
}
