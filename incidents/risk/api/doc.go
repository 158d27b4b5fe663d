// Package api is the HTTP face of the risk register: typed operations under /v1/risks. Reading is open to everybody; a change is made by the
// principal of the request, from the version that it names.
//
// It decides nothing and keeps nothing. Where a ledger is wired in, it measures how the budgets of the last weeks ended, for suggestions.
package api
