// Package api is the HTTP face of incidents: typed operations under /v1/incidents. Each change is one command of
// [plimsoll/incidents], given on behalf of the principal of the request. Reading is open to everybody, except that private
// incidents do not exist for anybody but their members; statistics leave them out for all.
//
// It decides nothing and keeps nothing. Where a ledger is wired in, it measures the error budget that an incident spent.
package api
