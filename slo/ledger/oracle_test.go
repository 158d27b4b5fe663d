package ledger_test

import (
	"context"
	"errors"
	"maps"
	"math/big"
	"slices"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// oracle is what a ledger holds of one objective, written in the plainest way.
type oracle struct {
	counts   map[slo.Minute]slo.Counts
	observed map[slo.Minute]bool
}

func newOracle() *oracle {
	return &oracle{counts: map[slo.Minute]slo.Counts{}, observed: map[slo.Minute]bool{}}
}

func (o *oracle) clone() *oracle {
	return &oracle{counts: maps.Clone(o.counts), observed: maps.Clone(o.observed)}
}

func minuteOf(ms int64) slo.Minute { return slo.MinuteOf(time.UnixMilli(ms)) }

func (o *oracle) add(inc ledger.Increment) {
	if inc.From >= inc.To {
		m := minuteOf(inc.To)
		o.counts[m] = o.counts[m].Add(slo.Counts{Good: inc.Good, Total: inc.Total})
		return
	}
	until := func(n, x int64) int64 {
		x = min(max(x, inc.From), inc.To)
		p := new(big.Int).Mul(big.NewInt(n), big.NewInt(x-inc.From))
		return p.Quo(p, big.NewInt(inc.To-inc.From)).Int64()
	}
	for m := minuteOf(inc.From); m <= minuteOf(inc.To); m++ {
		a, b := m.Time().UnixMilli(), (m + 1).Time().UnixMilli()
		o.counts[m] = o.counts[m].Add(slo.Counts{
			Good:  until(inc.Good, b) - until(inc.Good, a),
			Total: until(inc.Total, b) - until(inc.Total, a),
		})
	}
}

func (o *oracle) observe(at int64) { o.observed[minuteOf(at)] = true }

// Read implements [slo.Reader].
func (o *oracle) Read(from, to slo.Minute) slo.Reading {
	r := slo.Reading{Minutes: int64(to - from)}
	for m := from + 1; m <= to; m++ {
		r.Counts = r.Counts.Add(o.counts[m])
		if o.observed[m] {
			r.Observed++
		}
	}
	return r
}

// Each implements [slo.Reader].
func (o *oracle) Each(from, to slo.Minute, f func(slo.MinuteCounts) bool) {
	for m := from + 1; m <= to; m++ {
		if c := (slo.MinuteCounts{Minute: m, Observed: o.observed[m], Counts: o.counts[m]}); (c.Observed || c.Counts != (slo.Counts{})) && !f(c) {
			return
		}
	}
}

// Revision implements [slo.Reader]. It is not what this oracle is for.
func (o *oracle) Revision() uint64 { return 0 }

// LastSample implements [slo.Reader]. It is not what this oracle is for.
func (o *oracle) LastSample() time.Time { return time.Time{} }

var errDown = errors.New("the store is down")

// memory is a store that applies checkpoints to maps.
type memory struct {
	down       bool
	objectives map[slo.Key]*stored
	cursors    map[ledger.CursorID]ledger.Cursor
}

type stored struct {
	revision   uint64
	lastSample int64
	blocks     map[int64][]byte
	versions   []ledger.VersionState
	drops      map[int64]int64
}

func newMemory() *memory {
	return &memory{objectives: map[slo.Key]*stored{}, cursors: map[ledger.CursorID]ledger.Cursor{}}
}

func (m *memory) Save(_ context.Context, c *ledger.Checkpoint) error {
	if m.down {
		return errDown
	}
	for _, o := range c.Objectives {
		s := m.objectives[o.Key]
		if s == nil {
			s = &stored{blocks: map[int64][]byte{}, drops: map[int64]int64{}}
			m.objectives[o.Key] = s
		}
		s.revision, s.lastSample = o.Revision, o.LastSample
		for _, b := range o.Blocks {
			s.blocks[b.Hour] = slices.Clone(b.Data)
		}
		if o.Versions != nil {
			s.versions = o.Versions
		}
		for _, d := range o.Drops {
			s.drops[d.Hour] = d.Samples
		}
	}
	for _, s := range m.objectives {
		maps.DeleteFunc(s.blocks, func(hour int64, _ []byte) bool { return hour < c.Before })
	}
	for _, id := range c.Forgotten {
		delete(m.cursors, id)
	}
	for _, cur := range c.Cursors {
		m.cursors[cur.ID] = cur.Cursor
	}
	return nil
}

func (m *memory) load(l *ledger.Ledger) error {
	for key := range m.objectives {
		if err := l.RestoreObjective(m.state(key)); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(m.cursors)) {
		if err := l.RestoreCursor(ledger.CursorState{ID: id, Cursor: m.cursors[id]}); err != nil {
			return err
		}
	}
	return nil
}

// state returns everything that is stored of an objective.
func (m *memory) state(key slo.Key) ledger.ObjectiveState {
	s := m.objectives[key]
	o := ledger.ObjectiveState{Key: key, Revision: s.revision, LastSample: s.lastSample, Versions: s.versions}
	for _, hour := range slices.Sorted(maps.Keys(s.blocks)) {
		o.Blocks = append(o.Blocks, ledger.Block{Hour: hour, Data: s.blocks[hour]})
	}
	for _, hour := range slices.Sorted(maps.Keys(s.drops)) {
		o.Drops = append(o.Drops, ledger.HourDrops{Hour: hour, Samples: s.drops[hour]})
	}
	return o
}
