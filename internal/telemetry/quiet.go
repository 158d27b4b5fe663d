package telemetry

import (
	"context"
	"log/slog"
)

// Quiet returns a logger that passes on to logger what is at least at level, and still obeys logger's own level. It is for
// libraries whose everyday messages mean nothing to the person who runs the program.
func Quiet(logger *slog.Logger, level slog.Level) *slog.Logger {
	return slog.New(quiet{logger.Handler(), level})
}

type quiet struct {
	slog.Handler
	level slog.Level
}

// Enabled implements [slog.Handler].
func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= q.level && q.Handler.Enabled(ctx, level)
}

// WithAttrs implements [slog.Handler].
func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quiet{q.Handler.WithAttrs(attrs), q.level}
}

// WithGroup implements [slog.Handler].
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name), q.level} }
