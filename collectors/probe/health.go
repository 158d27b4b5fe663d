package probe

import (
	"slices"
	"strings"
	"time"
)

// Health says how the last run of a probe ended.
type Health string

const (
	// Unknown is the health of a probe that has not run yet.
	Unknown Health = "unknown"
	// Up is the health of a probe whose last run succeeded.
	Up Health = "up"
	// Down is the health of a probe whose last run failed.
	Down Health = "down"
)

// Status is how one probe is doing. Nothing in it is secret.
type Status struct {
	Name      string    `json:"name"`
	Service   string    `json:"service"`
	Health    Health    `json:"health" enum:"unknown,up,down"`
	LastRun   time.Time `json:"lastRun,omitzero" doc:"End of the last run; absent if there was none"`
	Seconds   float64   `json:"lastRunSeconds" doc:"How long the last run took"`
	Step      string    `json:"step,omitempty" doc:"At which the last run failed"`
	Reason    Reason    `json:"reason,omitempty" doc:"Why the last run failed, in one word"`
	LastError string    `json:"lastError,omitempty" doc:"Why the last run failed"`
}

// remember makes a state of each probe that is defined, before it runs.
func (p *Prober) remember(definitions map[string]*Probe) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, probe := range definitions {
		s, ok := p.states[name]
		if !ok {
			s = &Status{Name: name, Health: Unknown}
			p.states[name] = s
			p.metrics.begin(name)
		}
		s.Service = probe.Service
	}
}

// forget drops what belongs to probes that are gone, when they run no more.
func (p *Prober) forget(definitions map[string]*Probe) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name := range p.states {
		if _, ok := definitions[name]; !ok {
			delete(p.states, name)
			p.metrics.forget(name)
		}
	}
}

// ran notes how a run ended.
func (p *Prober) ran(name string, r result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.states[name]
	*s = Status{Name: s.Name, Service: s.Service, Health: Up, LastRun: time.Now(), Seconds: r.took.Seconds()}
	if f := r.failure; f != nil {
		s.Health, s.Step, s.Reason, s.LastError = Down, r.failed(), f.reason, f.says
	}
}

// Health returns how each probe is doing, sorted by name.
func (p *Prober) Health() []Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Status, 0, len(p.states))
	for _, s := range p.states {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b Status) int { return strings.Compare(a.Name, b.Name) })
	return all
}
