// Package metrics exports budgets, the quality of their data, gate, deploys and incidents to Prometheus: the series that the Grafana dashboards read.
//
// It only reads. Everything is computed when it is scraped, from one look at the ledger, so that all series of one
// scrape agree with each other and with the pages. The program's own health (collectors, checkpoints, HTTP) is exported
// by the packages it belongs to.
package metrics
