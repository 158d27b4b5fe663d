package loops

import (
	"context"
	"log/slog"
	"time"
)

// Repeat does look at once and then every so often until ctx is done, and returns why that is. A look that fails is logged as what and done
// again in its turn.
func Repeat(ctx context.Context, every time.Duration, logger *slog.Logger, what string, look func(context.Context) error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := look(ctx); err != nil && ctx.Err() == nil {
			logger.ErrorContext(ctx, what, "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
