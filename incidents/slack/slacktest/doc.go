// Package slacktest is a Slack for tests: a workspace with people and channels that speaks Slack's documented wire formats to
// an app, and remembers what each person would see.
//
//	test ──"ada types /incident new …"──▶ Workspace ──signed form, or Socket Mode envelope──▶ the app
//	                                         ▲                                                  │
//	test ◀──what people see────────────── channels ◀──Web API, response_url────────────────────┘
//
// It can be down, take a call and lose the answer, limit the rate, and let triggers expire. It is strict: a call of a
// method, a token, a channel or a user that does not exist is refused with Slack's own codes, and calls that Slack would need a scope
// for are noted with it. It is for tests only.
//
// Sources of the formats: https://docs.slack.dev/interactivity/implementing-slash-commands,
// https://docs.slack.dev/reference/interaction-payloads, https://docs.slack.dev/apis/events-api,
// https://docs.slack.dev/apis/events-api/using-socket-mode, https://docs.slack.dev/authentication/verifying-requests-from-slack,
// and the pages of the methods.
package slacktest
