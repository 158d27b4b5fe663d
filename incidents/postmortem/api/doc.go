// Package api serves postmortems and their action items over HTTP as JSON, and as documents in Markdown and HTML.
//
// It decides nothing: requests become commands of plimsoll/incidents/postmortem, which a store carries out. What the caller
// may not see does not exist for it: reads and changes are made on behalf of whoever asks.
package api
