// Package openslo reads objectives from OpenSLO v1 YAML and says precisely what is wrong with a file.
//
//	files ──yaml──▶ documents ──shape──▶ SLO, SLI, Service, DataSource ──references──▶ []*slo.Objective
//	                    └──────────────────┴─────────────── Problems ───────┘
//
// It owns the reading of objective files. It never reads a configuration, never counts an event and never guesses:
// reading is strict, every problem of every file is reported at once, and a set with one problem yields no objective.
//
// # What is understood
//
// The kinds SLO, SLI, Service and DataSource; indicators inline and by reference; ratio metrics as good/total and
// bad/total over counters; rolling windows; the budgeting method Occurrences; target and targetPercent. Whatever else
// OpenSLO v1 knows (time slices, composites, threshold metrics, raw ratios, calendar windows, alert policies) is
// rejected by name rather than ignored, because an objective that is read in part is a different objective.
//
// # Identity
//
// An SLO with one objective is "service/slo". Where it has several, each is "service/slo/objective", the last part
// being its displayName in lower case with hyphens between the words; OpenSLO gives objectives no other name.
//
// A service that an SLO names must be defined as a Service if the set defines any Service, and is taken as it stands
// otherwise. Who owns an objective is the annotation plimsoll.dev/owner of the SLO, or else of its Service.
package openslo
