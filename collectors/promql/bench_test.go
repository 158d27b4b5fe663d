package promql_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"plimsoll/collectors/promql/promtest"
	"plimsoll/slo"
)

const (
	benchSeries = 20
	benchMonth  = 30 * 24 * time.Hour
)

// windows are those of a status: the lookbacks of the burn rates, and the budget's.
func windows() []time.Duration { return append(slo.Lookbacks(), benchMonth) }

// steady returns a month of samples a minute apart of one objective's series, minute by minute.
func steady() [][]promtest.Sample {
	rng := rand.New(rand.NewPCG(1, 1))
	series := make([]labels.Labels, benchSeries)
	values := make([]float64, benchSeries)
	for i := range series {
		series[i] = labels.FromStrings("__name__", "requests_total", "code", codeOf(i), "instance", fmt.Sprintf("10.0.0.%d:8080", i/len(benchCodes)), "job", "api")
	}
	var minutes [][]promtest.Sample
	for t := base; t.Before(base.Add(benchMonth)); t = t.Add(time.Minute) {
		samples := make([]promtest.Sample, benchSeries)
		for i := range series {
			values[i] += float64(rng.IntN(2000 / (1 + 100*(i%len(benchCodes)))))
			samples[i] = promtest.Sample{Labels: series[i], T: t.UnixMilli(), V: values[i]}
		}
		minutes = append(minutes, samples)
	}
	return minutes
}

var benchCodes = []string{"200", "204", "404", "500", "503"}

func codeOf(i int) string { return benchCodes[i%len(benchCodes)] }

// BenchmarkBudget30d asks for the budget of one objective over 30 days: the ledger, and Prometheus's own engine on its own database. Both hold the
// same samples, one a minute of 20 series; every fifteen seconds would be four times the work for PromQL and the same for the ledger.
//
//   - ours is the whole status: the budget and the burn rates over all lookbacks.
//   - promql is the budget alone, as Pyrra asks for it.
//   - promql-windows are the error ratios over all these windows, as the rules of Sloth ask for them.
func BenchmarkBudget30d(b *testing.B) {
	server, counted, at := benchMonthOf(b)
	const key = "api/errors"
	status, _ := counted.ledger.Status(key, at)
	theirs := evaluate(b, server, `1 - (`+errorRatio(benchMonth)+`) / (1 - 0.999)`, at)
	if ours := status.Budget.Remaining; math.Abs(ours-theirs) > 0.01*math.Abs(ours) {
		b.Fatalf("the budget remaining is %v, and %v with PromQL", ours, theirs)
	}
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			if s, ok := counted.ledger.Status(key, at); !ok || s.Budget != status.Budget {
				b.Fatalf("status %+v", s)
			}
		}
	})
	b.Run("promql", func(b *testing.B) {
		for b.Loop() {
			evaluate(b, server, `1 - (`+errorRatio(benchMonth)+`) / (1 - 0.999)`, at)
		}
	})
	b.Run("promql-windows", func(b *testing.B) {
		for b.Loop() {
			for _, w := range windows() {
				evaluate(b, server, errorRatio(w), at)
			}
		}
	})
}

// benchMonthOf gives the same month to a Prometheus and to a ledger.
func benchMonthOf(b *testing.B) (*promtest.Prometheus, *counted, time.Time) {
	b.Helper()
	server, counted := promtest.New(b), newCounted(b, objectives(""))
	minutes := steady()
	for day := range slices.Chunk(minutes, 24*60) {
		server.Append(b, slices.Concat(day...)...)
		for _, m := range day {
			counted.scrape(b, counted.collector, []promtest.Scrape{{T: m[0].T, Samples: m}})
		}
	}
	return server, counted, time.UnixMilli(minutes[len(minutes)-1][0].T)
}

// errorRatio is the share of bad events over a window, in PromQL.
func errorRatio(w time.Duration) string {
	return fmt.Sprintf(`sum(increase(requests_total{code=~"5..",job="api"}[%[1]s])) / sum(increase(requests_total{job="api"}[%[1]s]))`, slo.ShortDuration(w))
}

// evaluate evaluates a query that has one result.
func evaluate(b *testing.B, p *promtest.Prometheus, query string, at time.Time) float64 {
	b.Helper()
	q, err := p.Engine.NewInstantQuery(b.Context(), p.DB, nil, query, at)
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	result := q.Exec(b.Context())
	vector, err := result.Vector()
	if err != nil || len(vector) != 1 {
		b.Fatalf("%s gave %v, %v", query, result.Value, err)
	}
	return vector[0].F
}
