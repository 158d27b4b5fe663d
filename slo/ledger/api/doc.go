// Package api answers for the ledger over HTTP: corrections of what was measured, and the ledger as a file.
//
// It owns the form of these requests and answers. Who asks is known from the request's identity; everything that changes
// something needs one. What a correction does to the numbers it has computed by the ledger, and it never writes to a database itself.
package api
