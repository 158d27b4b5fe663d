package metrics_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"plimsoll/dashboards/metrics"
	"plimsoll/slo/gate/deploys"
)

func TestDelivery(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	rate, broken := 0.25, false
	d, err := metrics.NewDelivery(metrics.DeliveryConfig{
		Measures: func(_ context.Context, from, to time.Time) ([]deploys.Measures, error) {
			if broken {
				return nil, errors.New("no database")
			}
			if !to.Equal(at) || to.Sub(from) != 30*24*time.Hour {
				t.Errorf("asked for %s to %s", from, to)
			}
			return []deploys.Measures{
				{Service: "video-api", Environment: "production", Deployments: 60, PerDay: 2, LeadTime: deploys.Durations{Count: 60, MedianSeconds: 3600}, ChangeFailureRate: &rate,
					Recovery: deploys.Durations{Count: 14, MedianSeconds: 300}, Unrecovered: 1},
				{Service: "search", Environment: "staging", Deployments: 3, PerDay: 0.1},
			}, nil
		},
		Now: func() time.Time { return at }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `# HELP plimsoll_dora_change_failure_ratio Share of changes that had to be put right at once, over the last 30 days.
# TYPE plimsoll_dora_change_failure_ratio gauge
plimsoll_dora_change_failure_ratio{environment="production",service="video-api"} 0.25
# HELP plimsoll_dora_deployments Changes that reached the environment, over the last 30 days.
# TYPE plimsoll_dora_deployments gauge
plimsoll_dora_deployments{environment="production",service="video-api"} 60
plimsoll_dora_deployments{environment="staging",service="search"} 3
# HELP plimsoll_dora_deployments_per_day Deployment frequency, over the last 30 days.
# TYPE plimsoll_dora_deployments_per_day gauge
plimsoll_dora_deployments_per_day{environment="production",service="video-api"} 2
plimsoll_dora_deployments_per_day{environment="staging",service="search"} 0.1
# HELP plimsoll_dora_lead_time_seconds Lead time for changes, the median, over the last 30 days.
# TYPE plimsoll_dora_lead_time_seconds gauge
plimsoll_dora_lead_time_seconds{environment="production",service="video-api"} 3600
# HELP plimsoll_dora_recovery_time_seconds Failed deployment recovery time, the median, over the last 30 days.
# TYPE plimsoll_dora_recovery_time_seconds gauge
plimsoll_dora_recovery_time_seconds{environment="production",service="video-api"} 300
# HELP plimsoll_dora_unrecovered Failed changes that nothing has put right yet, over the last 30 days.
# TYPE plimsoll_dora_unrecovered gauge
plimsoll_dora_unrecovered{environment="production",service="video-api"} 1
plimsoll_dora_unrecovered{environment="staging",service="search"} 0
# HELP plimsoll_dora_up 1 if the deploys could be read, otherwise 0.
# TYPE plimsoll_dora_up gauge
plimsoll_dora_up 1
`
	if err := testutil.CollectAndCompare(d, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.CollectAndLint(d); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	broken = true
	if err := testutil.CollectAndCompare(d, strings.NewReader(strings.Replace(want[strings.Index(want, "# HELP plimsoll_dora_up"):], "up 1\n", "up 0\n", 1))); err != nil {
		t.Error(err)
	}
}
