// Package web serves the built-in pages: the overview of all budgets, one objective with what spent its budget and
// the working of its figures, incidents, alerts and what was told of them, and the sources of samples.
//
// Pages are HTML made on the server, complete without a script. A small script of ours keeps them live: it listens to
// /events and, when something has changed, asks for the page's live part again and swaps it in.
//
//	browser ──GET /──────────────▶ page(live part)
//	        ──GET /events────────▶ "changed" at most once per refresh, while anybody listens
//	        ──GET / X-Part: live─▶ live part
//
// Everybody may read budgets, freezes and public incidents. Whoever has signed in with a token also works on incidents, by forms
// that work without the script, and sees the private ones that they are a member of:
//
//	browser ──POST /login──────────────▶ cookie with the token, sealed
//	        ──POST /incidents/INC-7/note▶ one command on behalf of the reader; back to the incident
//
// The package decides nothing: a form becomes a command of [plimsoll/incidents], and its store says who sees what. Forms rely on the
// server around them to refuse requests that other sites make. Nothing is loaded from
// elsewhere and the Content-Security-Policy allows nothing but our own files, without inline styles or scripts.
package web
