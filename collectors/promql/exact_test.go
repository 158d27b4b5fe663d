package promql_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/collectors"
	"plimsoll/collectors/promql"
	"plimsoll/collectors/promql/promtest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

const source = "prometheus"

var base = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// objectives are the shipped shapes: good and total, bad and total, of one metric.
func objectives(source string) []*slo.Objective {
	make := func(name string, ind slo.Indicator) *slo.Objective {
		ind.Source = source
		return &slo.Objective{
			Key: slo.Key("api/" + name), Service: "api", Name: name, DisplayName: name, Target: 999_000_000,
			Window: slo.Window{Length: 30 * 24 * time.Hour}, Method: slo.Occurrences, Indicator: ind, File: "test.yaml", Line: 1,
		}
	}
	return []*slo.Objective{
		make("availability", slo.Indicator{Good: `sum(rate(requests_total{code=~"2..|404"}[5m]))`, Total: `sum(rate(requests_total[5m]))`}),
		make("errors", slo.Indicator{Bad: `requests_total{code=~"5..", job="api"}`, Total: `requests_total{job="api"}`}),
	}
}

// clock is moved by hand.
type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time { return time.UnixMilli(c.ms.Load()).UTC() }

// counted is a ledger with the collector that counts into it.
type counted struct {
	clock     *clock
	ledger    *ledger.Ledger
	collector *collectors.Collector
}

func newCounted(t testing.TB, objs []*slo.Objective) *counted {
	t.Helper()
	c := &counted{clock: &clock{}}
	c.ledger = ledger.New(ledger.Config{Now: c.clock.now})
	var err error
	if c.collector, err = collectors.New(collectors.Config{Ledger: c.ledger, Now: c.clock.now}); err != nil {
		t.Fatal(err)
	}
	if err := c.collector.SetObjectives(objs); err != nil {
		t.Fatal(err)
	}
	return c
}

// scrape counts scrapes at the time at which they happened.
func (c *counted) scrape(t testing.TB, into storage.AppendableV2, scrapes []promtest.Scrape) {
	t.Helper()
	for _, s := range scrapes {
		c.clock.ms.Store(s.T)
		app := into.AppenderV2(t.Context())
		for _, p := range s.Samples {
			if _, err := app.Append(0, p.Labels, 0, p.T, p.V, nil, nil, storage.AOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

// books returns all that a ledger holds of an objective.
func books(t testing.TB, l *ledger.Ledger, key slo.Key) []slo.MinuteCounts {
	t.Helper()
	r, ok := l.Reader(key)
	if !ok {
		t.Fatalf("no objective %s", key)
	}
	var all []slo.MinuteCounts
	r.Each(0, slo.MinuteOf(base)+60*24*60, func(m slo.MinuteCounts) bool {
		all = append(all, m)
		return true
	})
	return all
}

// flaky answers some requests as a server in trouble does.
func flaky(rng *rand.Rand, trouble *atomic.Bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !trouble.Load() {
				next.ServeHTTP(w, r)
				return
			}
			switch rng.IntN(4) {
			case 0:
				http.Error(w, "upstream", http.StatusBadGateway)
			case 1:
				w.Header().Set("Retry-After", "1")
				http.Error(w, "slow down", http.StatusTooManyRequests)
			case 2:
				fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[{"met`)
			default:
				fmt.Fprint(w, `{"status":"success","warnings":["store 10.0.0.7 did not answer"],"data":{"resultType":"matrix","result":[]}}`)
			}
		})
	}
}

// Raw samples through the query API give the same ledger as scraping them, whatever the stretches are, and whatever the server does in between.
func TestAsExactAsScraping(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 2))
			var trouble atomic.Bool
			server := promtest.New(t, flaky(rng, &trouble))
			scrapes := promtest.History{Seed: seed, From: base, To: base.Add(12 * time.Hour), Every: 15 * time.Second, Targets: 3}.Scrapes()
			scraped := newCounted(t, objectives(source))
			scraped.scrape(t, scraped.collector.From(source), scrapes)

			read := newCounted(t, objectives(source))
			pump := newPump(t, server.URL, read)
			for stored, to := 0, base; to.Before(base.Add(13 * time.Hour)); {
				to = to.Add(time.Duration(rng.IntN(1800)) * time.Second)
				first := stored
				for stored < len(scrapes) && scrapes[stored].T <= to.UnixMilli() {
					stored++
				}
				server.Append(t, promtest.Samples(scrapes[first:stored])...)
				read.clock.ms.Store(to.UnixMilli())
				trouble.Store(rng.IntN(3) == 0)
				drain(t, pump, to, trouble.Load())
			}
			trouble.Store(false)
			drain(t, pump, base.Add(13*time.Hour), false)
			for _, o := range objectives(source) {
				want, got := books(t, scraped.ledger, o.Key), books(t, read.ledger, o.Key)
				if len(want) < 500 {
					t.Fatalf("only %d minutes were scraped", len(want))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-scraped +read):\n%s", o.Key, diff)
				}
			}
		})
	}
}

func newPump(t testing.TB, url string, into *counted) *promql.Pump {
	t.Helper()
	pump, err := promql.NewPump(promql.Server{Name: source, URL: url}, promql.Into{
		Key: "promql", Appenders: []storage.AppendableV2{into.collector.From(source).Late()}, Ledger: into.ledger, Now: into.clock.now,
		Selectors:  func() [][]*labels.Matcher { return into.collector.Selectors(source) },
		Objectives: into.ledger.Objectives,
	})
	if err != nil {
		t.Fatal(err)
	}
	return pump
}

// drain reads up to an instant. In trouble it gives up with the first error, which must not have moved the position.
func drain(t testing.TB, pump *promql.Pump, to time.Time, trouble bool) {
	t.Helper()
	for {
		before, _ := pump.Position()
		if !before.Before(to) {
			return
		}
		_, err := pump.Advance(t.Context(), base, to)
		after, _ := pump.Position()
		switch {
		case err != nil && !after.Equal(before):
			t.Fatalf("the position moved from %s to %s in spite of %v", before, after, err)
		case err != nil && trouble && !errors.Is(err, context.Canceled):
			return
		case err != nil:
			t.Fatal(err)
		case !after.After(before):
			t.Fatalf("the position stayed at %s", before)
		}
	}
}
