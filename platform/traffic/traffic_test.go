package traffic_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"plimsoll/platform/objectstore/blobtest"
	"plimsoll/platform/platformtest"
	"plimsoll/platform/traffic"
)

func TestMain(m *testing.M) { blobtest.Main(m) }

// With uploads and viewers at work, the client and the platform agree on every request, at the gateway and at the edge.
func TestCountsAgreeWithThePlatform(t *testing.T) {
	t.Parallel()
	p := platformtest.Start(t, platformtest.Config(t))
	run, err := traffic.New(traffic.Config{URL: p.Gateway, Key: p.Key, Rate: 150, Clips: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		defer stop()
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			if s := run.Snapshot(); s.Uploads.Ready == 1 && s.Roles[traffic.Edge].Requests > 50 {
				return
			}
		}
	}()
	report, err := run.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if report.Uploads != (traffic.Uploads{Started: 1, Ready: 1}) || report.Roles[traffic.Storage].Good != 1 {
		t.Errorf("uploads %+v, storage %+v", report.Uploads, report.Roles[traffic.Storage])
	}
	// The end of an answer may arrive a moment before the platform counts it.
	counted := scrape(t, p.Ops)
	for deadline := time.Now().Add(10 * time.Second); behind(counted, report) && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		counted = scrape(t, p.Ops)
	}
	for _, role := range []string{traffic.Gateway, traffic.Edge} {
		seen := report.Roles[role]
		if seen.Requests == 0 || seen.Requests != counted[role] || seen.Good+seen.Bad != seen.Requests || seen.Unanswered != 0 || seen.Broken != 0 {
			t.Errorf("%s: saw %+v, the platform counted %d", role, seen, counted[role])
		}
		if q := seen.Latency; q.P50 <= 0 || q.P50 > q.P95 || q.P95 > q.P99 || q.P99 > q.Max {
			t.Errorf("%s: latencies %+v", role, q)
		}
	}
	var table strings.Builder
	if err := report.WriteTable(&table); err != nil || !strings.Contains(table.String(), "1 ready") {
		t.Errorf("%v\n%s", err, &table)
	}
}

func behind(counted map[string]int64, r traffic.Report) bool {
	return counted[traffic.Gateway] < r.Roles[traffic.Gateway].Requests || counted[traffic.Edge] < r.Roles[traffic.Edge].Requests
}

func scrape(t *testing.T, ops string) map[string]int64 {
	t.Helper()
	resp, err := http.Get(ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	byRole := map[string]int64{}
	for _, m := range families["platform_http_requests_total"].GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == "role" {
				byRole[l.GetValue()] += int64(m.GetCounter().GetValue())
			}
		}
	}
	return byRole
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	run, err := traffic.New(traffic.Config{URL: "http://127.0.0.1:1", Rate: 200, For: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	report, err := run.Run(t.Context())
	if s := report.Roles[traffic.Gateway]; err != nil || s.Unanswered == 0 || s.Requests != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := run.Run(t.Context()); err == nil {
		t.Error("it ran twice")
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]traffic.Config{
		"no platform":         {},
		"rate":                {URL: "http://x", Rate: -1},
		"viewers":             {URL: "http://x", Viewers: -1},
		"clips":               {URL: "http://x", Clips: 1000, Key: "k"},
		"uploads without key": {URL: "http://x", Clips: 1},
	} {
		if _, err := traffic.New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
