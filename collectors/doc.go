// Package collectors turns samples into events in the ledger.
//
// However samples arrive (scraped, pushed, queried), they are appended to one [Collector], which stands where Prometheus
// has its database. It owns the decision which series an objective wants and how a sample becomes events; how far each
// series has been counted it leaves with the ledger. It never fetches a sample, keeps no sample, and knows no window.
//
//	Append ──ref──▶ wanted? ──no──▶ forgotten
//	                  │ yes
//	              transaction ──Rollback──▶ forgotten
//	                  │ Commit
//	     per series: previous and new value ──▶ events in (previous, now] ──▶ each objective and its child: good, total
//	     per target: its "up" sample ─────────▶ minutes observed               │
//	                                                 └── one ledger.Batch, with the new cursors
//
// # Roads
//
// A [Road] says where samples come from and how they are to be read. Samples of a source count for the objectives that name it,
// and for no others, so that what is scraped and what is queried may be the same series.
//
//	AppenderV2       cumulative, within the horizon      scraped, remote write, OTLP cumulative
//	Deltas           increases, within the horizon       OTLP delta
//	From(s)          cumulative, of source s
//	From(s).Late     cumulative, however late            a source that is caught up with
//	From(s).History  cumulative, before live counting    backfill
//
// # Queries
//
// An objective says in PromQL what it counts: counters selected by their labels, sum of them, rate or increase around a
// selector, and sums and differences of those. A query is not evaluated. It is read as a signed set of selectors, and an event of a
// selected series counts 1 or −1. So the range of a rate is ignored, a sum means the same with and without sum(), and the
// windows are those of the objective. A bucket's bound is compared as a number: le="1" selects the bucket "1.0".
//
// With sum by (labels), the same in all queries of an indicator, the objective is divided: for each combination of the labels that is seen,
// the ledger is asked for a child, and the events count for it and for the whole. Combinations past the cap count only for the
// whole, and [Collector.Problems] says so. The minutes of the whole are those of its children, but for one that has neither events nor series any more: it ends.
//
// A query outside of this needs a source that evaluates it; the collector then wants nothing for the objective.
//
// # From a counter to events
//
// Differences are taken per series and then added. The events between two samples are the difference of their values, each
// rounded down to whole events, so that a counter that grows by fractions loses nothing in the long run. A counter that fell or whose
// start timestamp is later than the previous sample began anew and counts from zero. A series that was never seen counts
// from its start timestamp if it has one; from zero if its target was scraped before, for the same selector, and did not have it; and
// otherwise its first value is where counting begins. An objective that comes later meets the series that others count already as if nobody
// did, so that all of its own begin alike. When another query takes the place of the one that is counted, the series that it wants in
// addition begin with their first value, unless they began later. A sample not newer than the one before it changes nothing. A staleness marker ends
// nothing: a series that comes back goes on where it was.
//
// # From increases to events
//
// Under [Collector.Deltas] a value is the increase over (start timestamp, timestamp]. Increases are added up per series, and the sum is
// rounded down, so that the events are those of the counter that they are the steps of.
//
// They may come in any order. With a series its gaps are kept: the times before its newest increase, as far as the horizon, of which none was
// counted. They stand in its cursor, and so change together with the events.
//
//	──■■■■■■──────■■■■■■■■■──■■■■■■■■●      ■ counted   ● newest increase
//	        (gap ]         (gap]
//
// An increase whose end lies in a gap, or after the newest, counts; any other is a repeat. Intervals that overlap, because a sender merged
// some or began anew, follow from that: the events of one that counts are booked, whole, in the part before its end that was not
// counted, and all of its interval is counted then. So senders that are to be counted exactly must not send overlapping intervals. Without
// a start timestamp the interval begins where the counted time before its end does end. Of very many gaps (256) the oldest are given up.
//
// # From gauges to events
//
// Where an indicator says so, each sample of a gauge is judged by itself, and books its events in the last millisecond before its time:
//
//	counter: false    its value, rounded down, is a number of new events
//	thresholdMetric   it is one event, good if the comparison holds
//	raw               it is the share of good or bad events, and counts as slo.RatioWeight of them
//
// NaN is no value and no event: that is how a summary says that it has seen nothing. A negative number of events, or a share
// outside of 0 to 1, is refused and measured.
//
// # Native histograms
//
// For NAME_bucket{le="…"} and NAME_count a native histogram NAME counts, too, as if it were the classic one. A bound at which a bucket
// ends is exact; otherwise the events under it are interpolated as histogram_fraction does, and [Collector.Notes] says so. The count
// decides whether the histogram began anew, because interpolated values may fall when buckets are merged; it is followed whether or not an
// objective asks for it. So do its start timestamp and the hint of a sender that the counter was reset. Where both kinds are exposed the classic one counts, and goes on from the
// estimates. The bounds of custom buckets must be those that are asked for, like those of classic ones: where a histogram does not have
// the bucket, [Collector.Problems] names the nearest two.
//
// # Late samples
//
// A sample that is older than the horizon is not counted, and reported to the ledger for each objective that wants it. Its series stays where
// it was, so the next sample in time covers a counter's events; an increase that comes too late is lost. Whether such an increase was
// counted before is forgotten, so that it is reported either way.
//
// # History
//
// History fills the time before an objective was counted live. Samples of history have cursors of their own, for each series and objective,
// and do not move those of live counting. When a series is first counted live for an objective, the ledger is told where: at what time, and
// at what value of the counter. There its history ends:
//
//	      history                      live
//	──●─────●─────●─ ─ ─ ─ ─┬──────●──────●──────▶
//	                  first live sample
//
// The events between the newest sample of history and the first live one are counted by whoever comes second. If history comes later, its first
// sample past the meeting point stands for the live one. If live counting comes later, it goes on from where history is, provided that is
// within the horizon; and if then more history comes, what was booked is taken back and booked anew. The same is
// done with the events of a series that was taken to be new when it appeared, or that said when it began.
//
// So for each road of history:
//
//   - Samples come in the order of time; those of one instant, with the metric "up" of their targets, in one transaction. What was
//     counted may be sent again.
//   - It goes on until each series has reached its first live sample: until the present, and for longer than the longest scrape interval.
//   - It may be interrupted for days, but not for a week: after that, what was filled counts as counted live, and only what lies before
//     it can be filled.
//   - It is not counted past the horizon after the objective went live: series that are first seen after that are new.
//   - It fills each objective that wants the series.
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
// [Limits] bound the series that are wanted, and their labels. What goes past them is not counted, measured, and named by
// [Collector.Problems]. Gauges cannot be told from counters by their samples: a gauge that is selected as a counter is counted as
// one that restarts whenever it falls.
package collectors
