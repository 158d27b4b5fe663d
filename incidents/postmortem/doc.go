// Package postmortem drafts the record of what was learnt from an incident, from its timeline and from the error budget
// that it spent.
//
//	Incident + timeline + Spent ──Draft──▶ Markdown: what is known is filled in, what is not is asked
//
// A draft is blameless by construction: people appear as the roles they held, also in the texts that they wrote. What
// only people can know (background, causes, luck, lessons) is never guessed; the draft asks for it.
//
// The package is pure. It keeps no record and runs no workflow. The sections are those of the Google SRE workbook's
// postmortem, with the five whys and the gap in detection asked for by name.
package postmortem
