package controlplane

import (
	"context"
	"errors"
	"fmt"
)

// stages are parts that run at the same time, are started in order and stopped in the reverse one.
type stages struct {
	list   []*stage
	failed chan struct{} // has room for one: the first that ends before it is stopped
}

type stage struct {
	name   string
	cancel context.CancelCauseFunc
	done   chan struct{}
	err    error
}

func newStages() *stages { return &stages{failed: make(chan struct{}, 1)} }

// start runs a part until it is stopped. What ends by itself, with an error or without, stops all.
func (s *stages) start(name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	st := &stage{name: name, cancel: cancel, done: make(chan struct{})}
	s.list = append(s.list, st)
	go func() {
		defer close(st.done)
		err := run(ctx)
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = nil
		}
		if err != nil {
			st.err = fmt.Errorf("%s: %w", name, err)
		} else if ctx.Err() == nil {
			st.err = fmt.Errorf("%s ended by itself", name)
		}
		if st.err != nil {
			select {
			case s.failed <- struct{}{}:
			default:
			}
		}
	}()
}

// wait blocks until ctx is done or a part has ended, then stops all, the last first, and returns what went wrong. The parts see why
// ctx is done.
func (s *stages) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-s.failed:
	}
	return s.stop(context.Cause(ctx))
}

func (s *stages) stop(cause error) error {
	var errs []error
	for i := len(s.list) - 1; i >= 0; i-- {
		s.list[i].cancel(cause)
		<-s.list[i].done
		errs = append(errs, s.list[i].err)
	}
	return errors.Join(errs...)
}
