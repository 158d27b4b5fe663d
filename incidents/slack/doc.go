// Package slack is the face of incidents, postmortems and the deploy gate in Slack: one more way to give the commands of
// [plimsoll/incidents], and the channels in which responders read what was done.
//
//	 HTTP ─▶ signature (v0, raw body, five minutes, constant time) ─bad─▶ 401, nothing is parsed
//	              │ good
//	              ▼                        a verb without its words
//	Socket ─▶ Inbox ─────────────────────────────────────────────────▶ views.open, at once: a trigger lives three seconds
//	  Mode        │ a command, a modal that was filled in, a button, an event
//	              ▼
//	        a job, unique by the request ─▶ acknowledged within a second
//	              │
//	              ├─ command ─▶ parse ─▶ the store, once for a request ─▶ answer to response_url; to the person when that is over
//	              ├─ event ──▶ 📌 timeline, ✅ task, 🔁 follow-up; edits and deletions of a pinned message as its versions
//	              │
//	 any change of an incident, in its transaction ─▶ job ─▶ its room: channel, topic, bookmarks, people, live card, timeline
//	 Poster (reminders, messages) ─────────────────▶ job ─▶ a channel
//
// Slack may be slow, limit the rate, be down for hours, or take a call and lose the answer. A command runs once, however often
// it is delivered: the store remembers the request in the transaction of the command. A room is brought up to date by one job
// at a time, which keeps every step before the next; a message of which nobody knows whether Slack took it is looked for by its
// key before it is posted again. An answer to a command may be shown more than once.
//
// What is private is said to its members alone: in its own private channel, or to the person who asked.
//
// The package decides nothing about incidents, and keeps only what Slack was told. What it keeps is stored by
// [plimsoll/incidents/slack/postgres].
package slack
