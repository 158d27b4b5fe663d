// Package openslo reads objectives from OpenSLO v1 YAML, says precisely what is wrong with a file, and writes objectives again.
//
//	files ──doctree──▶ documents ──shape──▶ SLO, SLI, Service, … ──references──▶ Definitions ──Documents, Write──▶ files
//	                       └───────────────────┴──────────── Problems ──────────────┘
//
// It owns the reading and writing of objective files. It never reads a configuration, never asks a source, never counts an event and never
// guesses in silence: every problem of every file is reported at once, and a set with one error yields no objective.
//
// # Strict and lenient
//
// Reading is strict: what is not as the specification has it is an error. Lenient reading takes what older writers emit: other cases and
// slips in the names of fields and words, fields it does not know, numbers in quotes, a missing budgetingMethod, isRolling, timeWindow or type.
// Each comes with a warning that says how it was read. What is valid but cannot be done here (a source that does not answer PromQL, a query that
// cannot be counted) is told apart as unsupported, and is reported only where an SLO needs it.
//
// # What becomes what
//
//	ratioMetric, counter: true      slo.Counters      thresholdMetric, op, value   slo.Thresholds
//	ratioMetric, counter: false     slo.Amounts       ratioMetric, raw, rawType    slo.Ratios
//	metricSourceRef                 Indicator.Source  sum by () in the queries     Indicator.GroupBy
//
// A metric without metricSourceRef is of samples that arrive by themselves. A condition without op is "gt", one without alertAfter holds at once.
//
// # Identity
//
// An SLO with one objective is "service/slo". Where it has several, each is "service/slo/objective", the last part
// being its displayName in lower case with hyphens between the words; OpenSLO gives objectives no other name.
//
// Where each objective has an indicator of its own, the SLO is a composite: every objective is a component with a name as above, and the whole
// is "service/slo". The whole has the alert policies, and the gate looks at it alone. Its spent share is the mean of those of its components,
// by compositeWeight (1 where that is missing); its target is informative, the mean of their targets by the same weights.
//
// A service that an SLO names must be defined as a Service if the set defines any Service, and is taken as it stands
// otherwise. What OpenSLO has no field for stands in annotations with the prefix plimsoll.dev/, of the SLO or, as a default, of its Service.
package openslo
