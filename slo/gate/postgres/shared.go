package postgres

import (
	"context"
	"slices"
	"sync"
	"time"
)

// sharedTimeout bounds a read that several callers wait for, of whom none may cancel it.
const sharedTimeout = 10 * time.Second

// shared makes one read of many that ask for the same at the same time. Nobody is given what was read before they asked: who comes while a read is
// under way shares the next. So there is one read at a time of each key, however many ask.
type shared[V any] struct {
	read func(ctx context.Context, key string) ([]V, error)

	mu   sync.Mutex
	next map[string]*flight[V] // of the keys that are being read: what is read after that; nil while nobody waits for it
}

// flight is one read.
type flight[V any] struct {
	done chan struct{} // closed when the values are there
	list []V
	err  error
}

func newShared[V any](read func(ctx context.Context, key string) ([]V, error)) *shared[V] {
	return &shared[V]{read: read, next: map[string]*flight[V]{}}
}

// get returns what is read of a key from now on. The list is the caller's own.
func (s *shared[V]) get(ctx context.Context, key string) ([]V, error) {
	f := s.join(ctx, key)
	select {
	case <-f.done:
		return slices.Clone(f.list), f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// join returns a read of a key that has not begun yet, or begins one.
func (s *shared[V]) join(ctx context.Context, key string) *flight[V] {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting, busy := s.next[key]
	if busy && waiting != nil {
		return waiting
	}
	f := &flight[V]{done: make(chan struct{})}
	s.next[key] = f
	if !busy {
		s.next[key] = nil
		go s.run(context.WithoutCancel(ctx), key, f)
	}
	return f
}

// run reads until nobody waits any more.
func (s *shared[V]) run(ctx context.Context, key string, f *flight[V]) {
	for f != nil {
		within, cancel := context.WithTimeout(ctx, sharedTimeout)
		f.list, f.err = s.read(within, key)
		cancel()
		close(f.done)
		s.mu.Lock()
		if f = s.next[key]; f == nil {
			delete(s.next, key)
		} else {
			s.next[key] = nil
		}
		s.mu.Unlock()
	}
}
