// Package web serves the built-in pages: the overview of all budgets, one objective with what spent its budget and
// the working of its figures, incidents.
//
// Pages are HTML made on the server, complete without a script. A small script of ours keeps them live: it listens to
// /events and, when something has changed, asks for the page's live part again and swaps it in.
//
//	browser ──GET /──────────────▶ page(live part)
//	        ──GET /events────────▶ "changed" at most once per refresh, while anybody listens
//	        ──GET / X-Part: live─▶ live part
//
// It only reads: budgets from the ledger, freezes from the gate, incidents from their store. Nothing is loaded from
// elsewhere and the Content-Security-Policy allows nothing but our own files, without inline styles or scripts.
package web
