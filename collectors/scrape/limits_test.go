package scrape_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"plimsoll/collectors/scrape"
	"plimsoll/slo/ledger"
)

// A target that passes a limit is down, counts nothing, and says which setting is about it.
func TestLimits(t *testing.T) {
	t.Parallel()
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "requests_total{code=\"200\",n=\"%d\"} 1\n", i)
		}
		return b.String()
	}
	for _, test := range []struct{ name, exposes, setting, key string }{
		{"body", strings.Repeat("# nothing\n", 200), "body_size_limit: 1KB", "body_size_limit"},
		{"samples", many(11), "sample_limit: 10", "sample_limit"},
		{"labels", `requests_total{a="1",b="2",c="3"} 1` + "\n", "label_limit: 4", "label_limit"},
		{"label value", `requests_total{a="` + strings.Repeat("x", 101) + `"} 1` + "\n", "label_value_length_limit: 100", "label_value_length_limit"},
		{"labels by default", "requests_total{" + labelsOf(64) + "} 1\n", "label_limit: 0", "label_limit"},
		{"label name by default", "requests_total{" + strings.Repeat("n", 257) + `="1"} 1` + "\n", "label_limit: 0", "label_name_length_limit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain; version=0.0.4")
				fmt.Fprint(w, test.exposes)
			}))
			t.Cleanup(srv.Close)
			addr := strings.TrimPrefix(srv.URL, "http://")
			p := startPlimsoll(t, ledger.New(ledger.Config{}), job("api", addr)+"  "+test.setting+"\n")
			want := fmt.Sprintf("raise %s of the job (%v by default)", test.key, scrape.Defaults()[test.key])
			p.awaitError(t, want)
			p.await(t, 0, 0)
		})
	}
}

func labelsOf(n int) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("l%d=\"x\"", i))
	}
	return strings.Join(names, ",")
}

// Too many targets are none: which of them would be left out is nobody's choice.
func TestTargetLimit(t *testing.T) {
	t.Parallel()
	first, second := startProgram(t, false), startProgram(t, false)
	p := startPlimsoll(t, ledger.New(ledger.Config{}), job("api", first.addr, second.addr)+"  target_limit: 1\n")
	p.awaitError(t, "raise target_limit of the job (2000 by default)")
}

// awaitError waits until all targets are down for this reason. A scrape that was too slow has another one.
func (p *plimsoll) awaitError(t *testing.T, want string) {
	t.Helper()
	eventually(t, func() bool {
		targets := p.scraper.Targets()
		return len(targets) > 0 && !slices.ContainsFunc(targets, func(target scrape.Target) bool {
			return target.Health != scrape.Down || !strings.Contains(target.LastError, want)
		})
	}, func() string { return fmt.Sprintf("targets %+v, want %q", p.scraper.Targets(), want) })
}
