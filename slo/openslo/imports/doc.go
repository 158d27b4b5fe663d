// Package imports converts what other tools call a service level objective to OpenSLO v1.
//
//	Sloth prometheus/v1, sloth.slok.dev/v1 ┐
//	Pyrra pyrra.dev/v1alpha1               ├──Convert──▶ []openslo.Document, Notes ──openslo.Write──▶ files
//	openslo/v1alpha                        │                    │
//	openslo.com/v2alpha, openslo/v2alpha1  ┘                    └── each is read strictly before it is handed out
//
// It owns the knowledge of those formats. It never guesses in silence: whatever is changed, or cannot be carried over, is a note with file,
// line and field, and stands as a comment above the document that it concerns. What cannot be converted at all is an error, and then nothing is.
//
// # Queries
//
// Sloth's "{{.window}}" becomes 5m, and an "or vector(0)" goes, because Plimsoll counts every sample itself: the range of a rate does not matter to
// it, and a series that is not there counts as nothing. A ratio that is written as a division becomes its two sides. The selectors of Pyrra
// get the sum, or the sum by its grouping, that Pyrra puts around them.
//
// # Alerts
//
// Sloth and Pyrra make multi-window burn-rate alerts of every objective, with the windows of the tiers that every objective has here. So nothing has to be
// carried over but which of them are switched off, as the annotation plimsoll.dev/alerts.
package imports
