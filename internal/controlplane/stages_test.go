package controlplane

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStagesStopInReverse(t *testing.T) {
	t.Parallel()
	var order []string
	s := newStages()
	for _, name := range []string{"first", "second", "third"} {
		s.start(name, func(ctx context.Context) error {
			<-ctx.Done()
			order = append(order, name) // one at a time: each is waited for
			return ctx.Err()
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.wait(ctx); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"third", "second", "first"}, order); diff != "" {
		t.Error(diff)
	}
}

func TestStagesStopWhenOneFails(t *testing.T) {
	t.Parallel()
	s := newStages()
	s.start("good", func(ctx context.Context) error { <-ctx.Done(); return nil })
	s.start("bad", func(context.Context) error { return errors.New("no luck") })
	if err := s.wait(t.Context()); err == nil || !strings.Contains(err.Error(), "bad: no luck") {
		t.Errorf("%v, want what went wrong", err)
	}
}
