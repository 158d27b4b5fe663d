// Package loops keeps a set of named loops going and changes the set while it runs: what is gone ends, what has changed
// begins anew, what stays is not disturbed. It owns when a loop starts and ends, and knows nothing of what it does.
// [Repeat] is the loop that looks at something every so often.
package loops

import (
	"context"
	"sync"
)

// Set is a set of loops, each defined by a T. It is safe for concurrent use.
type Set[T any] struct {
	loop func(ctx context.Context, definition T)
	same func(a, b T) bool

	mu      sync.Mutex
	want    map[string]T
	running map[string]*running[T]
	ctx     context.Context // of Run; nil unless it runs
}

type running[T any] struct {
	definition T
	cancel     context.CancelFunc
	done       chan struct{}
}

// New makes an empty set. The loop of a definition goes on until its context is done. Same says whether a definition stays what it was.
func New[T any](loop func(ctx context.Context, definition T), same func(a, b T) bool) *Set[T] {
	return &Set[T]{loop: loop, same: same, running: map[string]*running[T]{}}
}

// Apply replaces the definitions. It returns when every loop that is to end has ended; there are never two of one name.
func (s *Set[T]) Apply(definitions map[string]T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.want = definitions
	if s.ctx != nil {
		s.reconcile()
	}
}

// Run keeps the loops going until ctx is done and returns when all have ended. It may run again then, but not twice at a time.
func (s *Set[T]) Run(ctx context.Context) {
	s.mu.Lock()
	s.ctx = ctx
	s.reconcile()
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ctx = nil
	s.end(func(string, T) bool { return true })
}

func (s *Set[T]) reconcile() {
	s.end(func(name string, definition T) bool {
		wanted, ok := s.want[name]
		return !ok || !s.same(wanted, definition)
	})
	for name, definition := range s.want {
		if _, ok := s.running[name]; !ok {
			s.start(name, definition)
		}
	}
}

func (s *Set[T]) start(name string, definition T) {
	ctx, cancel := context.WithCancel(s.ctx)
	r := &running[T]{definition: definition, cancel: cancel, done: make(chan struct{})}
	s.running[name] = r
	go func() {
		defer close(r.done)
		s.loop(ctx, definition)
	}()
}

// end stops the loops that which chooses, all at once, and waits for them.
func (s *Set[T]) end(which func(name string, definition T) bool) {
	var ending []*running[T]
	for name, r := range s.running {
		if which(name, r.definition) {
			r.cancel()
			ending = append(ending, r)
			delete(s.running, name)
		}
	}
	for _, r := range ending {
		<-r.done
	}
}
