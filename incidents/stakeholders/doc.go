// Package stakeholders sends approved messages of incidents to the people who have to know how it goes and do not work on
// it: executives, support, customers.
//
// Writing and approving are commands of [plimsoll/incidents]; this package begins where a message is approved. While its
// process leads, the runner makes one durable job for each recipient that has not got a message yet:
//
//	approved ──▶ job a recipient ──sent────────────────▶ recorded: to whom, when
//	                  │    ▲
//	                  │    └── passing trouble: again later, only this recipient
//	                  └──refused, given up, or stale───▶ recorded: to whom, why not
//
// What was recorded is not sent again. After a crash between sending and recording a recipient may get a message twice, with the same
// ID. A message that nobody took for [Fresh] is stale and is not sent any more: old news reads as if it were new.
//
// The package knows no channel: recipients are functions that the wiring makes. It keeps no table.
package stakeholders
