package pg

import (
	"context"
	"fmt"
	"time"
)

const (
	// lookEvery is how often Run looks whether a private server still lives.
	lookEvery = time.Second
	// startTimeout bounds one attempt to start it again. Recovery from a crash may replay much of its log.
	startTimeout = 5 * time.Minute
)

// Run keeps a private server alive until ctx ends: one that dies alone is started again, at the same address, and its log is kept from
// growing without end. What cannot be done is logged and tried again. It leaves an external server alone. Stop must not be called before Run has returned.
func (s *Server) Run(ctx context.Context) error {
	if s.cluster == nil {
		<-ctx.Done()
		return nil
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	crowded := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := s.cluster.rotateLog(); err != nil && !crowded {
			crowded = true // once: it is tried again each time
			s.cluster.logger.Warn("the log of PostgreSQL goes on growing", "error", err)
		}
		if pid, _, ok := s.cluster.postmaster(); ok && alive(pid) {
			continue
		}
		s.cluster.logger.Warn("PostgreSQL has ended by itself; starting it again", "log", s.cluster.log())
		if err := s.restart(ctx); err != nil && ctx.Err() == nil {
			s.cluster.logger.Error("PostgreSQL is not started again yet, trying again", "error", err)
		}
	}
}

// restart starts a dead private server at the address that everybody knows.
func (s *Server) restart(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	c := s.cluster
	if c.bin == "" {
		if c.bin, err = findBinaries(ctx, c.data(), c.dir, c.logger); err != nil {
			return fmt.Errorf("find PostgreSQL: %w", err)
		}
	}
	return c.start(ctx, s.port)
}
