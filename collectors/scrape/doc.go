// Package scrape fetches samples from targets over HTTP with Prometheus's own scrape and discovery managers.
//
//	scrape_configs ──▶ discovery (static, file, HTTP, DNS) ──targets──▶ scrape loops ──samples──▶ collectors.Collector
//
// It owns the loops and knows how each target is doing. It never decides what a sample means.
//
// Start timestamps are asked for and passed on: the protobuf exposition comes first in what is accepted, because it
// always has them, and after it OpenMetrics, which has them as _created. A scrape is one transaction. A scrape that fails, or whose
// exposition cannot be read to its end, books nothing, and neither does one that passes a limit of its job.
package scrape
