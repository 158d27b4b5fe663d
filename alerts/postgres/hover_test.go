package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/alerts"
	"plimsoll/alerts/postgres"
	"plimsoll/slo"
)

// minutes evaluates once a minute while a share of a thousand events is bad.
func (f *fixture) minutes(t *testing.T, e *postgres.Engine, n int, bad int64) {
	t.Helper()
	f.ledger.set(map[slo.Key]int64{key: bad})
	for range n {
		f.evaluate(t, e, time.Minute)
	}
}

// An end that was held back for longer than alerts are remembered says what ended, and since when it fired, all the same.
func TestEndAfterALongTimeSaysWhatEnded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.engine(t)
	for _, quiet := range []int{3, 8, 13, 23} { // two to end the alert, and none, 5, 10 and 20 to believe it
		f.minutes(t, e, 2, 500)
		f.minutes(t, e, quiet, 0)
		f.waitIdle(t)
	}
	n := f.inbox.last()
	if n.Cause != alerts.AllOver || len(n.Ended) != 2 {
		t.Fatalf("%s: %+v", n.Cause, n.Ended)
	}
	for _, ended := range n.Ended {
		if ended.Severity != alerts.Page || ended.Fired.IsZero() {
			t.Errorf("ended: %+v", ended)
		}
	}
	f.minutes(t, e, 20, 0)
	if active, err := e.Active(t.Context()); err != nil || len(active) > 0 {
		t.Errorf("remembered: %v, %v", active, err)
	}
}

// What fires in an hour that hovers is no news while people are at it, and news once they have said that it is over.
func TestNewOutageAfterPeopleSaidItIsOver(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	said := time.Time{}
	e, err := postgres.New(postgres.Config{
		Pool: f.pool, Ledger: f.ledger, Jobs: f.client, Routes: []postgres.Route{{Receiver: "sre"}}, Tiers: alerts.Tiers()[:2], Now: func() time.Time { return f.now },
		Over: func(_ context.Context, group, episode string, told time.Time) (bool, error) {
			if group != "video-api" || episode == "" {
				t.Errorf("asked about the episode %q of %q", episode, group)
			}
			return said.After(told), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name  string
		says  bool
		bad   int64
		told  alerts.Cause
		after int // notices so far
	}{
		{"it begins", false, 500, alerts.First, 1},
		{"it is over", false, 0, alerts.AllOver, 2},
		{"it is back", false, 500, alerts.Back, 3},
		{"it may be over", false, 0, alerts.Back, 3},
		{"it hovers", false, 500, alerts.Back, 3},
		{"it may be over again", false, 0, alerts.Back, 3},
		{"people say so", true, 0, alerts.AllOver, 4},
		{"a new outage", false, 500, alerts.Back, 5},
		{"what they have said is used up", false, 0, alerts.Back, 5},
		{"it hovers again", false, 500, alerts.Back, 5},
	} {
		if step.says {
			said = f.now
		}
		f.minutes(t, e, 3, step.bad) // an end is seen in the third
		got := f.waitIdle(t)
		if diff := cmp.Diff(step.told, f.inbox.last().Cause); diff != "" || len(got) != step.after {
			t.Fatalf("%s: told %q, want %d notices, the last %q", step.name, got, step.after, step.told)
		}
	}
}
