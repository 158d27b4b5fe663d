// Package push receives samples over HTTP: Prometheus remote write 1.0 and 2.0, and OTLP metrics.
//
//	POST ──▶ admit ──▶ decode ──series, samples──▶ Appender ──Commit──▶ Sync ──▶ 204 or 200
//	           │          │                                              │
//	          503        400, 413, 415                                  503, and the sender sends it again
//
// It owns the wire formats, the limits on what a stranger may send, and the promise of an acknowledgement: what was acknowledged is
// durable. It never decides what a sample means, and keeps none.
//
// # Acknowledgement
//
// A request is answered with success only after Sync has returned. If it does not, the answer is 503 with Retry-After. The sender then sends the
// same samples again; those that have been counted meanwhile are duplicates, which count nothing. A replica that follows takes nothing and
// names the leader.
//
// # What is refused
//
// A body that cannot be decoded is refused whole, with 400, and nothing of it is counted. In a body that can be, each series stands for
// itself. One without a name, with a label twice, with text that is not UTF-8, past a limit or ahead of our clock is refused;
// the others are counted. The answer says which and why:
//
//	remote write 1.0   400: the sender gives up the request, of which the good series are counted
//	remote write 2.0   400 likewise, and the headers X-Prometheus-Remote-Write-*-Written count what was taken
//	OTLP               200 with partial_success: a metric with a bad data point is refused as a whole
//
// Samples that are too old, or that were counted before, are no reason for a refusal: sending them again would not help, and a sender that is told
// so gives up their neighbours, too. The collector measures them, and reports the late ones by objective.
//
// A sample counts as written if it was taken, whether or not an objective wants it. Exemplars and metadata are accepted and not kept.
//
// # Remote write
//
// Bodies are read where they lie. A series is known by the bytes of its labels: their hash leads to the reference that the appender gave, and the
// bytes are compared, so that two series with one hash stay two. The series that came next the last time is tried before that: a sender keeps its
// order, and then the labels are compared as bytes and not read. Labels are built for a series that is new, or whose reference has
// expired. What is taken and what is malformed is decided as by the decoder of Prometheus, against which this one is fuzzed.
//
// # OTLP
//
// Names and labels are those that Prometheus gives them, by its own translator. Metrics of delta temporality go to Deltas and
// everything else to Appender; points within a request are put in the order of their time, and those of several requests may come in any.
package push
