package promql

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// books keep events and positions; a [ledger.Ledger] does.
type books interface {
	Commit(*ledger.Batch)
	Cursor(key string) (ledger.Cursor, bool)
	Ref(slo.Key) (ledger.Ref, bool)
}

// Into says where the samples of a server go, and which.
type Into struct {
	// Key of the position in the ledger.
	Key string
	// Appenders take raw samples in the order of their time. They must take old ones, too.
	Appenders []storage.AppendableV2
	// Ledger takes the position, and the events of evaluated queries.
	Ledger books
	// Selectors returns which series are wanted. It may return others at each call.
	Selectors func() [][]*labels.Matcher
	// Objectives returns those that the server's samples are for. It may return others at each call.
	Objectives func() []*slo.Objective
	// History is set for samples from before the objectives were counted: evaluations end where live ones began.
	History bool
	// Now tells the time; [time.Now] when nil.
	Now func() time.Time
}

// Pump moves what a server has into a collector and a ledger, one stretch of time after the other. It must not be used by several
// goroutines at the same time.
type Pump struct {
	client  *client
	into    Into
	stretch time.Duration
	again   time.Duration   // how long before the position the next stretch begins
	jobs    map[string]bool // whose series were wanted
}

const (
	firstStretch = 15 * time.Minute
	minStretch   = time.Minute
	maxStretch   = 24 * time.Hour
)

// NewPump makes a pump for one server.
func NewPump(s Server, into Into) (*Pump, error) {
	s, err := s.normal()
	if err != nil {
		return nil, fmt.Errorf("read from server %q: %w", s.Name, err)
	}
	if into.Key == "" || into.Ledger == nil || into.Selectors == nil || into.Objectives == nil {
		return nil, errors.New("make a pump: Key, Ledger, Selectors and Objectives are required")
	}
	if into.Now == nil {
		into.Now = time.Now
	}
	c, err := newClient(s)
	if err != nil {
		return nil, err
	}
	return &Pump{client: c, into: into, stretch: firstStretch, jobs: map[string]bool{}}, nil
}

// Position returns up to when the server has been read; false if it has not been yet.
func (p *Pump) Position() (time.Time, bool) {
	c, ok := p.into.Ledger.Cursor(p.into.Key)
	return time.UnixMilli(int64(c.Value)).UTC(), ok
}

// moved is the position as the ledger keeps it. A cursor whose T is old is forgotten, so the position stands in its value.
func (p *Pump) moved(to time.Time) *ledger.Cursor {
	return &ledger.Cursor{Key: p.into.Key, T: max(to.UnixMilli(), p.into.Now().UnixMilli()), Value: float64(to.UnixMilli())}
}

// Again has the next stretch begin some time before the position: nothing of it is counted twice, and the collector knows again which series there are.
func (p *Pump) Again(by time.Duration) { p.again = by }

// Advance moves one stretch, from the position (or from start, if there is none or it is earlier) at most up to an instant, and returns
// how many samples it was. An error changes nothing, and the same stretch may be tried again. If the position is there already, nothing happens.
func (p *Pump) Advance(ctx context.Context, start, to time.Time) (samples int, err error) {
	from, ok := p.Position()
	if from = from.Add(-p.again); !ok || from.Before(start) {
		from = start
	}
	from, to = from.Truncate(time.Second), to.Truncate(time.Second)
	if !from.Before(to) {
		return 0, nil
	}
	for {
		end := to
		if from.Add(p.stretch).Before(to) {
			end = from.Add(p.stretch)
		}
		samples, err = p.move(ctx, from, end)
		switch {
		case err == nil:
			p.again = 0
			p.adapt(samples, end.Sub(from))
			return samples, nil
		case errors.Is(err, errTooMuch) && ctx.Err() == nil && end.Sub(from) > minStretch:
			p.stretch = max(minStretch, (end.Sub(from) / 2).Truncate(time.Second))
		default:
			return 0, err
		}
	}
}

// move reads (from, to] completely before any of it is handed on.
func (p *Pump) move(ctx context.Context, from, to time.Time) (int, error) {
	var s stretch
	if err := p.fetchRaw(ctx, &s, from, to); err != nil {
		return 0, err
	}
	evaluated, err := p.evaluate(ctx, from, to)
	if err != nil {
		return 0, err
	}
	for _, into := range p.into.Appenders {
		if err := s.append(ctx, into); err != nil {
			return 0, err
		}
	}
	n := len(s.points)
	for _, e := range evaluated {
		n += e.book(p.into.Ledger, p.into.History, p.into.Now())
	}
	p.into.Ledger.Commit(&ledger.Batch{Cursors: []*ledger.Cursor{p.moved(to)}})
	return n, nil
}

// adapt keeps answers near the number of samples that they may have.
func (p *Pump) adapt(samples int, took time.Duration) {
	switch most := p.client.server.MaxSamples; {
	case samples > most:
		p.stretch = max(minStretch, (took / 2).Truncate(time.Second))
	case samples < most/4 && took == p.stretch:
		p.stretch = min(maxStretch, 2*p.stretch)
	}
}

// knownJobs are the jobs that have had wanted series, and those that bear the name of an objective's service.
func (p *Pump) knownJobs() map[string]bool {
	known := maps.Clone(p.jobs)
	for _, o := range p.into.Objectives() {
		known[o.Service] = true
	}
	return known
}

// Delay is how old samples have to be before they are asked for.
func (p *Pump) Delay() time.Duration { return p.client.server.Delay }
