package telemetry_test

import (
	"bytes"
	"log/slog"
	"testing"

	"plimsoll/internal/telemetry"
)

func TestQuiet(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		level slog.Level // of the program's own logger
		want  string
	}{
		{"passes its level and above", slog.LevelDebug, "level=WARN msg=slow\nlevel=ERROR msg=broken job.id=7\n"},
		{"is no louder than the program", slog.LevelError, "level=ERROR msg=broken job.id=7\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			logger := telemetry.Quiet(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: tc.level,
				ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
					if a.Key == slog.TimeKey {
						return slog.Attr{}
					}
					return a
				}})), slog.LevelWarn)
			logger.Info("started")
			logger.Warn("slow")
			job := logger.WithGroup("job").With("id", 7)
			job.Info("done")
			job.Error("broken")
			if b.String() != tc.want {
				t.Errorf("got %q, want %q", b.String(), tc.want)
			}
		})
	}
}
