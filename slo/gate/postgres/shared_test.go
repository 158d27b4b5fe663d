package postgres

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestShared proves that many who ask at a time cost two reads, and that nobody is given what was read before they asked.
func TestShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		value, reads, atOnce := 0, 0, 0
		s := newShared(func(context.Context, string) ([]int, error) {
			reads++
			atOnce++
			defer func() { atOnce-- }()
			read := value
			time.Sleep(time.Second) // on the bubble's clock
			if atOnce > 1 {
				t.Error("two reads of one key at a time")
			}
			return []int{read}, nil
		})
		var all sync.WaitGroup
		ask := func(least int) {
			all.Go(func() {
				got, err := s.get(t.Context(), "video-api")
				if err != nil || got[0] < least {
					t.Errorf("%v, %v; it was %d when it was asked for", got, err, least)
				}
			})
		}
		ask(0)
		synctest.Wait() // the first read is under way
		value = 1
		for range 50 {
			ask(1)
		}
		all.Wait()
		if reads != 2 {
			t.Errorf("%d reads for 51 who asked", reads)
		}
		ask(1)
		all.Wait()
		synctest.Wait()
		if reads != 3 || len(s.next) != 0 {
			t.Errorf("%d reads; %d keys are kept", reads, len(s.next))
		}
	})
}

// TestSharedErrors proves that who gives up does not take the read from the others, and that all are told of its failure.
func TestSharedErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("connection refused")
		s := newShared(func(ctx context.Context, _ string) ([]int, error) {
			time.Sleep(time.Second)
			return nil, errors.Join(broken, ctx.Err())
		})
		hurried, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := s.get(hurried, "a"); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if _, err := s.get(t.Context(), "a"); !errors.Is(err, broken) || errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		cancel()
		all.Wait()
	})
}
