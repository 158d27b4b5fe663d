package cache_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"plimsoll/platform/cache"
)

var errAbsent = errors.New("absent")

type clock struct{ nanos atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(1_800_000_000, c.nanos.Load()) }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

func newCache(t *testing.T, now func() time.Time, load func(context.Context, string) (string, error)) *cache.Cache[string] {
	t.Helper()
	c, err := cache.New(cache.Config[string]{Name: "test", Load: load, Now: now, Absent: errAbsent, NegativeTTL: time.Second,
		TTL: func(v string) time.Duration {
			if v == "fleeting" {
				return 0
			}
			return time.Minute
		}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLifetimes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name         string
		value        string
		err          error
		kept, gone   time.Duration
		alwaysLoaded bool
	}{
		{name: "value", value: "v", kept: 53 * time.Second, gone: time.Minute},
		{name: "absence", err: errAbsent, kept: 800 * time.Millisecond, gone: time.Second},
		{name: "failure", err: errors.New("down"), alwaysLoaded: true},
		{name: "value without a lifetime", value: "fleeting", alwaysLoaded: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			at, loads := &clock{}, 0
			c := newCache(t, at.now, func(context.Context, string) (string, error) { loads++; return tc.value, tc.err })
			want := func(n int) {
				t.Helper()
				if v, err := c.Get(t.Context(), "k"); v != tc.value || !errors.Is(err, tc.err) || loads != n {
					t.Fatalf("%q, %v after %d loads, want %q, %v after %d", v, err, loads, tc.value, tc.err, n)
				}
			}
			want(1)
			if tc.alwaysLoaded {
				want(2)
				return
			}
			at.advance(tc.kept)
			want(1)
			at.advance(tc.gone - tc.kept)
			want(2)
		})
	}
}

func TestConcurrentMissesLoadOnce(t *testing.T) {
	t.Parallel()
	var loads atomic.Int64
	begun, release := make(chan struct{}, 1), make(chan struct{})
	c := newCache(t, nil, func(ctx context.Context, _ string) (string, error) {
		loads.Add(1)
		begun <- struct{}{}
		<-release
		return "v", ctx.Err()
	})
	impatient, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := c.Get(impatient, "k")
		left <- err
	}()
	<-begun
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the impatient caller got %v", err)
	}
	var callers sync.WaitGroup
	for range 100 {
		callers.Go(func() {
			if v, err := c.Get(t.Context(), "k"); v != "v" || err != nil {
				t.Errorf("%q, %v", v, err)
			}
		})
	}
	close(release)
	callers.Wait()
	if n := loads.Load(); n != 1 {
		t.Errorf("%d loads, want 1", n)
	}
}

// A load that began before an invalidation read what is no longer true.
func TestInvalidateDuringLoad(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	var stored atomic.Value
	stored.Store("old")
	c := newCache(t, nil, func(context.Context, string) (string, error) {
		v := stored.Load().(string)
		if v == "old" {
			close(begun)
			<-release
		}
		return v, nil
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = c.Get(t.Context(), "k")
	}()
	<-begun
	stored.Store("new")
	c.Invalidate("k")
	close(release)
	<-done
	if v, err := c.Get(t.Context(), "k"); v != "new" || err != nil {
		t.Errorf("%q, %v after the invalidation", v, err)
	}
}
