package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// world is a platform and a control plane that watches it, each a process of its own that can be killed and started again
// at the same addresses.
type world struct {
	t        *testing.T
	dir      string
	gateway  string
	ops      string
	plimsoll string

	platform *process
	plane    *process
	listen   map[string]string // of the platform, by role
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, dir: dataDir(t), listen: map[string]string{}}
	for _, role := range []string{"gateway", "edge", "ops", "blob"} {
		w.listen[role] = freeAddr(t)
	}
	w.gateway, w.ops = "http://"+w.listen["gateway"], "http://"+w.listen["ops"]
	own := freeAddr(t)
	w.plimsoll = "http://" + own
	config := fmt.Sprintf(`listen: %s
data_dir: %s
checkpoint_every: 2s
scrape_configs:
  - job_name: video-api
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs: [{targets: [%q], labels: {service: video-api}}]
`, own, filepath.Join(w.dir, "plimsoll"), w.listen["ops"])
	if err := os.WriteFile(w.file("plimsoll.yaml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) file(name string) string { return filepath.Join(w.dir, name) }

func (w *world) startPlatform() {
	w.t.Helper()
	addresses := w.file("addresses.json")
	os.Remove(addresses)
	args := []string{"serve", "--dev", "--data", w.file("platform"), "--addresses-file", addresses}
	for role, addr := range w.listen {
		args = append(args, "--listen-"+role, addr)
	}
	w.platform = start(w.t, "platform", nil, args...)
	eventually(w.t, "the platform serves", time.Minute, func() error {
		_, err := os.Stat(addresses)
		return err
	})
}

func (w *world) startPlane() {
	w.t.Helper()
	w.plane = start(w.t, "plimsoll", nil, "serve", "--config", w.file("plimsoll.yaml"))
	eventually(w.t, "the control plane serves", time.Minute, func() error {
		_, err := get(w.plimsoll + "/readyz")
		return err
	})
}

// counts are good and total events.
type counts struct{ Good, Total int64 }

// ledger asks the control plane for the events of an objective.
func (w *world) ledger(slo string) (counts, error) {
	var o struct{ Events counts }
	err := getJSON(w.plimsoll+"/v1/objectives/video-api/"+slo, &o)
	return o.Events, err
}

// traffic is what one run of "platform traffic" saw from outside, by role.
type traffic map[string]struct{ Requests, Good, Unanswered int64 }

func (w *world) startTraffic(n int, rate string) (*process, string) {
	w.t.Helper()
	report := w.file(fmt.Sprintf("traffic-%d.json", n))
	return start(w.t, "platform", nil, "traffic", "--url", w.gateway, "--key-file", w.file("platform/api-key"),
		"--rate", rate, "--for", "6s", "--clips", "1", "--report-file", report), report
}

// finish waits for a run of traffic and adds what it saw to the sums.
func (w *world) finish(p *process, report string, sums map[string]counts) {
	w.t.Helper()
	select {
	case <-p.done:
	case <-time.After(2 * time.Minute):
		w.t.Fatal("the traffic does not end")
	}
	b, err := os.ReadFile(report)
	if err != nil {
		w.t.Fatal(err)
	}
	var seen struct{ Roles traffic }
	if err := json.Unmarshal(b, &seen); err != nil {
		w.t.Fatal(err)
	}
	for _, role := range []string{"gateway", "edge"} {
		s := seen.Roles[role]
		if s.Unanswered != 0 || s.Requests == 0 {
			w.t.Fatalf("%s: %d requests, %d without an answer: nobody can say how those were counted", role, s.Requests, s.Unanswered)
		}
		sums[role] = counts{sums[role].Good + s.Good, sums[role].Total + s.Requests}
	}
}

// agrees waits until the ledger holds exactly what the clients saw.
func (w *world) agrees(when string, sums map[string]counts) {
	w.t.Helper()
	for role, slo := range map[string]string{"gateway": "availability", "edge": "playback-availability"} {
		eventually(w.t, when+": the ledger agrees with the client about the "+role, 30*time.Second, func() error {
			got, err := w.ledger(slo)
			if err == nil && got != sums[role] {
				err = fmt.Errorf("ledger %+v, client %+v", got, sums[role])
			}
			return err
		})
	}
}

// TestCounts holds the ledger against the client's own counts, to the event, through kills and restarts of both sides.
func TestCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.startPlatform()
	w.startPlane()
	sums := map[string]counts{}

	first, report := w.startTraffic(1, "60")
	eventually(t, "events arrive", time.Minute, func() error {
		if got, err := w.ledger("availability"); err != nil || got.Total < 50 {
			return fmt.Errorf("%+v, %v", got, err)
		}
		return nil
	})
	w.plane.kill() // in the middle of the traffic, some way behind the last checkpoint
	w.startPlane()
	w.finish(first, report, sums)
	w.agrees("after a kill of the control plane", sums)

	// A graceful stop right behind the traffic: what was not scraped yet is served in the last scrape.
	second, report := w.startTraffic(2, "80")
	if code, _, errs := run(t, nil, "platform", "fault", "--ops-url", w.ops, "--errors", "30%", "--for", "3s"); code != 0 {
		t.Fatal(errs)
	}
	w.finish(second, report, sums)
	if err := w.platform.stop(); err != nil {
		t.Fatalf("stop the platform: %v", err)
	}
	w.agrees("after a graceful stop of the platform", sums)
	if c := sums["gateway"]; c.Good == c.Total {
		t.Fatal("no failure was injected")
	}
	w.startPlatform()
	third, report := w.startTraffic(3, "50")
	w.finish(third, report, sums)
	w.agrees("after the platform's counters began anew", sums)

	// Everything has been scraped: the platform may die hard.
	w.platform.kill()
	w.startPlatform()
	fourth, report := w.startTraffic(4, "50")
	w.finish(fourth, report, sums)
	w.agrees("after a kill of the platform", sums)

	if err := w.plane.stop(); err != nil {
		t.Fatalf("stop the control plane: %v", err)
	}
	w.startPlane()
	w.agrees("after a graceful restart of the control plane", sums)
	t.Logf("the client saw %+v", sums)
}
