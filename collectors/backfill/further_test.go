package backfill_test

import (
	"strings"
	"testing"
	"time"

	"plimsoll/collectors/backfill"
	"plimsoll/collectors/promql"
	"plimsoll/collectors/promql/promtest"
	"plimsoll/slo/ledger"
)

// events sums all that a ledger holds of the objectives.
func events(t *testing.T, l *ledger.Ledger) (total int64) {
	for _, o := range objectives() {
		for _, m := range books(t, l, o.Key) {
			total += m.Total
		}
	}
	return total
}

// What has just been filled can be filled again, but not further back: that is refused, and the answer says from when on it can be.
func TestFurtherBack(t *testing.T) {
	t.Parallel()
	server := promtest.New(t)
	scrapes := promtest.History{Seed: 5, From: base, To: base.Add(8 * 24 * time.Hour), Every: 5 * time.Minute, Targets: 1}.Scrapes()
	server.Append(t, promtest.Samples(scrapes)...)
	pool := newDatabase(t)
	p := start(t, pool, at(base.Add(8*24*time.Hour)), objectives())
	fill := func(from time.Duration) backfill.Job {
		t.Helper()
		job, err := p.jobs.Create(t.Context(), backfill.Spec{From: base.Add(from), Source: "prometheus"}, "ada", p.clock.now())
		if err != nil {
			t.Fatal(err)
		}
		return run(t, p.config(promql.Server{Name: "prometheus", URL: server.URL}), p.jobs, job.ID)
	}
	if job := fill(4 * 24 * time.Hour); job.State != backfill.Done {
		t.Fatalf("the first ended as %+v", job)
	}
	half := events(t, p.ledger)
	for _, from := range []time.Duration{4 * 24 * time.Hour, 6 * 24 * time.Hour} {
		if job := fill(from); job.State != backfill.Done || events(t, p.ledger) != half {
			t.Errorf("from %v again: %+v, %d events; there were %d", from, job, events(t, p.ledger), half)
		}
	}
	job := fill(0)
	if job.State != backfill.Failed || events(t, p.ledger) != half {
		t.Errorf("further back: %+v", job)
	}
	for _, says := range []string{"api/availability was filled from 2026-03-05T00:00:00Z on", "can be filled after 2026-03-15T"} {
		if !strings.Contains(job.Problem, says) {
			t.Errorf("the problem is %q, want that it says %q", job.Problem, says)
		}
	}
	p.clock.ms.Store(base.Add(15 * 24 * time.Hour).UnixMilli())
	if job := fill(0); job.State != backfill.Done || events(t, p.ledger) < half*3/2 {
		t.Errorf("a week later: %+v, %d events", job, events(t, p.ledger))
	}
}

// A server that has samples only every 40 minutes, and was last asked before counting live began, loses no event at the seam.
func TestRareSamples(t *testing.T) {
	t.Parallel()
	const whole, seam = 24 * time.Hour, 23 * time.Hour
	scrapes := promtest.History{Seed: 9, From: base, To: base.Add(whole), Every: 10 * time.Minute, Targets: 1}.Scrapes()
	var rare, live []promtest.Scrape
	for i, s := range scrapes {
		switch {
		case s.T > base.Add(seam).UnixMilli():
			live = append(live, s)
		case i%4 == 0:
			rare = append(rare, s)
		}
	}
	throughout := start(t, nil, at(base), objectives())
	throughout.scrape(t, "", append(append([]promtest.Scrape{}, rare...), live...))
	server := promtest.New(t)
	server.Append(t, promtest.Samples(rare)...)
	pool := newDatabase(t)
	p := start(t, pool, at(base.Add(whole)), objectives())
	p.scrape(t, "", live)
	job, err := p.jobs.Create(t.Context(), backfill.Spec{From: base, Source: "prometheus"}, "ada", p.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	if job = run(t, p.config(promql.Server{Name: "prometheus", URL: server.URL}), p.jobs, job.ID); job.State != backfill.Done {
		t.Fatalf("ended as %+v", job)
	}
	if got, want := events(t, p.ledger), events(t, throughout.ledger); got != want {
		t.Errorf("%d events, counted live throughout %d", got, want)
	}
}
