// Package traffic is an honest client of the video platform: it uploads clips, lists and reads videos, and plays them
// through the edge, at a steady rate, and reports what it saw from outside. Its count is the independent witness of what
// the platform says about itself, so it is exact: each HTTP request that got an answer is counted once, by role and
// status; requests without an answer are counted apart.
//
// When it is told to stop it sends nothing new and waits for the answers that are under way, so that nothing it sent is
// missing from its report.
//
//	ticker ─▶ free viewer? ──no──▶ skipped
//	               │ yes
//	               ▼
//	  one request: list │ read a video │ next manifest or segment of what this viewer watches
//	               ▼
//	       counting transport ─▶ gateway, edge, storage
//
// It owns no server and reads no metrics.
package traffic
