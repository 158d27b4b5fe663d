package web_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"plimsoll/alerts"
	"plimsoll/dashboards/web"
	"plimsoll/slo"
)

// siren has an alert in each state, what was told of them, and one notice that could not be delivered.
type siren struct{}

func (siren) All(context.Context) ([]alerts.Alert, error) {
	burn := func(lookback time.Duration, rate float64) slo.Burn { return slo.Burn{Lookback: lookback, Rate: rate} }
	tiers := alerts.Tiers()
	silent := alerts.DataTier(slo.Stale)
	return []alerts.Alert{
		{Objective: "catalog/availability", Tier: "page-fast", State: alerts.Inactive, Verdict: alerts.Verdict{Tier: tiers[0], Reason: alerts.Calm}},
		{Objective: "encoder/minutes", Tier: "page-fast", State: alerts.Inactive,
			Verdict: alerts.Verdict{Tier: tiers[0], Reason: alerts.Unreachable, Detail: "its slices of 1h leave nothing shorter to look back over than 1h"}},
		{Objective: "playback/availability", Tier: "page-fast", State: alerts.Firing, Since: now.Add(-75 * time.Minute), Fired: now.Add(-75 * time.Minute),
			Verdict: alerts.Verdict{Tier: tiers[0], Factor: 14.4, Reason: alerts.Burning, Long: burn(time.Hour, 30), Short: burn(5*time.Minute, 31)}},
		{Objective: "playback/availability", Tier: "policy-fast-burn", State: alerts.Pending, Since: now.Add(-2 * time.Minute),
			Verdict: alerts.Verdict{Tier: alerts.Tier{Name: "policy-fast-burn", Severity: alerts.Page}, Factor: 20, Reason: alerts.Burning,
				Condition: "burn rate over 45m above 20 for 10m", Long: burn(45*time.Minute, 30)}},
		{Objective: "search/freshness", Tier: silent.Name, State: alerts.Firing, Since: now.Add(-20 * time.Minute), Fired: now.Add(-20 * time.Minute),
			Verdict: alerts.Verdict{Tier: silent, Reason: alerts.BadData, Detail: "no sample has ever arrived"}},
		{Objective: "video-api/availability", Tier: "page-slow", State: alerts.Resolved, Since: now.Add(-6 * time.Minute), Fired: now.Add(-2 * time.Hour),
			Verdict: alerts.Verdict{Tier: tiers[1], Factor: 6, Reason: alerts.Over, Long: burn(6*time.Hour, 6.5), Short: burn(30*time.Minute, 0.2)}},
	}, nil
}

func (siren) Notices(_ context.Context, _ string, limit int) ([]alerts.Notice, error) {
	entry := alerts.Entry{Objective: "playback/availability", Tier: "page-fast", Severity: alerts.Page, Factor: 14.4}
	return []alerts.Notice{
		{ID: "n-2", Group: "playback", Service: "playback", At: now.Add(-74 * time.Minute), Cause: alerts.First, Severity: alerts.Page, Firing: []alerts.Entry{entry}},
		{ID: "n-1", Group: "video-api", Service: "video-api", At: now.Add(-6 * time.Minute), Cause: alerts.AllOver},
	}[:min(2, limit)], nil
}

func letters(context.Context) ([]alerts.DeadLetter, error) {
	return []alerts.DeadLetter{{ID: 41, Receiver: "on-call", At: now.Add(-time.Hour), Error: "the receiver refuses the notice: 403 Forbidden"}}, nil
}

// wells are sources of every kind and health.
func wells() web.Sources {
	return web.Sources{
		List: []web.Source{
			{Kind: "Scraped targets", Name: "api-1:9090", Where: "http://api-1:9090/metrics", Health: web.SourceUp, At: now.Add(-8 * time.Second), Detail: "job video-api, 31 metric families"},
			{Kind: "Scraped targets", Name: "api-2:9090", Where: "http://api-2:9090/metrics", Health: web.SourceDown, At: now.Add(-40 * time.Minute),
				Error: "Get \"http://api-2:9090/metrics\": dial tcp: connection refused"},
			{Kind: "Probes", Name: "upload-and-play", Where: "video-api", Health: web.SourceUnknown},
		},
		Problems: map[slo.Key][]string{"search/freshness": {"no series matches good"}},
		Notes:    map[slo.Key][]string{"playback/start": {"evaluated once a minute"}},
	}
}

func TestAlertAndSourcePages(t *testing.T) {
	t.Parallel()
	url := serve(t, small(), incidentShelf())
	for path, says := range map[string][]string{
		"/alerts": {"1 page and 1 ticket fire", "30× over 1h, 31× over 5m; begins at 14.4×", "burn rate over 45m above 20 for 10m", "policy fast-burn",
			"no sample has ever arrived", "Just over", "1 notice could not be delivered", "403 Forbidden", "1 alert can never fire", "its slices of 1h", "playback: the error budget burns fast"},
		"/sources": {"1 of 3 sources is down", "connection refused", "40 min ago", "never", "no series matches good", "evaluated once a minute", `href="/objectives/playback/start"`},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			resp, body := fetch(t, url+path)
			if resp.StatusCode != 200 {
				t.Fatalf("status %d", resp.StatusCode)
			}
			for _, want := range says {
				if !strings.Contains(body, want) {
					t.Errorf("does not say %q:\n%s", want, body)
				}
			}
		})
	}
}
