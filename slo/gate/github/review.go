package github

import (
	"fmt"
	"unicode/utf8"

	"plimsoll/slo/gate"
)

const (
	approved = "approved"
	rejected = "rejected"
	// maxComment is how many characters GitHub takes of a comment.
	maxComment = 1024
)

// change translates a deployment.
func (t Target) change(a ReviewArgs) gate.Change {
	environment := t.As
	if environment == "" {
		environment = t.Environment
	}
	return gate.Change{Service: t.Service, Environment: environment, Commit: a.Commit, Author: a.Author, Class: t.class(a.Ref)}
}

// reviewOf translates a decision: a verdict, or a report where the deployment waits.
func reviewOf(a ReviewArgs, d gate.Decision, onDeny OnDeny) (r review, verdict bool) {
	r = review{Environment: a.Environment, Comment: comment(d)}
	switch {
	case d.Outcome == gate.Allow:
		r.State = approved
	case d.Outcome == gate.Deny && onDeny != Wait:
		r.State = rejected
	}
	return r, r.State != ""
}

// comment writes the three lines in Markdown, as long as GitHub takes them.
func comment(d gate.Decision) string {
	text := d.Markdown()
	if utf8.RuneCountInString(text) > maxComment {
		text = string([]rune(text)[:maxComment-1]) + "…"
	}
	return text
}

// invalid is the denial of what no gate can decide, such as a commit that is none.
func invalid(a ReviewArgs, err *gate.InputError) gate.Decision {
	return gate.Decision{Outcome: gate.Deny, Message: []string{
		fmt.Sprintf("DENY %s of %s to %s: the gate cannot be asked about it.", short(a.Commit), a.Repository, a.Environment),
		err.Error() + ".",
		"Next: correct the target in Plimsoll's configuration, and run the job again.",
	}}
}
