package promql_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"plimsoll/collectors"
	"plimsoll/collectors/promql"
	"plimsoll/collectors/promql/promtest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// await polls a source until its server is as wanted.
func await(t *testing.T, s *promql.Source, as func(promql.Health) bool) promql.Health {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		h := s.Health()[0]
		if as(h) {
			return h
		}
		if time.Now().After(deadline) {
			t.Fatalf("the source is still %+v", h)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// A source follows its server, says how it is doing while that is in trouble, and fills the gap afterwards.
func TestSource(t *testing.T) {
	t.Parallel()
	var trouble atomic.Bool
	server := promtest.New(t, flaky(rand.New(rand.NewPCG(1, 1)), &trouble))
	now := time.Now().Truncate(time.Second)
	server.Append(t, promtest.Samples(promtest.History{Seed: 3, From: now.Add(-10 * time.Minute), To: now, Every: time.Second, Targets: 1}.Scrapes())...)

	objs := objectives(source)
	odd := evaluated(slo.Indicator{Kind: slo.Thresholds, Query: `max(up)`, Op: slo.AtLeast, Value: 1})
	odd.Key = "api/odd"
	l := ledger.New(ledger.Config{})
	c, err := collectors.New(collectors.Config{Ledger: l})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetObjectives(append(objs, odd)); err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewPedanticRegistry()
	s, err := promql.New(promql.Config{
		Servers:   promql.Servers{{Name: source, URL: server.URL, Every: time.Second, Delay: time.Second}},
		Collector: c, Ledger: l, Registerer: reg, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	// As if it had been read five minutes ago and not since.
	was := now.Add(-5 * time.Minute)
	l.Commit(&ledger.Batch{Cursors: []*ledger.Cursor{{Key: `promql "prometheus"`, T: was.UnixMilli(), Value: float64(was.UnixMilli())}}})
	trouble.Store(true)

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	h := await(t, s, func(h promql.Health) bool { return h.LastError != "" })
	if !h.LastSuccess.IsZero() || h.LastErrorAt.IsZero() || h.Objectives != 3 || len(h.Approximate) != 1 || h.Approximate[0] != "api/odd" {
		t.Errorf("in trouble: %+v", h)
	}
	trouble.Store(false)
	h = await(t, s, func(h promql.Health) bool { return h.LastError == "" && h.Lag > 0 && h.Lag < 20*time.Second })
	if h.LastSuccess.IsZero() {
		t.Errorf("recovered: %+v", h)
	}
	r, _ := l.Reader("api/errors")
	if w := r.Read(slo.MinuteOf(was)-1, slo.MinuteOf(now)); w.Observed < 3 {
		t.Errorf("after the gap: %+v", w)
	}
	r, _ = l.Reader("api/odd")
	if w := r.Read(slo.MinuteOf(was)-1, slo.MinuteOf(now)); w.Total < 4 {
		t.Errorf("evaluated after the gap: %+v", w)
	}
	if n, err := testutil.GatherAndCount(reg, "plimsoll_promql_lag_seconds", "plimsoll_promql_samples_total", "plimsoll_promql_stretches_total"); err != nil || n != 4 {
		t.Errorf("%d metrics, %v", n, err)
	}

	if err := s.Apply(promql.Servers{{Name: source}}); err == nil || !strings.Contains(err.Error(), `promql[0].url: "" is not a URL`) || len(s.Health()) != 1 {
		t.Errorf("applied a bad server: %v", err)
	}
	if _, err := s.Server("promtheus"); !errors.Is(err, promql.ErrUnknownServer) || !strings.Contains(err.Error(), "prometheus") {
		t.Errorf("error %v", err)
	}
	if err := s.Apply(nil); err != nil || len(s.Health()) != 0 {
		t.Errorf("applied none: %v, %v", err, s.Health())
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestCheckServers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		servers promql.Servers
		want    string
	}{
		{"no name", promql.Servers{{URL: "http://a"}}, "promql[0].name: is missing"},
		{"a password", promql.Servers{{Name: "a", URL: "http://me:secret@a"}}, "promql[0].url: must not hold a password"},
		{"another scheme", promql.Servers{{Name: "a", URL: "ftp://a"}}, `promql[0].url: "ftp://a" is not a URL`},
		{"two of a name", promql.Servers{{Name: "a", URL: "http://a"}, {Name: "a", URL: "http://b"}}, `promql[1].name: there are two servers "a"`},
		{"too often", promql.Servers{{Name: "a", URL: "http://a", Every: time.Millisecond}}, "promql[0].every: 1ms is not between 1s and 1h0m0s"},
		{"too many samples", promql.Servers{{Name: "a", URL: "http://a", MaxSamples: 1 << 30}}, "promql[0].max_samples: 1073741824 is not between"},
		{"two tokens", promql.Servers{{Name: "a", URL: "http://a", BearerTokenEnv: "T", BearerTokenFile: "f"}}, "promql[0].bearer_token_env: there is a bearer_token_file too"},
	} {
		if err := c.servers.Check(); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.want)
		}
	}
	if err := (promql.Servers{{Name: "a", URL: "https://a/prefix"}, {Name: "b", URL: "http://b"}}).Check(); err != nil {
		t.Error(err)
	}
}
