package queue

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	oops := errors.New("oops")
	for name, tc := range map[string]struct {
		err, stopped  error
		failures, max int
		want          settlement
	}{
		"first failure":      {oops, nil, 0, 4, settlement{outcome: Retry, status: "queued", spends: true, after: 10 * time.Second}},
		"third failure":      {oops, nil, 2, 4, settlement{outcome: Retry, status: "queued", spends: true, after: 40 * time.Second}},
		"last failure":       {oops, nil, 3, 4, settlement{outcome: Dead, status: "dead", spends: true, reason: spentReason}},
		"permanent":          {fmt.Errorf("probe: %w", Permanent("not a video", oops)), nil, 0, 4, settlement{outcome: Failed, status: "failed", spends: true, reason: "not a video"}},
		"outage":             {Postpone(oops), nil, 3, 4, settlement{outcome: Postponed, status: "queued", after: postponement}},
		"stopped":            {context.Canceled, ErrStopping, 3, 4, settlement{outcome: Released, status: "queued"}},
		"stopped, misjudged": {Permanent("killed", nil), ErrStopping, 3, 4, settlement{outcome: Released, status: "queued"}},
		"lease lost":         {oops, fmt.Errorf("%w: gone", ErrLeaseLost), 0, 4, settlement{outcome: Lost}},
		"lost at settling":   {fmt.Errorf("settle: %w", ErrLeaseLost), nil, 0, 4, settlement{outcome: Lost}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := decide(tc.err, tc.stopped, tc.failures, tc.max, exponential); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestBackoffGrowsToItsLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 1000).Draw(t, "failures")
		this, next := exponential(n), exponential(n+1)
		if this < firstBackoff || next < this || next > longestBackoff {
			t.Errorf("after %d failures %s, then %s", n, this, next)
		}
	})
}
