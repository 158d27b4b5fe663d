package slack

import (
	"plimsoll/incidents"
)

// request is what a verb asks for: a command on an incident, on its postmortem, or to begin that.
type request any

// verb is a row of the table of what can be asked.
type verb struct {
	name    string
	aliases []string
	usage   string // after the name
	help    string
	parse   func(rest string, c setting) (request, error) // nil for a verb that only reads
	// form is the modal that the bare verb opens; nil for a verb that needs no words.
	form *form
	// takesRef says that a reference after the verb is not the incident that it is for.
	takesRef bool
}

// verbs is the table, in the order of the help.
func verbs() []verb {
	return []verb{
		{name: "new", aliases: []string{"declare", "open"}, usage: `"title" [sev1-5] [svc:x] [since:14:05] [private] [drill]`,
			help: "declare an incident", parse: parseNew, form: newForm},
		{name: "ack", aliases: []string{"acknowledge"}, help: "say that you work on it", parse: always(incidents.Acknowledge{})},
		{name: "lead", aliases: []string{"command", "commander", "ic"}, usage: "[@user]", help: "take command, or give it", parse: role(incidents.Commander)},
		{name: "ops", aliases: []string{"operations"}, usage: "[@user]", help: "take or give operations", parse: role(incidents.Operations)},
		{name: "comms", aliases: []string{"communications"}, usage: "[@user] | executives|support|customers [text] | approve|reject n [why]",
			help: "take or give communications; or write to an audience, which somebody else approves", parse: parseComms},
		{name: "scribe", usage: "[@user]", help: "take or give the scribe's role", parse: role(incidents.Scribe)},
		{name: "handoff", usage: "lead|ops|comms|scribe @user", help: "hand a role off", parse: parseHandoff, form: handoffForm},
		{name: "note", usage: "text", help: "put a note among responders on the timeline", parse: parseNote, form: noteForm},
		{name: "update", usage: "[--in 30m] text", help: "tell everybody else how it goes, and when the next word comes", parse: parseUpdate, form: updateForm},
		{name: "sev", aliases: []string{"severity"}, usage: "1-5 [reason]", help: "set or change the severity", parse: parseSev, form: sevForm},
		{name: "impact", aliases: []string{"affects"}, usage: "svc:x [objective:x/y] [-svc:z]", help: "say what is affected, or with - what is not after all", parse: parseImpact, form: impactForm},
		{name: "mitigate", aliases: []string{"mitigated"}, usage: "[how]", help: "say that customers no longer notice it", parse: parseMitigate},
		{name: "resolve", aliases: []string{"resolved", "fixed"}, usage: "[how]", help: "say that its cause is gone or contained", parse: parseResolve},
		{name: "reopen", usage: "why", help: "say that it was not over", parse: parseReopen, form: reasonForm("Reopen", "Why it is not over")},
		{name: "cancel", usage: "why", help: "say that it was no incident", parse: parseCancel, form: reasonForm("Cancel", "Why it was no incident")},
		{name: "close", help: "end a resolved incident for good", parse: always(incidents.Close{})},
		{name: "at", aliases: []string{"time"}, usage: "started|detected|acknowledged|mitigated|resolved 14:05", help: "correct when something happened (UTC)", parse: parseAt, form: atForm},
		{name: "task", usage: "[@user] text", help: "ask for something to be done during the response", parse: parseTask(incidents.TaskNow), form: taskForm("Task")},
		{name: "followup", aliases: []string{"follow-up"}, usage: "[@user] text", help: "ask for something to be done afterwards", parse: parseTask(incidents.TaskFollowUp), form: taskForm("Follow-up")},
		{name: "done", aliases: []string{"finish"}, usage: "n | AI-n test|alert|commit|change|dashboard|runbook|decision where what it shows",
			help: "say that a task is done; close an action item with evidence", parse: parseDone, form: doneForm},
		{name: "item", usage: "prevent|detect|mitigate|process [p1-4] [@user] text", help: "add an action item to its postmortem", parse: parseItem, form: itemForm},
		{name: "verify", usage: "AI-n [note]", help: "say that you have looked at the evidence of an action item", parse: parseVerify, form: verifyForm},
		{name: "invite", usage: "@user", help: "let somebody see a private incident", parse: parseInvite, form: inviteForm},
		{name: "private", help: "hide it from all but its members", parse: always(incidents.SetPrivate{Private: true})},
		{name: "public", help: "show it to everybody", parse: always(incidents.SetPrivate{Private: false})},
		{name: "link", usage: "INC-m", help: "say that it has to do with another", parse: parseLink, form: otherForm("Link"), takesRef: true},
		{name: "dup", aliases: []string{"duplicate", "merge"}, usage: "INC-m", help: "say that it is part of another, where it goes on", parse: parseDup, form: otherForm("Merge"), takesRef: true},
		{name: "postmortem", aliases: []string{"pm"}, help: "begin its postmortem, or show how that stands", parse: always(beginPostmortem{})},
		{name: "status", aliases: []string{"show"}, help: "show the incident"},
		{name: "list", aliases: []string{"ls"}, help: "list the open incidents"},
		{name: "help", help: "show this"},
	}
}
