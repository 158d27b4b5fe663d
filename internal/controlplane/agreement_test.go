package controlplane

import (
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// promises are one of each method, and the whole of two.
var promises = map[string]string{
	"events": "budgetingMethod: Occurrences\n  objectives: [{target: 0.99}]",
	"nines":  "budgetingMethod: Occurrences\n  objectives: [{target: 0.999999999}]",
	"slices": "budgetingMethod: Timeslices\n  objectives: [{target: 0.9, timeSliceTarget: 0.95, timeSliceWindow: 5m}]",
	"ratios": "budgetingMethod: RatioTimeslices\n  objectives: [{target: 0.99, timeSliceWindow: 10m}]",
}

const compositeOfTwo = `apiVersion: openslo/v1
kind: SLO
metadata: {name: whole}
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindow: [{duration: 7d, isRolling: true}]
  objectives:
  - {displayName: First, target: 0.99, compositeWeight: 3, indicator: {metadata: {name: a}, spec: {ratioMetric: {counter: true, good: {metricSource: {type: Prometheus, spec: {query: ok_total}}}, total: {metricSource: {type: Prometheus, spec: {query: all_total}}}}}}}
  - {displayName: Second, target: 0.95, indicator: {metadata: {name: b}, spec: {ratioMetric: {counter: true, good: {metricSource: {type: Prometheus, spec: {query: ok_total}}}, total: {metricSource: {type: Prometheus, spec: {query: all_total}}}}}}}
`

// Every surface tells the same budgets: the API, the exported series, the decision of the gate, the report and the page of an objective, whatever
// the method, after corrections and after they were taken back.
func TestSurfacesAgree(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"whole.yaml": compositeOfTwo}
	for name, promise := range promises {
		text := strings.Replace(objective, "name: availability", "name: "+name, 1)
		text = strings.Replace(text, "  budgetingMethod: Occurrences\n", "", 1)
		files[name+".yaml"] = strings.Replace(text, "objectives: [{target: 0.99}]", promise, 1)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h := open(t, func(cfg *Config) { cfg.Objectives = []string{dir} })
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	draw := rand.New(rand.NewPCG(seed, 1))
	for round := range 4 {
		bookAnything(t, h, draw)
		agree(t, h, fmt.Sprintf("round %d", round))
		// In the past, so that no window and no slice changes while the surfaces are read.
		from := time.Now().UTC().Truncate(time.Minute).Add(-time.Duration(4+draw.IntN(40)) * time.Hour)
		made := h.give(t, operator, http.MethodPost, "/v1/corrections", map[string]any{
			"service": "shop", "from": from, "to": from.Add(time.Duration(1+draw.IntN(90)) * time.Minute),
			"effect": []string{"exclude", "good"}[draw.IntN(2)], "reason": "announced maintenance",
		})
		agree(t, h, fmt.Sprintf("round %d, corrected", round))
		if draw.IntN(2) == 0 {
			h.give(t, operator, http.MethodPost, fmt.Sprintf("/v1/corrections/%v/undo", made["correction"].(map[string]any)["id"]), nil)
			agree(t, h, fmt.Sprintf("round %d, the correction undone", round))
		}
	}
}

// bookAnything books events of the last two days, but for the last three hours, for every objective that counts.
func bookAnything(t *testing.T, h *house, draw *rand.Rand) {
	t.Helper()
	batch := ledger.Batch{}
	for _, o := range h.app.ledger.Objectives() {
		ref, ok := h.app.ledger.Ref(o.Key)
		if !ok {
			t.Fatalf("%s is gone", o.Key)
		}
		if o.Method == slo.Composite {
			continue
		}
		for range 200 {
			from := time.Now().Add(-3*time.Hour - time.Duration(draw.Int64N(int64(45*time.Hour)))).UnixMilli()
			total := draw.Int64N(1000)
			good := total - min(total, draw.Int64N(8)*draw.Int64N(2)*draw.Int64N(50))
			batch.Increments = append(batch.Increments, ledger.Increment{Objective: ref, From: from - draw.Int64N(180_000), To: from, Good: good, Total: total})
			batch.Observations = append(batch.Observations, ledger.Observation{Objective: ref, At: from})
		}
	}
	h.app.ledger.Commit(&batch)
}

// told is what one surface says of a budget.
type told struct {
	remaining float64
	spent     bool
}

func agree(t *testing.T, h *house, when string) {
	t.Helper()
	read := func(path string, v any) {
		t.Helper()
		r := h.ask(t, operator, http.MethodGet, path, "", nil)
		if err := json.Unmarshal([]byte(r.body), v); err != nil || r.status != http.StatusOK {
			t.Fatalf("%s: %d, %v", path, r.status, err)
		}
	}
	var list struct {
		Objectives []struct {
			Key    string
			Budget struct {
				Remaining     float64
				Spent, Judged bool
			}
		}
	}
	read("/v1/objectives", &list)
	if len(list.Objectives) < len(promises)+1 {
		t.Fatalf("%d objectives", len(list.Objectives))
	}
	series := exported(t, h)
	decided := decidedBy(t, h)
	reported := map[string]float64{}
	var report struct {
		Services []struct {
			Objectives []struct {
				Key string
				End struct{ Remaining float64 }
			}
		}
	}
	read("/v1/reports/current", &report)
	for _, s := range report.Services {
		for _, o := range s.Objectives {
			reported[o.Key] = o.End.Remaining
		}
	}
	for _, o := range list.Objectives {
		want := o.Budget.Remaining
		if got, ok := series[o.Key]; !ok || got != want {
			t.Errorf("%s: %s has %v left by the API, %v (%v) by the exported series", when, o.Key, want, got, ok)
		}
		if got, ok := reported[o.Key]; !ok || got != want {
			t.Errorf("%s: %s has %v left by the API, %v (%v) by the report", when, o.Key, want, got, ok)
		}
		if got, ok := decided[o.Key]; ok && (got.remaining != want || got.spent != (o.Budget.Spent && o.Budget.Judged)) {
			t.Errorf("%s: %s has %+v by the API, %+v by the gate", when, o.Key, o.Budget, got)
		}
		page := h.ask(t, operator, http.MethodGet, "/objectives/"+o.Key, "", nil)
		if shown := html.UnescapeString(page.body); page.status != http.StatusOK || !strings.Contains(shown, ">"+slo.FormatPercent(want)+"</b>") {
			t.Errorf("%s: the page of %s (%d) does not show %s", when, o.Key, page.status, slo.FormatPercent(want))
		}
	}
	if _, ok := decided["shop/whole"]; !ok || len(decided) < len(promises)+1 {
		t.Errorf("%s: the gate read only %v", when, decided)
	}
}

// exported reads what is left of the budgets from /metrics.
func exported(t *testing.T, h *house) map[string]float64 {
	t.Helper()
	label := regexp.MustCompile(`(service|slo|objective)="([^"]*)"`)
	all := map[string]float64{}
	for line := range strings.Lines(h.ask(t, "", http.MethodGet, "/metrics", "", nil).body) {
		rest, ok := strings.CutPrefix(line, "slo_error_budget_remaining_ratio{")
		if !ok {
			continue
		}
		labels, value, _ := strings.Cut(rest, "} ")
		part := map[string]string{}
		for _, m := range label.FindAllStringSubmatch(labels, -1) {
			part[m[1]] = m[2]
		}
		key := part["service"] + "/" + part["slo"]
		if part["objective"] != "" {
			key += "/" + part["objective"]
		}
		f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			t.Fatal(err)
		}
		all[key] = f
	}
	return all
}

// decidedBy asks the gate and returns the figures that it read.
func decidedBy(t *testing.T, h *house) map[string]told {
	t.Helper()
	body := `{"service":"shop","environment":"production","commit":"4f2c1d9"}`
	r := h.ask(t, operator, http.MethodPost, "/v1/gate/checks", "application/json", []byte(body))
	var decision struct {
		Objectives []struct {
			Objective string
			Remaining float64
			Spent     bool
		}
	}
	if err := json.Unmarshal([]byte(r.body), &decision); err != nil || r.status != http.StatusOK {
		t.Fatalf("gate check: %d %s", r.status, r.body)
	}
	all := map[string]told{}
	for _, f := range decision.Objectives {
		all[f.Objective] = told{f.Remaining, f.Spent}
	}
	return all
}
