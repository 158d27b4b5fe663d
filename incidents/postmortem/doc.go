// Package postmortem is the record of what was learnt from an incident, the review that it goes through, and the action
// items that come of it.
//
//	Incident + timeline + Spent ──FactsOf──▶ Facts   what was measured; taken again as long as it is a draft
//	                    Facts ──Begin──▶ Record ──Apply(Command)──▶ the next version of the record
//
//	           ┌──────── Return ───────┐
//	           ▼                       │
//	Begin ▶ draft ──Submit──▶ in_review ──Approve (all reviewers, one at least)──▶ reviewed ──Close──▶ closed
//	           ▲                                                                     │ ▲                 │
//	           └────────────────────────────── Return ──────────────────────────────┴─┼── Return ───────┤
//	                                                                                   └── ReopenItem ───┘
//
//	action item:  open ──CloseItem (with evidence)──▶ closed ──VerifyItem (by a second person)──▶ verified
//	                ▲                                    │                                         │
//	                └──────────────────────────── ReopenItem ──────────────────────────────────────┘
//
// What is submitted has every section that [Record.Missing] asks for. An approval speaks of the text as it stood: an edit
// in review takes approvals back. Nobody approves what nobody else has written. A postmortem is closed when each of its
// action items is, and an item that is reopened opens it again. Every command makes a version, and none is lost.
//
// A record is blameless by construction: people appear as the roles they held, also in the texts of the timeline. What only people
// can know (background, causes, luck, lessons) is never guessed; the document asks for it. What people write is checked by
// plimsoll/incidents/postmortem/blameless, which advises and refuses nothing.
//
// The package is pure: it keeps no record, reads no clock and sends no reminder. The sections are those of the Google SRE
// workbook's postmortem, with the five whys and the gap in detection asked for by name.
package postmortem
