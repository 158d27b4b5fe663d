package main

import (
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// measure is one row: which number of which benchmark, against what.
type measure struct {
	measure    string
	pkg        string
	bench      string  // full name without "Benchmark" and without the processor count
	from       string  // unit of the number as benchfmt normalises it (ns/op becomes sec/op)
	unit       string  // unit in the table
	scale      float64 // from one to the other
	most       float64 // target: at most this many units; 0 for none
	peer       string  // who does the same in the same run
	peerBench  string
	leastRatio float64 // target: peer / ours is at least this
}

func (m measure) target() string {
	var parts []string
	if m.most > 0 {
		parts = append(parts, fmt.Sprintf("≤ %g %s", m.most, m.unit))
	}
	if m.leastRatio > 0 {
		parts = append(parts, fmt.Sprintf("ratio ≥ %g", m.leastRatio))
	}
	return strings.Join(parts, ", ")
}

const (
	ledger     = "./slo/ledger"
	collectors = "./collectors"
	push       = "./collectors/push"
	scrape     = "./collectors/scrape"
	store      = "./slo/ledger/postgres"
	promql     = "./collectors/promql"
	gate       = "./slo/gate"
	control    = "./internal/controlplane"
	edge       = "./platform/edge"
	blameless  = "./incidents/postmortem/blameless"
)

var measures = []measure{
	{measure: "budget and nine windows of 10,000 objectives, 30 d", pkg: ledger, bench: "Windows/objectives=10000", from: "sec/op", unit: "ms", scale: 1e3, most: 30},
	{measure: "memory of an objective, 30 d of minutes", pkg: ledger, bench: "Windows/objectives=10000", from: "bytes/objective", unit: "KB", scale: 1e-3, most: 200},
	{measure: "the same windows of 1,000 objectives of slices", pkg: ledger, bench: "WindowsSliced/method=RatioTimeslices/objectives=1000", from: "sec/op", unit: "ms", scale: 1e3, most: 3},
	{measure: "memory of an objective, 400 d of minutes", pkg: ledger, bench: "Retention/days=400", from: "bytes/objective", unit: "KB", scale: 1e-3, most: 2300},
	{measure: "wait of an append that meets a checkpoint of 10,000 changed objectives, median", pkg: ledger, bench: "Checkpoint/objectives=10000", from: "wait-sec", unit: "ms", scale: 1e3, most: 20},
	{measure: "append of a wanted sample", pkg: collectors, bench: "Append/wanted", from: "sec/op", unit: "ns", scale: 1e9, most: 200},
	{measure: "append of an unwanted sample", pkg: collectors, bench: "Append/unwanted", from: "sec/op", unit: "ns", scale: 1e9, most: 60},
	{measure: "scrape of 10,000 series, one in ten wanted", pkg: scrape, bench: "Scrape/ours", from: "cpu-sec/sample", unit: "ns of CPU/sample", scale: 1e9, peer: "Prometheus's scrape and TSDB", peerBench: "Scrape/prometheus"},
	{measure: "remote write 1.0, one series in ten wanted", pkg: push, bench: "Write/ours", from: "cpu-sec/sample", unit: "ns of CPU/sample", scale: 1e9, peer: "Prometheus's receiver and TSDB", peerBench: "Write/prometheus", leastRatio: 5},
	{measure: "remote write 2.0, the same series", pkg: push, bench: "WriteV2/ours", from: "cpu-sec/sample", unit: "ns of CPU/sample", scale: 1e9, peer: "Prometheus's receiver and TSDB", peerBench: "WriteV2/prometheus", leastRatio: 3},
	{measure: "OTLP, as many series", pkg: push, bench: "OTLP/ours", from: "cpu-sec/sample", unit: "ns of CPU/sample", scale: 1e9, peer: "Prometheus's receiver and TSDB", peerBench: "OTLP/prometheus"},
	{measure: "30-day budget of an objective of 20 series", pkg: promql, bench: "Budget30d/ours", from: "sec/op", unit: "µs", scale: 1e6, peer: "PromQL increase, the budget alone", peerBench: "Budget30d/promql", leastRatio: 1000},
	{measure: "its budget and all burn rates", pkg: promql, bench: "Budget30d/ours", from: "sec/op", unit: "µs", scale: 1e6, peer: "PromQL, all their windows", peerBench: "Budget30d/promql-windows", leastRatio: 1000},
	{measure: "gate decision", pkg: gate, bench: "Decide/objectives=10", from: "sec/op", unit: "µs", scale: 1e6, most: 50},
	{measure: "gate check over HTTP, on disk, 500/s: median", pkg: control, bench: "GateCheck/rate=500", from: "p50-sec", unit: "ms", scale: 1e3, peer: "one INSERT each", peerBench: "GateCheck/insert=500"},
	{measure: "the same: p99", pkg: control, bench: "GateCheck/rate=500", from: "p99-sec", unit: "ms", scale: 1e3, most: 10, peer: "one INSERT each", peerBench: "GateCheck/insert=500"},
	{measure: "start from PostgreSQL, 1,000 objectives × 30 d", pkg: store, bench: "Load/objectives=1000", from: "sec/op", unit: "s", scale: 1, most: 5},
	{measure: "blameless check: findings that are right, held-out sentences", pkg: blameless, bench: "Blameless/corpus=held-out", from: "precision", unit: "%", scale: 100},
	{measure: "blameless check: blame that is found, held-out sentences", pkg: blameless, bench: "Blameless/corpus=held-out", from: "recall", unit: "%", scale: 100},
	{measure: "blameless check: findings that are right, a second reader's sentences", pkg: blameless, bench: "Blameless/corpus=second-reader", from: "precision", unit: "%", scale: 100},
	{measure: "blameless check: blame that is found, a second reader's sentences", pkg: blameless, bench: "Blameless/corpus=second-reader", from: "recall", unit: "%", scale: 100},
	{measure: "edge hit of a 4 KB manifest", pkg: edge, bench: "Hit/4KB", from: "sec/op", unit: "µs", scale: 1e6},
	{measure: "edge hit of a 500 KB segment", pkg: edge, bench: "Hit/500KB", from: "sec/op", unit: "µs", scale: 1e6},
}

// pattern returns the -bench expression that runs the measures of a package, with their sub-benchmarks and peers.
func pattern(pkg string) string {
	var tops []string
	for _, m := range measures {
		if m.pkg != pkg {
			continue
		}
		for _, name := range []string{m.bench, m.peerBench} {
			if top, _, _ := strings.Cut(name, "/"); top != "" {
				tops = append(tops, regexp.QuoteMeta(top))
			}
		}
	}
	return "^Benchmark(" + strings.Join(tops, "|") + ")$"
}

// baseName is the benchmark's name without the processor count, such as "Append/wanted".
func baseName(r *benchfmt.Result) string {
	base, parts := r.Name.Parts()
	name := string(base)
	for _, p := range parts {
		if p[0] == '/' {
			name += string(p)
		}
	}
	return name
}
