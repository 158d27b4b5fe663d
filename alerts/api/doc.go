// Package api answers over HTTP which alerts there are, what was told, and what could not be delivered.
//
// Alerts change by themselves; the only thing a caller can do is to have a dead letter tried again.
package api
