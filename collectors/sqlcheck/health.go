package sqlcheck

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Health says how the last question of a check went.
type Health string

const (
	// Unknown is the health of a check that has not been asked yet.
	Unknown Health = "unknown"
	// Up is the health of a check whose last question had an answer.
	Up Health = "up"
	// Down is the health of a check whose last question had none that counts.
	Down Health = "down"
)

// Status is how one check is doing.
type Status struct {
	Name         string    `json:"name"`
	Service      string    `json:"service"`
	Health       Health    `json:"health" enum:"unknown,up,down"`
	LastAsked    time.Time `json:"lastAsked,omitzero" doc:"Absent if it was not asked yet"`
	CountedUntil time.Time `json:"countedUntil,omitzero" doc:"End of the newest interval that was counted; absent if none was"`
	LastError    string    `json:"lastError,omitempty" doc:"Why the last question had no answer that counts"`
	Warning      string    `json:"warning,omitempty" doc:"Why the role of the database is not the right one"`
}

// state is what is remembered of a check while it is defined.
type state struct {
	mu     sync.Mutex
	status Status
}

// resume returns where a check goes on: behind what the ledger has counted, which may be less than was asked before a crash or while
// another process led; where it has counted nothing, because no objective wants the events, behind what was asked.
func (s *state) resume(counted time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !counted.IsZero() {
		s.status.CountedUntil = counted
	}
	return s.status.CountedUntil
}

// asked notes how a question for the interval up to an instant went.
func (s *state) asked(at, to time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.LastAsked = at
	if err != nil {
		s.status.Health, s.status.LastError = Down, err.Error()
		return
	}
	s.status.Health, s.status.LastError, s.status.CountedUntil = Up, "", to
}

// warn notes a warning and reports whether it is a new one.
func (s *state) warn(warning string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := s.status.Warning != warning
	s.status.Warning = warning
	return changed
}

// forget drops what belongs to checks that are gone, when they are asked no more.
func (c *Checker) forget(definitions map[string]Check) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range c.states {
		if _, ok := definitions[name]; !ok {
			delete(c.states, name)
			c.metrics.forget(name)
		}
	}
}

// remember makes a state of each check that is defined, before it is asked.
func (c *Checker) remember(definitions map[string]Check) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, check := range definitions {
		s, ok := c.states[name]
		if !ok {
			s = &state{status: Status{Name: name, Health: Unknown}}
			c.states[name] = s
			c.metrics.begin(name)
		}
		s.mu.Lock()
		s.status.Service = check.Service
		s.mu.Unlock()
	}
}

func (c *Checker) stateOf(name string) *state {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.states[name]
}

// Health returns how each check is doing, sorted by name.
func (c *Checker) Health() []Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Status, 0, len(c.states))
	for _, s := range c.states {
		s.mu.Lock()
		all = append(all, s.status)
		s.mu.Unlock()
	}
	slices.SortFunc(all, func(a, b Status) int { return strings.Compare(a.Name, b.Name) })
	return all
}
