package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river"

	"plimsoll/alerts"
	"plimsoll/alerts/notify"
	"plimsoll/alerts/postgres"
	"plimsoll/slo"
)

// A receiver that is down is tried again until it is up; one that refuses becomes a dead letter, which can be replayed.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	letters := postgres.DeadLetters{Jobs: f.client}
	e := f.engine(t)
	f.inbox.failWith(errors.New("down"))
	f.ledger.set(map[slo.Key]int64{key: 500})
	f.evaluate(t, e, 0)
	f.evaluate(t, e, time.Minute)
	f.wait(t, 3)
	f.inbox.failWith(fmt.Errorf("%w: who are you?", notify.ErrRefused))
	letter := waitForLetter(t, letters)
	if letter.Receiver != "sre" || !strings.Contains(letter.Error, "who are you?") {
		t.Errorf("dead letter %+v", letter)
	}
	if err := letters.Replay(t.Context(), letter.ID+1); !errors.Is(err, alerts.ErrNoDeadLetter) {
		t.Errorf("replay of nothing: %v", err)
	}
	f.inbox.failWith(nil)
	if err := letters.Replay(t.Context(), letter.ID); err != nil {
		t.Fatal(err)
	}
	for len(f.wait(t, 1)) == 0 {
	}
	if left, err := letters.List(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("still dead: %v, error %v", left, err)
	}
}

// A receiver that asks for patience again and again gets it for a night; then a notice is given up as any other.
func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	snoozed, stop := f.client.Subscribe(river.EventKindJobSnoozed)
	defer stop()
	f.inbox.failWith(&notify.Later{After: time.Hour, Err: errors.New("come back in an hour")})
	e := f.engine(t)
	f.ledger.set(map[slo.Key]int64{key: 500})
	f.evaluate(t, e, 0)
	f.evaluate(t, e, time.Minute)
	<-snoozed
	if _, err := f.pool.Exec(t.Context(), `UPDATE river_job SET created_at = created_at - interval '12 hours', scheduled_at = now(), state = 'available', attempt = max_attempts - 1`); err != nil {
		t.Fatal(err)
	}
	if letter := waitForLetter(t, postgres.DeadLetters{Jobs: f.client}); letter.Attempts != 12 || !strings.Contains(letter.Error, "come back in an hour") {
		t.Errorf("%+v", letter)
	}
}

func waitForLetter(t *testing.T, letters postgres.DeadLetters) alerts.DeadLetter {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		list, err := letters.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(list) > 0 {
			return list[0]
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("no dead letter within a minute")
	return alerts.DeadLetter{}
}

// A notice that was held up is dropped when a later one has been delivered: it would tell what is no longer so.
func TestLateNoticeIsDropped(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	letters := postgres.DeadLetters{Jobs: f.client}
	e := f.engine(t)
	f.inbox.failWith(notify.ErrRefused)
	f.ledger.set(map[slo.Key]int64{key: 500})
	f.evaluate(t, e, 0)
	f.evaluate(t, e, time.Minute)
	f.wait(t, 1)
	first := waitForLetter(t, letters)
	f.inbox.failWith(nil)
	f.ledger.set(map[slo.Key]int64{key: 0})
	f.evaluate(t, e, time.Minute)
	f.evaluate(t, e, 2*time.Minute)
	f.wait(t, 1)
	finished, stop := f.client.Subscribe(river.EventKindJobCompleted)
	defer stop()
	if err := letters.Replay(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	for event := range finished {
		if event.Job.ID == first.ID {
			break
		}
	}
	if diff := cmp.Diff([]string{`all over [] after ""`}, f.wait(t, 0)); diff != "" {
		t.Error(diff)
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e, err := postgres.New(postgres.Config{
		Pool: f.pool, Ledger: f.ledger, Jobs: f.client, Tiers: alerts.Tiers(), Now: func() time.Time { return f.now },
		Routes: []postgres.Route{{Receiver: "sre", Severities: []alerts.Severity{alerts.Page}, Services: []string{"video-api"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.ledger.set(map[slo.Key]int64{key: 4, "search/latency": 500}) // 4: tickets only
	f.evaluate(t, e, 0)
	f.evaluate(t, e, time.Minute) // the tickets of one, the pages of the other: not for this receiver
	f.ledger.set(map[slo.Key]int64{key: 500})
	f.evaluate(t, e, time.Minute)
	f.wait(t, 1) // jobs of one receiver may overtake each other
	f.ledger.set(map[slo.Key]int64{key: 4})
	f.evaluate(t, e, time.Minute)
	f.evaluate(t, e, 10*time.Minute)
	want := []string{
		`more urgent [video-api/availability:page-fast video-api/availability:page-slow] after ""`,
		`changed [video-api/availability:ticket-fast video-api/availability:ticket-slow] after "message-1"`,
	}
	if diff := cmp.Diff(want, f.wait(t, 1)); diff != "" {
		t.Error(diff)
	}
}
