package platform

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// scrapes watches who reads the metrics, so that a stop can wait for the last reading. Counters that nobody has read
// die with the process; what was counted between the last scrape and the end would never have happened.
//
//	scraped ever? ──no──▶ nothing to wait for
//	     │ yes
//	     ▼
//	wait for the end of a scrape that began after everything was counted, at most the timeout
type scrapes struct {
	mu    sync.Mutex
	any   bool
	final chan struct{} // not nil once everything is counted; closed by the end of the first scrape that begins then
	once  sync.Once
}

// watch wraps the handler of the metrics.
func (s *scrapes) watch(metrics http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.any = true
		final := s.final
		s.mu.Unlock()
		metrics.ServeHTTP(w, r)
		if final != nil && r.Context().Err() == nil {
			s.once.Do(func() { close(final) })
		}
	})
}

// last waits for the last scrape after everything has been counted. It tells whether one has come, or none was needed.
func (s *scrapes) last(ctx context.Context, timeout time.Duration) bool {
	s.mu.Lock()
	s.final = make(chan struct{})
	any := s.any
	s.mu.Unlock()
	if !any {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	select {
	case <-s.final:
		return true
	case <-ctx.Done():
		return false
	}
}
