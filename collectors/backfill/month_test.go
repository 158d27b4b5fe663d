package backfill_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/collectors/backfill"
	"plimsoll/collectors/promql"
	"plimsoll/collectors/promql/promtest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// after is how long live counting goes on after a backfill.
const after = 3 * time.Hour

// aMonth is a history that begins at base, and what counting it live throughout gives, by objective.
type aMonth struct {
	scrapes []promtest.Scrape
	books   map[slo.Key][]slo.MinuteCounts
}

func newMonth(t testing.TB) *aMonth {
	m := &aMonth{
		scrapes: promtest.History{Seed: 7, From: base, To: base.Add(month + after), Every: 5 * time.Minute, Targets: 2}.Scrapes(),
		books:   map[slo.Key][]slo.MinuteCounts{},
	}
	p := start(t, nil, at(base), objectives())
	p.scrape(t, "", m.scrapes)
	for _, o := range objectives() {
		if m.books[o.Key] = books(t, p.ledger, o.Key); len(m.books[o.Key]) < 20_000 {
			t.Fatalf("only %d minutes of %s were counted", len(m.books[o.Key]), o.Key)
		}
	}
	return m
}

// between returns the scrapes after from and up to to, as times since base.
func (m *aMonth) between(from, to time.Duration) []promtest.Scrape {
	var part []promtest.Scrape
	for _, s := range m.scrapes {
		if s.T > base.Add(from).UnixMilli() && s.T <= base.Add(to).UnixMilli() {
			part = append(part, s)
		}
	}
	return part
}

// compare fails if a ledger does not hold the month to the event.
func (m *aMonth) compare(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	for key, want := range m.books {
		if diff := cmp.Diff(want, books(t, l, key)); diff != "" {
			t.Errorf("%s (-counted live throughout +filled):\n%s", key, abridged(diff))
		}
	}
}

// Thirty days from a real Prometheus equal thirty days of live counting: counters that begin anew, series that come and go, targets that are
// down, and times when nobody scraped. Live counting began some time before the backfill, and goes on after it.
func TestMonth(t *testing.T) {
	t.Parallel()
	m := newMonth(t)
	cases := []struct {
		name   string
		source string        // of the objectives
		live   time.Duration // since when they have been counted live
	}{
		{"before going live", "", 0},
		{"just gone live", "", 10 * time.Minute},
		{"live for an hour", "", time.Hour},
		{"live for a day", "", 24 * time.Hour},
		{"read from the same server", "prometheus", time.Hour},
	}
	if testing.Short() {
		cases = cases[2:3] // the code that runs is the same in each
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			objs := objectives()
			for _, o := range objs {
				o.Indicator.Source = c.source
			}
			server := promtest.New(t)
			server.Append(t, promtest.Samples(m.between(-1, month))...)
			p := start(t, newDatabase(t), at(base.Add(month)), objs)
			p.scrape(t, c.source, m.between(month-c.live, month))
			p.clock.ms.Store(base.Add(month + time.Minute).UnixMilli())
			job, err := p.jobs.Create(t.Context(), backfill.Spec{From: base, Source: "prometheus"}, "ada", p.clock.now())
			if err != nil {
				t.Fatal(err)
			}
			job = run(t, p.config(promql.Server{Name: "prometheus", URL: server.URL}), p.jobs, job.ID)
			if job.State != backfill.Done || job.Samples < int64(len(m.scrapes)) {
				t.Fatalf("the backfill ended as %+v", job)
			}
			p.scrape(t, c.source, m.between(month, month+after))
			m.compare(t, p.ledger)
		})
	}
}

// abridged bounds a diff of a month.
func abridged(diff string) string {
	const most = 3000
	if len(diff) <= most {
		return diff
	}
	return fmt.Sprintf("%s… (%d bytes)", diff[:most], len(diff))
}
