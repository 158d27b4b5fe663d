package deploy_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"plimsoll/collectors"
	"plimsoll/collectors/probe"
	"plimsoll/collectors/sqlcheck"
	"plimsoll/deploy"
	"plimsoll/internal/config"
	"plimsoll/platform/objectstore/blobtest"
	"plimsoll/platform/platformtest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/openslo"
)

func TestMain(m *testing.M) { blobtest.Main(m) }

// objectives are the shipped ones and those beside the examples of other sources.
func objectives(t *testing.T) []*slo.Objective {
	t.Helper()
	files, err := deploy.Objectives()
	if err != nil {
		t.Fatal(err)
	}
	more, err := config.Files("probes/objectives.yaml", "sqlchecks/objectives.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all, err := openslo.Parse(openslo.Config{CheckIndicator: collectors.CheckIndicator, Grouping: collectors.Grouping, MaxWindow: ledger.DefaultRetention}, append(files, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// read reads an example with other values in it.
func read(t *testing.T, path string, replace ...string) config.File {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(string(data), replace[i]) {
			t.Fatalf("%s has no %s", path, replace[i])
		}
		data = []byte(strings.ReplaceAll(string(data), replace[i], replace[i+1]))
	}
	return config.File{Name: path, Data: data}
}

// The examples work on the real platform: a film goes in and plays, the probes and the check count that, and the objectives hear of it.
func TestExamplesOnThePlatform(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	platform := platformtest.Start(t, cfg)
	address := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(address, []byte(cfg.Database.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	l := ledger.New(ledger.Config{})
	c, err := collectors.New(collectors.Config{Ledger: l})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetObjectives(objectives(t)); err != nil {
		t.Fatal(err)
	}

	probes, err := probe.Parse(func(string) (string, bool) { return platform.Key, true }, read(t, "probes/video.yaml", "http://127.0.0.1:8090", platform.Gateway))
	if err != nil {
		t.Fatal(err)
	}
	for i := range probes {
		probes[i].Every = time.Second // so that nobody waits for a quarter of an hour
	}
	prober, err := probe.New(probe.Config{Appender: c, Probes: probes, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	run(t, prober.Run, func() bool {
		return !slices.ContainsFunc(prober.Health(), func(s probe.Status) bool { return s.Health != probe.Up })
	}, func() string { return fmt.Sprintf("%+v", prober.Health()) })
	for _, key := range []slo.Key{"video-api/journey", "video-api/list-latency"} {
		if got, ok := l.Status(key, time.Now()); !ok || got.Window.Total == 0 || got.Window.Observed == 0 {
			t.Errorf("%s: %+v, %v", key, got.Window, ok)
		}
	}
	if got, _ := l.Status("video-api/journey", time.Now()); got.Window.Good == 0 {
		t.Errorf("no journey is good: %+v", got.Window)
	}

	checks, err := sqlcheck.Parse(read(t, "sqlchecks/video.yaml", "url_env: VIDEO_DATABASE_URL", "url_file: "+address, "delay: 11m", "delay: 0s\n    every: 1s\n    catch_up: 1h"))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now().Add(-10 * time.Minute).UnixMilli() // so that the check catches up with what the probe has done
	checker, err := sqlcheck.New(sqlcheck.Config{
		Appender: c.From("").Late(), Checks: checks, Logger: slog.New(slog.DiscardHandler),
		Last: func(ls labels.Labels) (int64, bool) {
			if t, ok := c.Last(ls); ok {
				return t, ok
			}
			return began, true
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var freshness slo.Status
	run(t, checker.Run, func() bool {
		freshness, _ = l.Status("video-api/freshness", time.Now())
		return freshness.Window.Good > 0
	}, func() string { return fmt.Sprintf("%+v, %+v", freshness.Window, checker.Health()) })
}

// run runs something until ok, up to a deadline that only a fault reaches.
func run(t *testing.T, do func(context.Context) error, ok func() bool, state func() string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	deadline, tick := time.After(2*time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(state())
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
