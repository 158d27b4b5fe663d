package push_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

// TestWays tells one history in every way there is to tell it, each to a ledger of its own: scraped over HTTP as text and as protocol buffers,
// and pushed by remote write 1.0 and 2.0 and by OTLP, cumulative and delta. Pushed requests are not always saved at once, and come
// twice. An agent that scrapes pushes what Prometheus's scraper made of the exposition, staleness markers among it.
//
// The ledgers are the same in every byte wherever the ways tell the same. Text and remote write 1.0 have no start timestamps: they are the same
// among themselves, and lack what was counted before a new counter was seen first, unless its target was seen without it. Whoever pushes
// without the health of the target observes fewer minutes and counts the same. Deltas count the same in any order; which minutes were observed
// follows from the health of the target as it comes.
func TestWays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWays(t, rt, notSaved)
		same(rt, "remote write 1.0", w.text.books, w.agent("v1", w.text, writeV1))
		same(rt, "remote write 1.0, of protocol buffers", w.text.books, w.agent("v1", w.protobuf, writeV1))
		same(rt, "remote write 2.0", w.protobuf.books, w.agent("v2", w.protobuf, writeV2))
		same(rt, "remote write 2.0, of text", w.text.books, w.agent("v2", w.text, writeV2))
		same(rt, "OTLP, cumulative", w.protobuf.books, w.pushed("cumulative", w.cumulative(true)))
		same(rt, "OTLP, delta", w.protobuf.books, w.pushed("delta", w.delta(true)))
		almostSame(rt, "OTLP, cumulative, without health", w.protobuf.books, w.pushed("cumulative, no health", w.cumulative(false)))
		almostSame(rt, "OTLP, delta, without health", w.protobuf.books, w.pushed("delta, no health", w.delta(false)))
		deltas := rapid.Permutation(w.delta(true)).Draw(rt, "order of deltas")
		same(rt, "OTLP, delta, in any order", counts(w.protobuf.books), counts(w.pushed("delta, in any order", deltas)))
	})
}

// TestOpenMetrics scrapes what has start timestamps in seconds, of which some milliseconds are rounded down: the events are those of protocol
// buffers, but some may lie in the minute before.
func TestOpenMetrics(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		history := drawHistory(rt, time.Minute)
		got := scraped(t, history, time.Minute, openMetrics)
		same(rt, "OpenMetrics", totals(scraped(t, history, time.Minute, protobuf).books), totals(got.books))
		w := &ways{T: rt}
		same(rt, "remote write 2.0, of OpenMetrics", got.books, w.agent("v2", got, writeV2))
	})
}

// TestKilled kills the process, over and over: after it counted a request and before that was saved, and after it was saved and before the
// sender was told. Nothing is counted twice and nothing is lost. What happened to the target meanwhile is not known, so that the minutes between
// two moments more than a minute apart may count as not observed.
func TestKilled(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWays(t, rt, notSaved, killed, lostReply)
		almostSame(rt, "remote write 1.0", w.text.books, w.agent("v1", w.text, writeV1))
		almostSame(rt, "remote write 2.0", w.protobuf.books, w.agent("v2", w.protobuf, writeV2))
		almostSame(rt, "OTLP, cumulative", w.protobuf.books, w.pushed("cumulative", w.cumulative(true)))
		almostSame(rt, "OTLP, delta", w.protobuf.books, w.pushed("delta", w.delta(true)))
		deltas := rapid.Permutation(w.delta(false)).Draw(rt, "order of deltas")
		almostSame(rt, "OTLP, delta, in any order", w.protobuf.books, w.pushed("delta, in any order", deltas))
	})
}

// TestShards has a Prometheus that sends the health of a target and its counters by different connections, of which now one and now the other is
// ahead.
func TestShards(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWays(t, rt)
		for name, tc := range map[string]struct {
			of     scraping
			encode func(rapid.TB, []point) request
		}{"remote write 1.0": {w.text, writeV1}, "remote write 2.0": {w.protobuf, writeV2}} {
			s := newStation(rt, historyEnd)
			for _, samples := range tc.of.samples {
				var counters, health []point
				for _, p := range samples {
					if p.labels.Get("__name__") == "up" {
						health = append(health, p)
					} else {
						counters = append(counters, p)
					}
				}
				if rapid.Bool().Draw(rt, name+" health first") {
					counters, health = health, counters
				}
				s.deliver(tc.encode(rt, counters), nil)
				s.deliver(tc.encode(rt, health), nil)
			}
			almostSame(rt, name, tc.of.books, s.books())
		}
	})
}

// ways tell one history.
type ways struct {
	*rapid.T
	history        []moment
	text, protobuf scraping
	faults         []fault
}

func drawWays(t *testing.T, rt *rapid.T, faults ...fault) *ways {
	interval := rapid.SampledFrom([]time.Duration{15 * time.Second, time.Minute, 75 * time.Second}).Draw(rt, "interval")
	history := drawHistory(rt, interval)
	w := &ways{T: rt, faults: faults, text: scraped(t, history, interval, text), protobuf: scraped(t, history, interval, protobuf)}
	for i, m := range history {
		m = m.later(w.protobuf.first - history[0].t)
		if at := w.protobuf.samples[i][0].t; at != m.t {
			rt.Fatalf("moment %d, of %d, was scraped at %d", i, m.t, at)
		}
		w.history = append(w.history, m)
	}
	return w
}

// agent returns what is counted of a scraping that was pushed.
func (w *ways) agent(name string, of scraping, encode func(rapid.TB, []point) request) map[slo.Key]book {
	var requests []request
	for _, samples := range of.samples {
		requests = append(requests, encode(w.T, samples))
	}
	return w.pushed(name, requests)
}

func (w *ways) cumulative(health bool) []request {
	var requests []request
	for _, m := range w.history {
		requests = append(requests, m.otlp(w.T, nil, health))
	}
	return requests
}

func (w *ways) delta(health bool) []request {
	var requests []request
	before := &moment{}
	for i := range w.history {
		m := &w.history[i]
		requests = append(requests, m.otlp(w.T, before, health))
		if !m.down {
			before = m
		}
	}
	return requests
}

// pushed delivers requests, with faults.
func (w *ways) pushed(name string, requests []request) map[slo.Key]book {
	s := newStation(w.T, historyEnd)
	for i, r := range requests {
		s.deliver(r, w.drawFaults(name))
		if again := rapid.IntRange(-9, i).Draw(w.T, name+" comes again"); again >= 0 {
			s.deliver(requests[again], nil)
		}
	}
	return s.books()
}

func (w *ways) drawFaults(name string) []fault {
	if len(w.faults) == 0 || rapid.IntRange(0, 3).Draw(w.T, name+" is disturbed") > 0 {
		return nil
	}
	return rapid.SliceOfN(rapid.SampledFrom(w.faults), 1, 3).Draw(w.T, name+" faults")
}

// totals are the events of all time.
func totals(books map[slo.Key]book) map[slo.Key]slo.Counts {
	all := map[slo.Key]slo.Counts{}
	for key, b := range books {
		all[key] = sum(b.Minutes)
	}
	return all
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
