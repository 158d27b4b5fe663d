package push_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

// TestWays tells one history in every way there is to tell it, each to a ledger of its own: scraped with and without start timestamps, and pushed
// by remote write 1.0 and 2.0 and by OTLP, cumulative and delta. Pushed requests are not always saved at once, and come twice.
//
// The ledgers are the same in every byte wherever the ways tell the same: remote write 1.0 has no start timestamps, as the text format. Whoever
// pushes without the health of the target observes fewer minutes and counts the same.
func TestWays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWays(t, notSaved)
		same(t, "remote write 1.0", w.scraped(false), w.pushed("v1", w.writeV1))
		withStarts := w.scraped(true)
		same(t, "remote write 2.0", withStarts, w.pushed("v2", w.writeV2))
		same(t, "OTLP, cumulative", withStarts, w.pushed("cumulative", w.cumulative(true)))
		same(t, "OTLP, delta", withStarts, w.pushed("delta", w.delta(true)))
		almostSame(t, "OTLP, cumulative, without health", withStarts, w.pushed("cumulative, no health", w.cumulative(false)))
		almostSame(t, "OTLP, delta, without health", withStarts, w.pushed("delta, no health", w.delta(false)))
	})
}

// TestKilled kills the process, over and over: after it counted a request and before that was saved, and after it was saved and before the
// sender was told. Nothing is counted twice and nothing is lost. What happened to the target meanwhile is not known, so that the minutes between
// two moments more than a minute apart may count as not observed.
func TestKilled(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWays(t, notSaved, killed, lostReply)
		almostSame(t, "remote write 1.0", w.scraped(false), w.pushed("v1", w.writeV1))
		withStarts := w.scraped(true)
		almostSame(t, "remote write 2.0", withStarts, w.pushed("v2", w.writeV2))
		almostSame(t, "OTLP, cumulative", withStarts, w.pushed("cumulative", w.cumulative(true)))
		almostSame(t, "OTLP, delta", withStarts, w.pushed("delta", w.delta(true)))
	})
}

// TestShards has a Prometheus that sends the health of a target and its counters by different connections, of which now one and now the other is
// ahead.
func TestShards(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWays(t)
		for name, tc := range map[string]struct {
			starts bool
			encode func(rapid.TB, int64, []point) request
		}{"remote write 1.0": {false, writeV1}, "remote write 2.0": {true, writeV2}} {
			s := newStation(t, w.now)
			for _, m := range w.history {
				all := m.points(tc.starts)
				counters, health := tc.encode(t, m.t, all[:len(all)-1]), tc.encode(t, m.t, all[len(all)-1:])
				if rapid.Bool().Draw(t, name+" health first") {
					counters, health = health, counters
				}
				s.deliver(counters, nil)
				s.deliver(health, nil)
			}
			almostSame(t, name, w.scraped(tc.starts), s.books())
		}
	})
}

// ways tell one history.
type ways struct {
	*rapid.T
	history []moment
	now     time.Time
	faults  []fault
}

func drawWays(t *rapid.T, faults ...fault) *ways {
	history := drawHistory(t)
	return &ways{t, history, time.UnixMilli(history[len(history)-1].t).Add(time.Second), faults}
}

// encoding writes a moment, knowing the one before.
type encoding func(m moment, before *moment) request

func (w *ways) writeV1(m moment, _ *moment) request { return writeV1(w.T, m.t, m.points(false)) }

func (w *ways) writeV2(m moment, _ *moment) request { return writeV2(w.T, m.t, m.points(true)) }

func (w *ways) cumulative(health bool) encoding {
	return func(m moment, _ *moment) request { return m.otlp(w.T, nil, health) }
}

func (w *ways) delta(health bool) encoding {
	return func(m moment, before *moment) request { return m.otlp(w.T, before, health) }
}

// scraped tells the history as a scrape, undisturbed.
func (w *ways) scraped(starts bool) map[slo.Key]book {
	s := newStation(w.T, w.now)
	for _, m := range w.history {
		s.scrape(m, starts)
	}
	return s.books()
}

// pushed tells the history in requests, with faults.
func (w *ways) pushed(name string, encode encoding) map[slo.Key]book {
	s := newStation(w.T, w.now)
	before := &moment{}
	var sent []request
	for i := range w.history {
		r := encode(w.history[i], before)
		before = &w.history[i]
		s.deliver(r, w.drawFaults(name))
		sent = append(sent, r)
		if again := rapid.IntRange(-9, len(sent)-1).Draw(w.T, name+" comes again"); again >= 0 {
			s.deliver(sent[again], nil)
		}
	}
	return s.books()
}

func (w *ways) drawFaults(name string) []fault {
	if rapid.IntRange(0, 3).Draw(w.T, name+" is disturbed") > 0 {
		return nil
	}
	return rapid.SliceOfN(rapid.SampledFrom(w.faults), 1, 3).Draw(w.T, name+" faults")
}

// almostSame fails if other events are counted, or a minute is observed that the scrape did not.
func almostSame(t *rapid.T, name string, scraped, pushed map[slo.Key]book) {
	same(t, name, counts(scraped), counts(pushed))
	for key, b := range pushed {
		seen := map[slo.Minute]bool{}
		for _, m := range scraped[key].Minutes {
			seen[m.Minute] = m.Observed
		}
		for _, m := range b.Minutes {
			if m.Observed && !seen[m.Minute] {
				t.Fatalf("%s: %s is observed in minute %v, in which the scrape did not", name, key, m.Minute)
			}
		}
	}
}

func same[T any](t *rapid.T, name string, want, got T) {
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s counts something else than the scrape (-scraped +pushed):\n%s", name, diff)
	}
}
