// Package promql counts the samples of Prometheus-compatible servers (Prometheus, Thanos, Mimir, VictoriaMetrics): those of the
// objectives whose indicator names the server as its source.
//
//	                        ┌─ selectors of countable queries ──▶ selector[range] at the end ──▶ raw samples ──▶ Collector
//	(position, now − delay] ┤   and "up" of the jobs behind them                                 in order of time
//	                        └─ other queries ──▶ one evaluation a minute, good and total at the same instants ──▶ Ledger
//
// Then the position is the end of the stretch, in the ledger.
//
// It owns the questions to a server and how far it has asked. It never decides what a raw sample means; that is the collector's.
//
// # Raw samples
//
// Where a query can be counted, the samples behind it are fetched as they were scraped, with an instant query for a range of its
// selector. A selector that another one covers is not asked for twice, and good and total come from the same instants. Each stretch begins where
// the last one ended, and the position is kept in the ledger with what was counted up to it: what a server, or Plimsoll, was
// away for is fetched when both are back, as far back as the server keeps it. A stretch that is fetched twice changes nothing. If an
// answer is too large or comes too late, the stretch is halved; if it is small, doubled.
//
// This is as exact as scraping, but for what the query interface does not hand out: start timestamps (a series of a target that was
// never seen up begins with its first sample), staleness markers (which end nothing anyway), and native histograms. Samples that reach the
// server later than the delay are not seen; their counters' next samples cover them.
//
// # Observed minutes
//
// Of the series "up" those are fetched whose job has had a wanted series, is named or matched by a selector, or is the name of an objective's
// service. Series without the labels job and instance, such as those of recording rules, observe the minutes of their own samples.
//
// # Evaluated queries
//
// A query that cannot be counted (a division, a function over time) is evaluated once a minute, on the minute, and its value is
// read as the indicator says: a counter's growth since the minute before, events of that minute, a threshold's sample or a
// ratio. Such figures are approximate and marked so ([Health.Approximate]): a counter that began anew between two evaluations, or one of many
// that are added, is not recognised in their sum. A query without a value adds nothing, and a counter that had
// none while another query of its objective did began at 0.
//
// # Trouble
//
// Errors, timeouts, rate limits and answers with warnings (a store of Thanos that did not answer, for example) change nothing: the same
// stretch is asked for again, after a pause that grows to a minute or that the server asks for. [Source.Health] tells how each
// server is doing and how far behind the position is.
package promql
