// Package notify tells receivers about burning error budgets: Slack, an Alertmanager, any webhook, or people by e-mail.
//
// It sends one notice to one receiver, once, and says what became of it. It keeps nothing and tries nothing again: that is the work of
// durable jobs, which decide by the error:
//
//	nil            delivered
//	*Later         not now; try again after a while (a 429 or 503 that says when, or any other passing trouble)
//	ErrRefused     not as it is; trying again does not help (a wrong token, an unknown channel, a 4xx)
//
// No error holds a secret: addresses are given without their path and query.
package notify
