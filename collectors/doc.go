// Package collectors turns samples of counters into events in the ledger.
//
// However samples arrive (scraped, pushed, queried), they are appended to one [Collector], which stands where Prometheus
// has its database. It owns the decision which series an objective wants and how a counter becomes events; how far each
// series has been counted it leaves with the ledger. It never fetches a sample, keeps no sample, and knows no window.
//
//	Append ──ref──▶ wanted? ──no──▶ forgotten
//	                  │ yes
//	              transaction ──Rollback──▶ forgotten
//	                  │ Commit
//	     per series: previous and new value ──▶ events in (previous, now] ──▶ each objective: good, total
//	     per target: its "up" sample ─────────▶ minutes observed               │
//	                                                 └── one ledger.Batch, with the new cursors
//
// # Queries
//
// An objective says in PromQL what it counts: counters selected by their labels, sum of them, rate or increase around a
// selector, and sums and differences of those. A query is not evaluated. It is read as a signed set of selectors, and an event of a
// selected series counts 1 or −1. So the range of a rate is ignored, a sum means the same with and without sum(), and the
// windows are those of the objective. A bucket's bound is compared as a number: le="1" selects the bucket "1.0".
//
// # From a counter to events
//
// Differences are taken per series and then added. The events between two samples are the difference of their values, each
// rounded down to whole events, so that a counter that grows by fractions loses nothing in the long run. A counter that fell or whose
// start timestamp is later than the previous sample began anew and counts from zero. A series that was never seen counts
// from its start timestamp if it has one; from zero if its target was scraped before, for the same selector, and did not have it; and
// otherwise its first value is where counting begins. A sample not newer than the one before it changes nothing. A staleness marker ends
// nothing: a series that comes back goes on where it was.
//
// # Observed minutes
//
// No traffic is not no data. A minute is observed for an objective if a target that feeds it was up, whether or not there
// was an event. A target is what its labels job and instance say, and is up if its last sample of the metric "up", which
// every scrape yields, is 1. Which targets feed an objective is decided as follows:
//
//  1. The targets that have ever had a series of the objective. As long as one of them is known, that is, was reported up
//     or down within five minutes, it alone decides. A gateway that is down is not covered for by a cache that is up.
//  2. If none is known, because instances were replaced and the new ones had no request yet, the other targets of a job that
//     has fed the objective before.
//  3. If no target ever had a series of it, the targets that belong to the objective's service: their label service or job is
//     the name of the service, they feed another objective of it, or the objective's query names one of their labels.
//
// In 2 and 3 a target whose own labels contradict the query never counts. A series without job and instance, or whose
// target never reports up, observes the minutes of its own samples. Between two good scrapes at most two minutes apart, with no
// failed one between them, every minute counts as observed; a target that is scraped less often shows in the coverage.
//
// # Limits
//
// Native histograms are not counted; expose classic buckets for latency objectives. Samples of native histograms are ignored
// and show in the metric of samples. Gauges cannot be told from counters by their samples: a gauge that is selected is counted as
// a counter that restarts whenever it falls.
package collectors
