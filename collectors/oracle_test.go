package collectors_test

import (
	"context"
	"maps"
	"math/big"
	"slices"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// rawSample is a sample as it was appended, of a series that is known by a short name.
type rawSample struct {
	series string
	st, t  int64
	v      float64
}

// entry is one committed transaction, or a restart of the collector.
type entry struct {
	restart bool
	wanted  []string // the objectives of the time
	target  string
	samples []rawSample
	up      bool
	t       int64
	now     int64 // when it was committed
}

// late reports whether it came too late to be counted.
func (e entry) late() bool { return e.t < e.now-horizon.Milliseconds() }

// horizon is that of the collector whose samples are replayed.
const horizon = 20 * time.Minute

// oracle replays every raw sample, slowly and without cursors, blocks or batches.
type oracle struct {
	// weights[objective][series] is what one event adds.
	weights map[string]map[string]slo.Counts
}

// life is what an objective has counted: since when, and of which series.
type life struct {
	since int64
	begun map[string]bool
}

// begin notes a sample of a series and reports whether the objective has just gone live and meets the series for the first time.
func (l *life) begin(s rawSample) (meets bool) {
	if l.since == 0 {
		l.since = s.t
	}
	meets = !l.begun[s.series] && s.t <= l.since+horizon.Milliseconds()
	l.begun[s.series] = true
	return meets
}

type minutes map[slo.Minute]slo.Counts

// rawScrape is a good scrape: when, and the objectives that were looked for; none if that cannot be told.
type rawScrape struct {
	t         int64
	wanted    []string
	lookedFor []string
}

func (o oracle) replay(log []entry) map[string]minutes {
	books := map[string]minutes{}
	for name := range o.weights {
		books[name] = minutes{}
	}
	last := map[string]rawSample{}
	lives := map[string]*life{}
	for name := range o.weights {
		lives[name] = &life{begun: map[string]bool{}}
	}
	scrapes := map[string][]rawScrape{} // the newest two of each target, newest first
	heard := map[string]int64{}
	for _, e := range log {
		if e.restart {
			clear(heard) // failures are not remembered
			for name, two := range scrapes {
				known := slices.Equal(two[0].wanted, e.wanted)
				for i := range two {
					if two[i].lookedFor = nil; known {
						two[i].lookedFor = two[0].wanted
					}
				}
				heard[name] = two[0].t
			}
			continue
		}
		for _, s := range e.samples {
			var scraped rawScrape
			for _, scrape := range scrapes[e.target] {
				if scrape.t < s.t {
					scraped = scrape
					break
				}
			}
			if !e.late() {
				o.sample(books, lives, last, s, e.wanted, scraped)
			}
		}
		if e.late() {
			continue
		}
		if e.up && e.t > heard[e.target] {
			two := append([]rawScrape{{e.t, e.wanted, e.wanted}}, scrapes[e.target]...)
			scrapes[e.target] = two[:min(2, len(two))]
		}
		heard[e.target] = max(heard[e.target], e.t)
	}
	return books
}

func (o oracle) sample(books map[string]minutes, lives map[string]*life, last map[string]rawSample, s rawSample, wanted []string, scraped rawScrape) {
	prev, known := last[s.series]
	if known && s.t <= prev.t {
		return
	}
	anew := known && (s.v < prev.v || prev.st > 0 && s.st > prev.st+1 || prev.st == 0 && s.st > prev.t)
	kept := s
	if known && !anew && s.st == 0 {
		kept.st = prev.st
	}
	for _, name := range wanted {
		w := o.weights[name][s.series]
		if w == (slo.Counts{}) {
			continue
		}
		last[s.series] = kept
		from, before := int64(0), 0.0
		switch meets := lives[name].begin(s); {
		case known && meets && kept.st == 0:
			continue // others have counted it, nobody knows since when
		case known && meets && kept.st > s.t:
			from = s.t - 1
		case known && meets:
			from = kept.st
		case anew && s.st > prev.t && s.st <= s.t:
			from = s.st
		case anew:
			from = prev.t
		case known:
			from, before = prev.t, prev.v
		case s.st > 0 && s.st <= s.t:
			from = s.st
		case s.st > 0 && scraped.t > 0:
			from = scraped.t
		case s.st > 0:
			from = s.t - 1
		case scraped.t > 0 && slices.Contains(scraped.lookedFor, name):
			from = scraped.t
		default:
			continue
		}
		events := int64(s.v) - int64(before)
		spread(books[name], events*w.Good, events*w.Total, from, s.t)
	}
}

// spread books events minute by minute: what has happened by the end of a minute less what had by its beginning.
func spread(book minutes, good, total, from, to int64) {
	by := func(n, x int64) int64 {
		if x >= to {
			return n
		}
		q := new(big.Int).Mul(big.NewInt(n), big.NewInt(x-from))
		return q.Quo(q, big.NewInt(to-from)).Int64()
	}
	for m := from / 60_000; m*60_000 < to; m++ {
		start, end := max(m*60_000, from), (m+1)*60_000
		c := slo.Counts{Good: by(good, end) - by(good, start), Total: by(total, end) - by(total, start)}
		book[slo.Minute(m)] = book[slo.Minute(m)].Add(c)
	}
}

// disk is a store of checkpoints in memory.
type disk struct {
	objectives map[slo.Key]ledger.ObjectiveState
	blocks     map[slo.Key]map[int64][]byte
	cursors    map[ledger.CursorID]ledger.Cursor
}

func newDisk() *disk {
	return &disk{map[slo.Key]ledger.ObjectiveState{}, map[slo.Key]map[int64][]byte{}, map[ledger.CursorID]ledger.Cursor{}}
}

func (d *disk) Save(_ context.Context, c *ledger.Checkpoint) error {
	for _, o := range c.Objectives {
		d.objectives[o.Key] = o
		if d.blocks[o.Key] == nil {
			d.blocks[o.Key] = map[int64][]byte{}
		}
		for _, b := range o.Blocks {
			d.blocks[o.Key][b.Hour] = slices.Clone(b.Data)
		}
	}
	for _, id := range c.Forgotten {
		delete(d.cursors, id)
	}
	for _, cur := range c.Cursors {
		d.cursors[cur.ID] = cur.Cursor
	}
	return nil
}

func (d *disk) load(l *ledger.Ledger) error {
	for key, o := range d.objectives {
		o.Blocks = nil
		for _, hour := range slices.Sorted(maps.Keys(d.blocks[key])) {
			o.Blocks = append(o.Blocks, ledger.Block{Hour: hour, Data: d.blocks[key][hour]})
		}
		if err := l.RestoreObjective(o); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(d.cursors)) {
		if err := l.RestoreCursor(ledger.CursorState{ID: id, Cursor: d.cursors[id]}); err != nil {
			return err
		}
	}
	return nil
}
