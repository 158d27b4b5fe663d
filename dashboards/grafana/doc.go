// Package grafana makes the Grafana dashboards and the files that provision them, from one definition in Go.
//
// Their queries use the series of [plimsoll/dashboards/metrics] and nothing else, so they work against any Prometheus
// that scrapes Plimsoll's /metrics. The files are kept under deploy/grafana; a test checks that they are up to date.
package grafana

//go:generate go run ./generate ../../deploy/grafana
