package gatetest

import (
	"time"

	"plimsoll/slo"
	"plimsoll/slo/gate"
)

// situations lead to a decision of each reason.
func situations() []situation {
	return []situation{
		{name: "WITHIN_BUDGET", policy: plain},
		{name: "EXEMPT_ROLLBACK", policy: plain, is: spent, change: class(gate.Rollback)},
		{name: "EXEMPT_CLASS", policy: plain, is: spent, change: class(gate.Security)},
		{name: "EXEMPT_CLASS with a reference", policy: plain, change: class(gate.Reliability, "INC-7"), is: func(s *gate.Snapshot) {
			spent(s)
			s.References = []gate.Reference{{Ref: "INC-7", Known: true, Open: true}}
		}},
		{name: "BUDGET_SPENT without a reference", policy: plain, is: spent, change: class(gate.Reliability)},
		{name: "OVERRIDE", policy: plain, is: func(s *gate.Snapshot) {
			spent(s)
			approved := Noon.Add(-time.Minute)
			s.Override = &gate.Override{ID: 1, Service: "video-api", Environment: "production", Commit: "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
				Reason: "customers cannot pay", By: "ada", At: Noon.Add(-time.Hour), Until: Noon.Add(time.Hour), ApprovedBy: "grace", ApprovedAt: &approved}
		}},
		{name: "CODE_RED", policy: plain, is: func(s *gate.Snapshot) {
			spent(s)
			s.Freeze = gate.State{Phase: gate.CodeRed, Since: Noon.Add(-2 * time.Hour), Cause: []slo.Key{"video-api/availability"}}
		}},
		{name: "FROZEN_BY_HAND", policy: plain, is: func(s *gate.Snapshot) { s.Freeze = gate.State{Manual: manual(gate.FreezeByHand, "cup final")} }},
		{name: "THAWED_BY_HAND", policy: plain, is: func(s *gate.Snapshot) {
			spent(s)
			s.Freeze = gate.State{Manual: manual(gate.ThawByHand, "the fix is known")}
		}},
		{name: "THAWING", policy: plain, is: func(s *gate.Snapshot) {
			s.Freeze = gate.State{Phase: gate.Thawing, Since: Noon.Add(-2 * time.Hour), Admitted: &gate.Admission{At: Noon.Add(-20 * time.Minute), Commit: "c0ffee"}}
		}},
		{name: "BUDGET_SPENT", policy: plain, is: spent},
		{name: "BUDGET_EXCUSED", policy: plain, is: func(s *gate.Snapshot) {
			spent(s)
			s.Freeze = gate.State{Phase: gate.Caution, Since: Noon.Add(-2 * time.Hour), Excused: []gate.Excused{{Objective: "video-api/availability", Remaining: -0.4}}}
		}},
		{name: "EXEMPT_CAUSE", policy: plain, is: func(s *gate.Snapshot) {
			spent(s)
			s.Exemptions = []gate.Exemption{{ID: 1, Service: "video-api", Environment: "production", Because: gate.CauseOutside, Reason: "the network of the company was down",
				By: "ada", At: Noon.Add(-time.Hour), Until: Noon.Add(time.Hour)}}
		}},
		{name: "BUDGET_CAUTION", policy: plain, is: low},
		{name: "BUDGET_CAUTION held", policy: careful, is: low},
		{name: "DATA_STALE", policy: plain, is: func(s *gate.Snapshot) { s.Objectives[0].LastSample = Noon.Add(-time.Hour) }},
		{name: "DATA_LAST_GOOD", policy: "clauses:\n- data: {onStale: last_good, lease: 30m}\n- budget: {}\n", is: func(s *gate.Snapshot) {
			s.LastGood = []gate.Figures{s.Objectives[0]}
			s.LastGood[0].LastSample = Noon.Add(-10 * time.Minute)
			s.Objectives[0].LastSample = Noon.Add(-10 * time.Minute)
		}},
		{name: "COVERAGE_LOW", policy: plain, is: func(s *gate.Snapshot) { s.Objectives[0].Coverage = 0.2 }},
		{name: "DATA_GAP", policy: plain, is: func(s *gate.Snapshot) { s.Objectives[0].Hold = slo.HoldSilent }},
		{name: "INCIDENT_OPEN", policy: plain, is: func(s *gate.Snapshot) {
			s.Incidents = []gate.Incident{{Ref: "INC-3", Title: "Uploads fail", Severity: 1, Since: Noon.Add(-time.Hour)}}
		}},
		{name: "CALENDAR_CLOSED", policy: "clauses:\n- budget: {}\n- calendar: {closed: [{from: 2026-11-24, to: 2026-11-25, reason: cup final}]}\n"},
		{name: "ALERT_FIRING", policy: plain, is: func(s *gate.Snapshot) {
			s.Alerts = []gate.Alert{{Objective: "video-api/availability", Tier: "page-fast", Severity: "page"}}
		}},
		{name: "CONDITION", policy: "clauses:\n- budget: {}\n- when: {name: small steps, condition: '!change.progressive', then: hold, message: roll it out in steps}\n"},
		{name: "CONDITION_FAILED", policy: "clauses:\n- budget: {}\n- when: {name: broken, condition: 'objectives[9].remaining < 0.5'}\n"},
		{name: "DEPENDENCY", policy: plain, is: func(s *gate.Snapshot) { s.Dependencies = []gate.Dependency{{Service: "search", Frozen: true}} }},
		{name: "NO_POLICY", change: func(c *gate.Change) { c.Environment = "prodution" }},
		{name: "NO_OBJECTIVE", policy: plain, change: func(c *gate.Change) { c.Service = "vidoe-api" }, is: func(s *gate.Snapshot) { s.Objectives = nil }},
		{name: "BUDGET_SPENT in shadow", policy: "mode: shadow\n" + plain, is: spent},
	}
}

// hostile are names and reasons that try to be markup, commands of a workflow, mentions or further lines.
func hostile() []situation {
	const evil = "<!channel> @all #1 **bold** [x](https://example.com) www.example.com `code` </details>\n::error::100%, a: b\r| c\u2028d"
	return []situation{
		{name: "a hostile name", policy: plain, is: func(s *gate.Snapshot) { s.Objectives[0] = figures(evil, 152) }},
		{name: "a hostile reason", policy: plain, is: func(s *gate.Snapshot) { s.Freeze = gate.State{Manual: manual(gate.FreezeByHand, evil)} }},
	}
}
