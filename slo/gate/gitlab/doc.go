// Package gitlab keeps the freeze periods of GitLab projects in step with the freezes of the gate, so that pipelines see
// CI_DEPLOY_FREEZE and environments show the freeze. What decides is the job of deploy/gitlab, which asks the gate; a freeze period
// is for people and for jobs that look at it.
//
//	freezes ──Wanted──▶ periods of a project ──┐
//	ours, as we noted them ────────────────────┼──Plan──▶ note, create │ delete, forget
//	GitLab's, as it lists them ────────────────┘
//
// A freeze period has no name, so ours are known by a note, which is durable before a period is created: after a crash in
// between, the next round finds the note and creates or deletes what it says. A period that a person made is never touched, also
// where it says the same as ours would.
//
// A freeze period is two cron expressions. Ours name a minute of a day of a month, which comes again after a year; they are deleted
// long before. A freeze whose end is not known gets an end some weeks ahead, which is put off while the freeze lasts.
//
// Source: GitLab, "Freeze periods API".
package gitlab
