// Package cache is cache-aside in memory for reads of the database: a bounded number of entries, a time to live with
// jitter so that entries made together do not expire together, short-lived negative entries for what does not exist,
// and one load for any number of callers that miss the same key at the same time.
//
//	Get ─▶ fresh entry? ──yes──▶ value, or the absence it remembers
//	           │ no
//	           ▼
//	     load running for the key? ──yes──▶ wait for it
//	           │ no
//	           ▼
//	     Load ──▶ value: keep for TTL │ absent: keep for NegativeTTL │ any other error: keep nothing
//
// It never serves an entry beyond its time and never writes to what it caches.
package cache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"
)

// Config of a cache of V by string keys.
type Config[V any] struct {
	// Name is the value of the cache label in metrics. Required.
	Name string
	// Capacity is how many entries are kept at most; 10 000 if zero.
	Capacity int
	// TTL is how long a value is fresh. Required; a value whose TTL is not positive is not kept.
	TTL func(V) time.Duration
	// Absent is the error (by errors.Is) with which Load says that there is nothing under a key; nil for none.
	Absent error
	// NegativeTTL is how long an absence is remembered; zero for not at all.
	NegativeTTL time.Duration
	// Load reads what is not cached. It runs detached from the caller that missed first, because others wait for it too.
	// Required.
	Load func(ctx context.Context, key string) (V, error)
	// LoadTimeout bounds one load; 10 s if zero.
	LoadTimeout time.Duration
	// Metrics may be nil.
	Metrics *Metrics
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

// jitter is the largest fraction by which a time to live is shortened.
const jitter = 0.1

// Cache of values. It is safe for concurrent use.
type Cache[V any] struct {
	cfg     Config[V]
	entries *otter.Cache[string, entry[V]]
	loads   singleflight.Group
	epoch   atomic.Uint64 // of invalidations: a load that began in an earlier one keeps nothing
}

type entry[V any] struct {
	value V
	err   error // the absence, of a negative entry
	until time.Time
}

// New makes an empty cache.
func New[V any](cfg Config[V]) (*Cache[V], error) {
	if cfg.Name == "" || cfg.TTL == nil || cfg.Load == nil {
		return nil, errors.New("a cache needs a name, a time to live and a load")
	}
	cfg.Capacity = cmp.Or(cfg.Capacity, 10_000)
	cfg.LoadTimeout = cmp.Or(cfg.LoadTimeout, 10*time.Second)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	entries, err := otter.New(&otter.Options[string, entry[V]]{MaximumSize: cfg.Capacity})
	if err != nil {
		return nil, fmt.Errorf("make cache %s: %w", cfg.Name, err)
	}
	return &Cache[V]{cfg: cfg, entries: entries}, nil
}

// Get returns the value of a key, cached or loaded. Its errors are Load's, or the context's.
func (c *Cache[V]) Get(ctx context.Context, key string) (V, error) {
	if e, ok := c.fresh(key); ok {
		c.cfg.Metrics.count(c.cfg.Name, e.err)
		return e.value, e.err
	}
	c.cfg.Metrics.miss(c.cfg.Name)
	loaded := c.loads.DoChan(key, func() (any, error) { return c.load(context.WithoutCancel(ctx), key) })
	select {
	case r := <-loaded:
		value, _ := r.Val.(V)
		return value, r.Err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

func (c *Cache[V]) fresh(key string) (entry[V], bool) {
	e, ok := c.entries.GetIfPresent(key)
	return e, ok && c.cfg.Now().Before(e.until)
}

// load runs once for all callers that wait for a key.
func (c *Cache[V]) load(ctx context.Context, key string) (V, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.LoadTimeout)
	defer cancel()
	epoch := c.epoch.Load()
	if e, ok := c.fresh(key); ok { // the load before this one ended after this caller had missed
		return e.value, e.err
	}
	value, err := c.cfg.Load(ctx, key)
	ttl := time.Duration(0)
	switch {
	case err == nil:
		ttl = c.cfg.TTL(value)
	case c.cfg.Absent != nil && errors.Is(err, c.cfg.Absent):
		ttl = c.cfg.NegativeTTL
	}
	if ttl > 0 && epoch == c.epoch.Load() {
		ttl -= time.Duration(rand.Float64() * jitter * float64(ttl))
		c.entries.Set(key, entry[V]{value: value, err: err, until: c.cfg.Now().Add(ttl)})
	}
	return value, err
}

// Invalidate forgets a key. A load of it that is under way keeps nothing.
func (c *Cache[V]) Invalidate(key string) {
	c.epoch.Add(1)
	c.loads.Forget(key)
	c.entries.Invalidate(key)
}
