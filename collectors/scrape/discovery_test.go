package scrape_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/collectors/scrape"
	"plimsoll/slo/ledger"
)

// Targets that come and go in a file are scraped as it says.
func TestFileDiscovery(t *testing.T) {
	t.Parallel()
	first, second := startProgram(t, false), startProgram(t, false)
	first.count("200", 2)
	second.count("500", 3)
	list := filepath.Join(t.TempDir(), "targets.yaml")
	write := func(addr string) {
		t.Helper()
		if err := os.WriteFile(list+".new", fmt.Appendf(nil, "- targets: [%q]\n  labels: {service: api}\n", addr), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(list+".new", list); err != nil {
			t.Fatal(err)
		}
	}
	write(first.addr)
	p := startPlimsoll(t, ledger.New(ledger.Config{}), often("file_sd_configs: [{files: ['"+list+"']}]"))
	p.await(t, 2, 2)
	write(second.addr)
	p.await(t, 2, 5)
	first.count("200", 100) // nobody looks any more
	second.count("200", 1)
	p.await(t, 3, 6)
}

// often is a job that scrapes often and finds its targets as the line says.
func often(discovery string) string {
	return "- job_name: api\n  scrape_interval: 50ms\n  scrape_timeout: 50ms\n  " + discovery + "\n"
}

// An HTTP service lists the targets; relabelling chooses among them and names them.
func TestHTTPDiscovery(t *testing.T) {
	t.Parallel()
	wanted, unwanted := startProgram(t, false), startProgram(t, false)
	wanted.count("200", 4)
	unwanted.count("500", 1)
	var asked atomic.Int64
	list := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if user, password, _ := r.BasicAuth(); user != "plimsoll" || password != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode([]map[string]any{
			{"targets": []string{wanted.addr}, "labels": map[string]string{"__meta_tier": "front", "__meta_name": "one"}},
			{"targets": []string{unwanted.addr}, "labels": map[string]string{"__meta_tier": "back"}},
		})
	}))
	t.Cleanup(list.Close)
	p := startPlimsoll(t, ledger.New(ledger.Config{}), often(`http_sd_configs: [{url: '`+list.URL+`', basic_auth: {username: plimsoll, password: secret}}]
  relabel_configs:
  - {source_labels: [__meta_tier], regex: front, action: keep}
  - {source_labels: [__meta_name], target_label: instance}`)+"- job_name: lost\n  file_sd_configs: [{files: [none.yaml]}]\n")
	p.await(t, 4, 4)
	p.awaitHealth(t, scrape.Up)
	if diff := cmp.Diff([]scrape.Job{{Name: "api", Targets: 1, Up: 1, Dropped: 1}, {Name: "lost"}}, p.scraper.Jobs()); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
	if targets := p.scraper.Targets(); len(targets) != 1 || targets[0].Instance != "one" || asked.Load() == 0 {
		t.Errorf("targets %+v", targets)
	}
}
