// Package api answers questions about objectives over HTTP: which there are, what their numbers are now or were at a past instant, what
// spent their budgets, and how each figure comes about.
//
// It reads from a ledger and never changes anything. Definitions live in OpenSLO files, so there is no operation
// that makes or edits an objective. A child of an objective that is divided by labels is addressed by its parent and the query parameter
// group.
package api
