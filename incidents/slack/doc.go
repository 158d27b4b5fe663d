// Package slack answers the slash command /incident: one more face of the commands of [plimsoll/incidents].
//
//	Slack ─POST─▶ Commands ─▶ signature (v0, raw body, five minutes, constant time) ──bad──▶ 401, nothing is parsed
//	                               │ good
//	                               ▼
//	                         insert a job, unique by trigger ─▶ 200 within a second
//	                               │
//	                               ▼            ┌── ran before ──▶ what it left then
//	                             worker ─▶ parse ─▶ command on the store ─▶ answer to response_url
//	                               ▲                                              │
//	                               └────── retried by River: Slack or database down ─┘
//
// A command runs once, however often Slack or River deliver it: the job is unique by the trigger of the request, and
// the store remembers the request in the transaction of the command. The answer may be sent more than once.
//
// The package keeps nothing of its own and calls nobody but response_url.
package slack
