// Package report makes the weekly error-budget report: what each service promised, what became of it, what the deploy
// gate and the incidents had to do with it, and what to do next.
//
// It is pure. [Build] computes a [Report] from readings of the ledger and records of the gate and of incidents;
// [Markdown] writes it for people. The same inputs give the same bytes, so the budgets of a past week stay as they were
// for as long as the ledger holds its events; of incidents and deploys it says what is known when it is asked for.
// [plimsoll/slo/report/api] gathers the inputs and serves the result.
package report
