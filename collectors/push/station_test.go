package push_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"pgregory.net/rapid"

	"plimsoll/collectors"
	"plimsoll/collectors/push"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// station counts what comes, by whichever way, and can be killed.
type station struct {
	rapid.TB
	store     store
	now       time.Time
	collector *collectors.Collector
	ledger    *ledger.Ledger
	write     http.Handler
	otlp      http.Handler
	saves     *ledger.Checkpointer
}

func newStation(t rapid.TB, now time.Time) *station {
	return openStation(t, newDisk(), now)
}

// openStation begins with what is in a store.
func openStation(t rapid.TB, from store, now time.Time) *station {
	s := &station{TB: t, store: from, now: now}
	s.start()
	return s
}

// store keeps checkpoints, and can be broken.
type store interface {
	Save(context.Context, *ledger.Checkpoint) error
	load(*ledger.Ledger) error
	breakDown(bool)
	blocks(slo.Key) map[int64][]byte
}

// start begins with what is in the store. What was in memory is lost.
func (s *station) start() {
	now := func() time.Time { return s.now }
	s.ledger = ledger.New(ledger.Config{Now: now})
	s.must(s.store.load(s.ledger))
	s.saves = &ledger.Checkpointer{Ledger: s.ledger, Store: s.store, Logger: slog.New(slog.DiscardHandler)}
	var err error
	s.collector, err = collectors.New(collectors.Config{Ledger: s.ledger, Now: now})
	s.must(err)
	s.must(s.collector.SetObjectives(stationObjectives))
	r, err := push.New(push.Config{
		Appender: s.collector, Deltas: s.collector.Deltas(), Sync: s.saves.Sync, Now: now, Logger: slog.New(slog.DiscardHandler),
	})
	s.must(err)
	s.write, s.otlp = r.Write(), r.OTLP()
}

func (s *station) must(err error) {
	if err != nil {
		s.Fatal(err)
	}
}

var stationObjectives = []*slo.Objective{
	stationObjective("api/availability", slo.Indicator{Good: `requests_total{code="200"}`, Total: `sum(requests_total)`}),
	stationObjective("api/latency", slo.Indicator{Good: `latency_seconds_bucket{le="1"}`, Total: `latency_seconds_count`}),
}

func stationObjective(key slo.Key, ind slo.Indicator) *slo.Objective {
	return &slo.Objective{
		Key: key, Service: key.Service(), DisplayName: string(key), Target: 999_000_000,
		Window: slo.Window{Length: 30 * 24 * time.Hour}, Method: slo.Occurrences, Indicator: ind,
	}
}

// request is a pushed request.
type request struct {
	otlp   bool
	header http.Header
	body   []byte
}

// post sends a request once.
func (s *station) post(r request) int {
	req := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", bytes.NewReader(r.body))
	req.Header = r.header
	h := s.write
	if r.otlp {
		h = s.otlp
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	if w.Code >= 300 && w.Code != http.StatusServiceUnavailable {
		s.Fatalf("answered %d %s", w.Code, w.Body)
	}
	return w.Code
}

// fault is what happens to a request.
type fault int

const (
	none      fault = iota
	notSaved        // the database does not answer
	killed          // the process is killed after it counted and before it saved
	lostReply       // it is saved, and the process is killed before it could say so
)

// deliver sends a request until it is acknowledged, as a sender does.
func (s *station) deliver(r request, faults []fault) {
	for _, f := range faults {
		switch f {
		case notSaved, killed:
			s.store.breakDown(true)
			if status := s.post(r); status != http.StatusServiceUnavailable {
				s.Fatalf("answered %d when nothing could be saved", status)
			}
			s.store.breakDown(false)
		case lostReply:
			s.post(r)
		}
		if f == killed || f == lostReply {
			s.start()
		}
	}
	if status := s.post(r); status >= 300 {
		s.Fatalf("answered %d", status)
	}
}

// book is what the ledger holds of an objective: what it says, and the bytes that are stored.
type book struct {
	Minutes    []slo.MinuteCounts
	LastSample time.Time
	Blocks     map[int64][]byte
}

// books returns what has been counted, after it was saved.
func (s *station) books() map[slo.Key]book {
	s.must(s.saves.Save(context.Background()))
	books := map[slo.Key]book{}
	for _, o := range stationObjectives {
		b := book{Blocks: s.store.blocks(o.Key)}
		r, ok := s.ledger.Reader(o.Key)
		if !ok {
			s.Fatalf("no objective %s", o.Key)
		}
		r.Each(0, slo.MinuteOf(s.now.Add(time.Hour)), func(m slo.MinuteCounts) bool {
			b.Minutes = append(b.Minutes, m)
			return true
		})
		b.LastSample = r.LastSample()
		books[o.Key] = b
	}
	return books
}

// counts are books without what was observed.
func counts(books map[slo.Key]book) map[slo.Key][]slo.MinuteCounts {
	all := map[slo.Key][]slo.MinuteCounts{}
	for key, b := range books {
		for _, m := range b.Minutes {
			if m.Counts != (slo.Counts{}) {
				all[key] = append(all[key], slo.MinuteCounts{Minute: m.Minute, Counts: m.Counts})
			}
		}
	}
	return all
}

// disk is a store of checkpoints in memory.
type disk struct {
	broken     bool
	objectives map[slo.Key]ledger.ObjectiveState
	hours      map[slo.Key]map[int64][]byte
	cursors    map[ledger.CursorID]ledger.Cursor
}

func newDisk() *disk {
	return &disk{false, map[slo.Key]ledger.ObjectiveState{}, map[slo.Key]map[int64][]byte{}, map[ledger.CursorID]ledger.Cursor{}}
}

func (d *disk) Save(_ context.Context, c *ledger.Checkpoint) error {
	if d.broken {
		return errors.New("the disk is broken")
	}
	for _, o := range c.Objectives {
		if o.Versions == nil {
			o.Versions = d.objectives[o.Key].Versions
		}
		d.objectives[o.Key] = o
		if d.hours[o.Key] == nil {
			d.hours[o.Key] = map[int64][]byte{}
		}
		for _, b := range o.Blocks {
			d.hours[o.Key][b.Hour] = slices.Clone(b.Data)
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

func (d *disk) breakDown(broken bool) { d.broken = broken }

func (d *disk) blocks(key slo.Key) map[int64][]byte { return d.hours[key] }

func (d *disk) load(l *ledger.Ledger) error {
	for key, o := range d.objectives {
		o.Blocks = nil
		for _, hour := range slices.Sorted(maps.Keys(d.hours[key])) {
			o.Blocks = append(o.Blocks, ledger.Block{Hour: hour, Data: d.hours[key][hour]})
		}
		if err := l.RestoreObjective(o); err != nil {
			return fmt.Errorf("load %s: %w", key, err)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(d.cursors)) {
		if err := l.RestoreCursor(ledger.CursorState{ID: id, Cursor: d.cursors[id]}); err != nil {
			return err
		}
	}
	return nil
}
