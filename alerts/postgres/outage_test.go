package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river"

	"plimsoll/alerts"
	"plimsoll/alerts/notify"
	"plimsoll/slo"
)

// A receiver that comes back after an outage hears how things are, and no word that was meant for it before.
func TestOutageOfAReceiver(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		// again is the order in which the attempts are made once the receiver is back, by the numbers of the notices.
		again string
		bad   []int64 // during the outage, one evaluation each
		want  []string
	}{
		{"all is over, the oldest first", "ASC", []int64{500, 500, 0, 0}, []string{`all over [] after ""`}},
		{"all is over, the newest first", "DESC", []int64{500, 500, 0, 0}, []string{`all over [] after ""`}},
		{"one alert of two is over", "ASC", []int64{500, 500, 8, 8}, []string{`changed [video-api/availability:page-slow] after ""`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			e := f.engine(t)
			snoozed, stop := f.client.Subscribe(river.EventKindJobSnoozed)
			defer stop()
			f.inbox.failWith(&notify.Later{After: time.Hour, Err: errors.New("down")})
			for _, bad := range tc.bad {
				f.ledger.set(map[slo.Key]int64{key: bad})
				f.evaluate(t, e, 10*time.Minute)
			}
			<-snoozed
			<-snoozed
			f.inbox.failWith(nil)
			// One at a time, so that the order of the attempts is as the case has it.
			rows, err := f.pool.Query(t.Context(), `SELECT id FROM river_job WHERE kind = 'alert_notice' ORDER BY args->>'seq' `+tc.again)
			if err != nil {
				t.Fatal(err)
			}
			var ids []int64
			for rows.Next() {
				var id int64
				if err := rows.Scan(&id); err != nil {
					t.Fatal(err)
				}
				ids = append(ids, id)
			}
			if len(ids) != 2 {
				t.Fatalf("%d notices, want 2", len(ids))
			}
			for _, id := range ids {
				if _, err := f.pool.Exec(t.Context(), `UPDATE river_job SET state = 'available', scheduled_at = now() WHERE id = $1`, id); err != nil {
					t.Fatal(err)
				}
				f.wait(t, 1)
			}
			if diff := cmp.Diff(tc.want, f.wait(t, 0)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What ended while a receiver was away is told with the next notice: an Alertmanager would take it for firing otherwise.
func TestEndsAreNotLostInAnOutage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.engine(t)
	step := func(bad int64) {
		f.ledger.set(map[slo.Key]int64{key: bad})
		f.evaluate(t, e, 10*time.Minute)
	}
	step(500)
	step(500) // both pages
	f.waitIdle(t)
	f.inbox.failWith(notify.ErrRefused)
	step(8)
	step(8) // the fast one is over
	f.waitIdle(t)
	f.inbox.failWith(nil)
	f.evaluate(t, e, 4*time.Hour) // told again
	f.waitIdle(t)
	ended := f.inbox.last().Ended
	if len(ended) != 1 || ended[0].Tier != "page-fast" {
		t.Errorf("the notice after the outage says that %v ended", ended)
	}
}

// An attempt that is under way is not overtaken: what is newer waits for it.
func TestSlowReceiverHearsInOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.engine(t)
	goOn := f.inbox.holdUp()
	f.ledger.set(map[slo.Key]int64{key: 500})
	f.evaluate(t, e, 0)
	f.evaluate(t, e, time.Minute)
	<-f.inbox.held
	snoozed, stop := f.client.Subscribe(river.EventKindJobSnoozed)
	defer stop()
	f.ledger.set(map[slo.Key]int64{key: 0})
	f.evaluate(t, e, time.Minute)
	f.evaluate(t, e, 2*time.Minute)
	select {
	case <-snoozed:
	case <-f.inbox.held:
		t.Error("two notices are told at once")
	}
	goOn()
	want := []string{`first [video-api/availability:page-fast video-api/availability:page-slow] after ""`, `all over [] after "message-1"`}
	if diff := cmp.Diff(want, f.waitIdle(t)); diff != "" {
		t.Error(diff)
	}
}

// A process that dies while it tells leaves the turn to others.
func TestTurnOfADeadProcess(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.engine(t)
	if _, err := f.pool.Exec(t.Context(), `INSERT INTO alerts_deliveries (name, receiver, seq, reference, busy_until) VALUES ('video-api', 'sre', 0, '', now() - interval '1 ms')`); err != nil {
		t.Fatal(err)
	}
	f.ledger.set(map[slo.Key]int64{key: 500})
	f.evaluate(t, e, 0)
	f.evaluate(t, e, time.Minute)
	if got := f.waitIdle(t); len(got) != 1 {
		t.Errorf("told %q", got)
	}
}

// last is the notice that was delivered last.
func (i *inbox) last() alerts.Notice {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.newest
}
