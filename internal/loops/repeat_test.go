package loops_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"plimsoll/internal/loops"
)

// TestRepeat looks at once and then in turn, whatever a look comes to, and ends with its context.
func TestRepeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		looks := 0
		err := loops.Repeat(ctx, 10*time.Second, slog.New(slog.DiscardHandler), "not looked", func(context.Context) error {
			looks++
			return errors.New("away")
		})
		if looks != 3 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%d looks, %v; want 3 until the deadline", looks, err)
		}
	})
}
