package telemetry_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/telemetry"
)

func TestSparse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		logger := telemetry.Sparse(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})), time.Minute)
		begin := time.Now()
		for time.Since(begin) < 90*time.Second {
			logger.Error("not fetched", "err", errors.New("away since "+time.Since(begin).String()))
			time.Sleep(time.Second)
		}
		for range 2 {
			for job := range 2 {
				logger.Warn("not done", "job", job)
				logger.With("queue", job).WithGroup("of").Warn("not done", "job", 7)
			}
		}
		want := `level=ERROR msg="not fetched" err="away since 0s"
level=ERROR msg="not fetched" err="away since 1m0s"
level=WARN msg="not done" job=0
level=WARN msg="not done" queue=0 of.job=7
level=WARN msg="not done" job=1
level=WARN msg="not done" queue=1 of.job=7
`
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		b.Reset()
		for job := range 1000 { // what was said long ago is forgotten meanwhile
			logger.Warn("given up", "job", job)
			time.Sleep(time.Second)
		}
		if lines := strings.Count(b.String(), "\n"); lines != 1000 {
			t.Errorf("%d lines of 1000 jobs", lines)
		}
	})
}
