package postgres_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo/ledger/postgres"
)

func newLock(t *testing.T, pool *pgxpool.Pool, silence time.Duration) *postgres.Lock {
	t.Helper()
	l := postgres.NewLock(pool, silence)
	t.Cleanup(l.Release)
	return l
}

// try says whether a lock was had, and ends the test after an error.
func try(t *testing.T, l *postgres.Lock) bool {
	t.Helper()
	held, err := l.Try(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func TestLockIsHeldByOne(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	a, b := newLock(t, pool, 0), newLock(t, pool, 0)
	for range 2 {
		if !try(t, a) {
			t.Error("a free lock was not had, or not kept")
		}
	}
	if try(t, b) {
		t.Error("two hold the lock")
	}
	lead(t, pool)
	if epoch, err := b.Epoch(t.Context()); err != nil || epoch != 1 {
		t.Errorf("epoch %d, %v; want 1, also for who does not hold the lock", epoch, err)
	}
	a.Release()
	if !eventuallyHeld(t, b) {
		t.Error("a released lock is not free")
	}
}

// A holder that is silent loses the lock without its doing, and notices.
func TestSilentHolderLosesTheLock(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	frozen, other := newLock(t, pool, 500*time.Millisecond), newLock(t, pool, 0)
	if !try(t, frozen) {
		t.Fatal("a free lock was not had")
	}
	if !eventuallyHeld(t, other) {
		t.Fatal("a silent holder keeps the lock")
	}
	if _, err := frozen.Epoch(t.Context()); err == nil {
		t.Error("the silent holder does not notice")
	}
	if try(t, frozen) {
		t.Error("it takes the lock from the other")
	}
}

func eventuallyHeld(t *testing.T, l *postgres.Lock) bool {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if try(t, l) {
			return true
		}
	}
	return false
}
