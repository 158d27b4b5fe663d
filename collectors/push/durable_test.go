package push_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/ledger/postgres"
)

// TestDurable counts into a real database, and starts anew from it after each request without a word of warning.
func TestDurable(t *testing.T) {
	t.Parallel()
	history := []moment{
		{t: historyStart.UnixMilli(), requests: map[string]counter{"200": {value: 10, began: historyStart.UnixMilli() - 1000}}},
		{t: historyStart.Add(time.Minute).UnixMilli(), requests: map[string]counter{"200": {value: 30, began: historyStart.UnixMilli() - 1000}}},
		{t: historyStart.Add(2 * time.Minute).UnixMilli(), requests: map[string]counter{"200": {value: 5, began: historyStart.UnixMilli() + 90_000}}},
	}
	want := scraped(t, history, time.Minute, protobuf)
	var deltas []request
	before := &moment{}
	for i := range history {
		history[i] = history[i].later(want.samples[i][0].t - history[i].t)
		deltas = append(deltas, history[i].otlp(t, before, true))
		before = &history[i]
	}
	s := openStation(t, &database{pool: pgtest.New(t, postgres.Migrations)}, historyEnd)
	faults := [][]fault{{lostReply}, {killed, notSaved, killed}, {notSaved, lostReply}}
	for i, next := range []int{2, 0, 1} { // the newest comes first
		s.deliver(deltas[next], faults[i])
		s.start()
		s.deliver(deltas[2], nil)
	}
	if diff := cmp.Diff(counts(want.books), counts(s.books())); diff != "" {
		t.Errorf("counts something else than the scrape (-scraped +pushed):\n%s", diff)
	}
	if total := counts(s.books())["api/availability"]; sum(total).Total != 35 {
		t.Errorf("counted %+v, want 35 events", total)
	}
}

func sum(minutes []slo.MinuteCounts) (all slo.Counts) {
	for _, m := range minutes {
		all = all.Add(m.Counts)
	}
	return all
}

// database is a store in PostgreSQL.
type database struct {
	pool   *pgxpool.Pool
	store  *postgres.Store
	broken bool
}

// load takes over, so that whoever led before can save nothing any more.
func (d *database) load(l *ledger.Ledger) (err error) {
	ctx := context.Background()
	if d.store, err = postgres.New(postgres.Config{Pool: d.pool}); err != nil {
		return err
	}
	if _, err = d.store.Lead(ctx); err != nil {
		return err
	}
	return d.store.Load(ctx, l)
}

func (d *database) Save(ctx context.Context, c *ledger.Checkpoint) error {
	if d.broken {
		return errors.New("the database does not answer")
	}
	return d.store.Save(ctx, c)
}

func (d *database) breakDown(broken bool) { d.broken = broken }

func (d *database) blocks(slo.Key) map[int64][]byte { return nil }
