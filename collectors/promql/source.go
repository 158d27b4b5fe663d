package promql

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/collectors"
	"plimsoll/internal/loops"
	"plimsoll/internal/nearest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// ErrUnknownServer is returned for a name that no configured server has.
var ErrUnknownServer = errors.New("no such server is configured under promql")

// book keeps events and knows the objectives; a [ledger.Ledger] is one.
type book interface {
	books
	Objectives() []*slo.Objective
}

// Config of a [Source].
type Config struct {
	Servers Servers
	// Collector counts the samples. Required.
	Collector *collectors.Collector
	Ledger    book // required
	// Registerer receives the metrics; nil registers none.
	Registerer prometheus.Registerer
	Logger     *slog.Logger     // [slog.Default] when nil
	Now        func() time.Time // [time.Now] when nil
}

// Source reads the samples of servers as time goes on.
type Source struct {
	cfg     Config
	metrics *metrics
	loops   *loops.Set[Server]

	mu      sync.Mutex
	servers map[string]Server
	states  map[string]*state
}

// New makes a source. It asks nothing before Run.
func New(cfg Config) (*Source, error) {
	if cfg.Collector == nil || cfg.Ledger == nil {
		return nil, errors.New("make a promql source: Collector and Ledger are required")
	}
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Source{cfg: cfg, states: map[string]*state{}}
	s.metrics = newMetrics(cfg.Registerer, s.lags)
	s.loops = loops.New(s.follow, same)
	if err := s.Apply(cfg.Servers); err != nil {
		return nil, err
	}
	return s, nil
}

// Apply replaces the servers, whole or not at all. Those that stay the same go on undisturbed, and one that comes back goes on where it was.
func (s *Source) Apply(servers Servers) error {
	if err := servers.Check(); err != nil {
		return err
	}
	defined := map[string]Server{}
	for _, server := range servers {
		server, _ = server.normal() // checked above
		defined[server.Name] = server
	}
	s.mu.Lock()
	s.servers = defined
	for name := range s.states {
		if _, ok := defined[name]; !ok {
			delete(s.states, name)
		}
	}
	for name := range defined {
		if s.states[name] == nil {
			s.states[name] = &state{}
		}
	}
	s.mu.Unlock()
	s.loops.Apply(defined)
	return nil
}

// Run reads until ctx is done. What has been read then is in the ledger, whole stretches of it.
func (s *Source) Run(ctx context.Context) error {
	s.loops.Run(ctx)
	return nil
}

// Server returns the definition of a server.
func (s *Source) Server(name string) (Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	server, ok := s.servers[name]
	if !ok {
		names := Servers{}
		for _, other := range s.servers {
			names = append(names, other)
		}
		return Server{}, fmt.Errorf("%w: %q%s", ErrUnknownServer, name, nearest.Hint(name, names.names()))
	}
	return server, nil
}

// maxBehind is how far a position may be behind when a server is read again. What is older has left the usual retention.
const maxBehind = ledger.DefaultRetention

// follow reads one server until ctx is done.
func (s *Source) follow(ctx context.Context, server Server) {
	pump, err := NewPump(server, Into{
		Key: fmt.Sprintf("promql %q", server.Name), Appenders: []storage.AppendableV2{s.cfg.Collector.From(server.Name).Late()}, Ledger: s.cfg.Ledger, Now: s.cfg.Now,
		Selectors:  func() [][]*labels.Matcher { return s.cfg.Collector.Selectors(server.Name) },
		Objectives: func() []*slo.Objective { return s.objectives(server.Name) },
	})
	if err != nil {
		s.note(server.Name, func(st *state) { st.fail(s.cfg.Now(), err) })
		return
	}
	attempts := 0
	for ctx.Err() == nil {
		wait := server.Every
		if err := s.catchUp(ctx, server, pump); err == nil {
			attempts = 0
		} else if ctx.Err() == nil {
			attempts++
			wait = Pause(attempts, err)
			s.cfg.Logger.Warn("server not read, trying again", "source", server.Name, "in", wait, "err", err)
		}
		sleep(ctx, wait)
	}
}

// catchUp reads up to now, less the delay.
func (s *Source) catchUp(ctx context.Context, server Server, pump *Pump) error {
	for {
		now := s.cfg.Now()
		to := now.Add(-server.Delay)
		start := now.Add(-maxBehind)
		position, ok := pump.Position()
		if !ok {
			start = to.Add(-server.Every)
		}
		if ok && !position.Before(to.Truncate(time.Second)) {
			s.note(server.Name, func(st *state) { st.succeed(now, position) })
			return nil
		}
		samples, err := pump.Advance(ctx, start, to)
		s.metrics.stretch(server.Name, samples, err)
		if err != nil {
			s.note(server.Name, func(st *state) { st.fail(now, err) })
			return err
		}
		position, _ = pump.Position()
		s.note(server.Name, func(st *state) { st.succeed(now, position) })
	}
}

func (s *Source) objectives(server string) []*slo.Objective {
	var own []*slo.Objective
	for _, o := range s.cfg.Ledger.Objectives() {
		if o.Indicator.Source == server && o.Parent == "" {
			own = append(own, o)
		}
	}
	return own
}

// maxPause is the longest pause after an error, unless the server asks for a longer one.
const maxPause = time.Minute

// Pause returns how long to leave a server alone after the nth failure in a row, counted from 1: as long as it asks for, or else a time that
// grows from a second to a minute.
func Pause(attempts int, err error) time.Duration {
	var wait *throttled
	if errors.As(err, &wait) && wait.after > 0 {
		return wait.after
	}
	d := min(maxPause, time.Second<<min(attempts-1, 10))
	return d/2 + rand.N(d/2) // not all at the same time
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
