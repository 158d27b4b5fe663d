// Package drafts sees to it that each incident whose response is over has a draft of its postmortem, with the facts as they are.
//
//	every few seconds:  incidents that are over ──Due──▶ a durable job for each that has no draft, or an old one
//	                    job ──▶ Begin, then Refresh of a draft whose incident has changed since
//
// What is due is read from the records each time, so that nothing is lost when a process ends between an incident's end
// and its job, and incidents that came from anywhere are drafted alike. A job that fails is tried again with growing pauses, and is
// kept when it cannot be done. What people have written is never touched.
package drafts
