// Package flagger answers the gate's question as a webhook of Flagger.
//
// Flagger reads the status and shows the body of a refusal in the canary's events, so all answers are plain text: 200 lets
// the canary go on, 403 keeps it where it is, and a hook of type confirm-rollout or confirm-promotion asks again at the next interval.
//
//	canary ──POST {name, namespace, phase, type, metadata}──▶ payload ──▶ gate.Change ──Check──▶ gate.Decision ──▶ 200 or 403
//	                                                            │
//	                                                            ├── nothing goes out any more (post-rollout, event, failed) ──▶ 200
//	                                                            └── a hook of type rollback: 200 would roll back ──▶ 403, always
//
// Where nothing goes out any more the hook may tell what became of the canary, and that is recorded as a deploy:
//
//	event, phase Progressing ──▶ start     event "Promotion completed!", phase Succeeded ──▶ finish     event "Canary failed!", phase Failed ──▶ rollback
//
// Flagger takes a status above 202 as a refusal, 204 too.
//
// Source: Flagger, Webhooks.
package flagger
