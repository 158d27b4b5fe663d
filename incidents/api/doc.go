// Package api is the HTTP face of incidents: typed operations under /v1/incidents. Each change is one command of
// [plimsoll/incidents], given on behalf of the principal of the request; reading is open to everybody.
//
// It decides nothing and keeps nothing. Where a ledger is wired in, it measures the error budget that an incident spent,
// for the draft of its postmortem.
package api
