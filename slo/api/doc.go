// Package api answers questions about objectives over HTTP: which there are, and what their numbers are now.
//
// It reads from a ledger and never changes anything. Definitions live in OpenSLO files, so there is no operation
// that makes or edits an objective.
package api
