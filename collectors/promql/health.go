package promql

import (
	"cmp"
	"slices"
	"time"

	"plimsoll/collectors"
	"plimsoll/slo"
)

// Health is how one server is doing.
type Health struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	// Position is up to when its samples have been read; zero if none have.
	Position time.Time `json:"position,omitzero"`
	// Lag is how far the position is behind the present, the delay among it.
	Lag         time.Duration `json:"-"`
	LastSuccess time.Time     `json:"lastSuccess,omitzero"`
	// LastError is why it could not be read; empty if the last attempt succeeded.
	LastError   string    `json:"lastError,omitempty"`
	LastErrorAt time.Time `json:"lastErrorAt,omitzero"`
	Objectives  int       `json:"objectives"`
	// Approximate are the objectives whose queries are evaluated rather than counted.
	Approximate []slo.Key `json:"approximate,omitempty"`
}

// state is what is known of a server's reading.
type state struct {
	position, success, failure time.Time
	err                        error // of the last attempt; nil if it succeeded
}

func (s *state) succeed(at, position time.Time) { s.success, s.position, s.err = at, position, nil }

func (s *state) fail(at time.Time, err error) { s.failure, s.err = at, err }

func (s *Source) note(server string, f func(*state)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.states[server]; st != nil {
		f(st)
	}
}

// Health returns how the servers are doing, by name.
func (s *Source) Health() []Health {
	s.mu.Lock()
	now := s.cfg.Now()
	var all []Health
	for name, server := range s.servers {
		st := s.states[name]
		h := Health{Name: name, URL: server.URL, Position: st.position, LastSuccess: st.success, LastErrorAt: st.failure}
		if !st.position.IsZero() {
			h.Lag = now.Sub(st.position)
		}
		if st.err != nil {
			h.LastError = st.err.Error()
		}
		all = append(all, h)
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b Health) int { return cmp.Compare(a.Name, b.Name) })
	for i := range all {
		for _, o := range s.objectives(all[i].Name) {
			all[i].Objectives++
			if !collectors.Raw(o.Indicator) {
				all[i].Approximate = append(all[i].Approximate, o.Key)
			}
		}
	}
	return all
}

// lags returns how many seconds the position of each server is behind.
func (s *Source) lags() map[string]float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	lags := map[string]float64{}
	for name, st := range s.states {
		if !st.position.IsZero() {
			lags[name] = s.cfg.Now().Sub(st.position).Seconds()
		}
	}
	return lags
}
