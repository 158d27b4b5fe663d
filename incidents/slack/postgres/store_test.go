package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/incidents/slack"
	"plimsoll/incidents/slack/postgres"
	"plimsoll/internal/pg/pgtest"
)

// TestLease: of many who would change a room at once one may, what that one saves is there for the next, and a holder whose lease was
// taken over changes nothing more.
func TestLease(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := pgtest.New(t, incidentspg.Migrations, postgres.Migrations)
	incidentStore, err := incidentspg.New(incidentspg.Config{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := incidentStore.Declare(ctx, incidents.Declare{Title: "fire", Source: incidents.SourceAPI}, incidents.Caller{Subject: "ada"}); err != nil {
		t.Fatal(err)
	}
	s := postgres.New(pool)
	held := make([]slack.Room, 8)
	got := make([]bool, len(held))
	var wg sync.WaitGroup
	for n := range held {
		wg.Go(func() {
			var err error
			if held[n], got[n], err = s.Lease(ctx, 1); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var room slack.Room
	holders := 0
	for n, ok := range got {
		if ok {
			room, holders = held[n], holders+1
		}
	}
	if holders != 1 {
		t.Fatalf("%d hold the lease", holders)
	}
	room.Channel, room.Cards, room.Told = "C1", map[string]slack.Card{"C1": {Timestamp: "1.2", Digest: "d"}}, 7
	if err := s.Save(ctx, room); err != nil {
		t.Fatal(err)
	}
	if ref, err := s.Incident(ctx, "C1"); ref != 1 || err != nil {
		t.Errorf("the channel is that of %v (%v)", ref, err)
	}
	if ref, err := s.Incident(ctx, "C2"); ref != 0 || err != nil {
		t.Errorf("another channel is that of %v (%v)", ref, err)
	}
	if _, err := pool.Exec(ctx, `UPDATE slack_rooms SET lease_until = now() - interval '1 second'`); err != nil { // its holder died
		t.Fatal(err)
	}
	next, ok, err := s.Lease(ctx, 1)
	if err != nil || !ok {
		t.Fatalf("nobody gets the lease of one who died: %v, %v", ok, err)
	}
	for name, err := range map[string]error{"save": s.Save(ctx, room), "release": s.Release(ctx, room)} {
		if !errors.Is(err, slack.ErrLeaseLost) {
			t.Errorf("%s by the one who lost the lease: %v", name, err)
		}
	}
	room.Lease = next.Lease
	if d := cmp.Diff(room, next); d != "" {
		t.Errorf("(-saved +read):\n%s", d)
	}
	if err := s.Release(ctx, next); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Lease(ctx, 1); !ok || err != nil {
		t.Errorf("after it was released: %v, %v", ok, err)
	}
}

func TestPins(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := pgtest.New(t, incidentspg.Migrations, postgres.Migrations)
	incidentStore, err := incidentspg.New(incidentspg.Config{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := incidentStore.Declare(ctx, incidents.Declare{Title: "fire", Source: incidents.SourceAPI}, incidents.Caller{Subject: "ada"}); err != nil {
		t.Fatal(err)
	}
	s := postgres.New(pool)
	p := slack.Pin{Channel: "C1", Timestamp: "1.2", Incident: 1, Entry: 3}
	for range 2 {
		if err := s.Pin(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	if got, ok, err := s.Pinned(ctx, "C1", "1.2"); got != p || !ok || err != nil {
		t.Errorf("%+v, %v, %v", got, ok, err)
	}
	if _, ok, err := s.Pinned(ctx, "C1", "1.3"); ok || err != nil {
		t.Errorf("another message: %v, %v", ok, err)
	}
}
