package telemetry

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// Sparse returns a logger that passes a message on to logger at most once within a time, whatever the error is that it carries. It is for
// libraries that say every second of an outage what they said in the second before. Messages about different things, such as two
// jobs, are different messages.
func Sparse(logger *slog.Logger, within time.Duration) *slog.Logger {
	return slog.New(sparse{logger.Handler(), "", &said{within: within, at: map[string]time.Time{}}})
}

type sparse struct {
	slog.Handler
	of   string // attributes and groups of this logger
	said *said
}

// said is when each message was passed on.
type said struct {
	within time.Duration

	mu sync.Mutex
	at map[string]time.Time // of the messages within that time, and some older ones
	n  int                  // of at, when the older ones were dropped last
}

// Handle implements [slog.Handler].
func (s sparse) Handle(ctx context.Context, r slog.Record) error {
	var key strings.Builder
	key.WriteString(s.of + "\x00" + r.Message)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "err" && a.Key != "error" {
			key.WriteString("\x00" + a.String())
		}
		return true
	})
	if !s.said.first(key.String(), r.Time) {
		return nil
	}
	return s.Handler.Handle(ctx, r)
}

// first reports whether a message has not been passed on within the time before an instant, and notes that it is now.
func (s *said) first(message string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := s.at[message]; ok && now.Sub(at) < s.within {
		return false
	}
	s.at[message] = now
	if len(s.at) > 2*s.n+100 {
		for other, at := range s.at {
			if now.Sub(at) >= s.within {
				delete(s.at, other)
			}
		}
		s.n = len(s.at)
	}
	return true
}

// WithAttrs implements [slog.Handler].
func (s sparse) WithAttrs(attrs []slog.Attr) slog.Handler {
	of := s.of
	for _, a := range attrs {
		of += "\x00" + a.String()
	}
	return sparse{s.Handler.WithAttrs(attrs), of, s.said}
}

// WithGroup implements [slog.Handler].
func (s sparse) WithGroup(name string) slog.Handler {
	return sparse{s.Handler.WithGroup(name), s.of + "\x00" + name, s.said}
}
