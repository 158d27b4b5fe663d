package gate

import "time"

// Snapshot is what is true at the instant of a decision. Everything that a decision depends on, besides the policy and
// the change, is in it.
type Snapshot struct {
	At time.Time
	// Objectives of the service, sorted by key.
	Objectives []Figures
	// LastGood are the figures of objectives whose data is stale, as they were when their sources were last heard; where the policy asks
	// for them, see [Policy.StaleAfter].
	LastGood []Figures
	// Freeze of the service in the environment.
	Freeze State
	// Incidents of the service that are open.
	Incidents []Incident
	// Alerts of the service that fire.
	Alerts []Alert
	// Dependencies are the services that this one depends on.
	Dependencies []Dependency
	// Override of this commit that is approved and unused; nil if there is none.
	Override *Override
	// Exemptions of the service in the environment that have not ended, newest first.
	Exemptions []Exemption
	// References are what is known of the change's references.
	References []Reference
	// Services that have objectives and Environments that have a policy, to suggest a spelling.
	Services, Environments []string
}

// Incident is an open incident of a service.
type Incident struct {
	Ref      string    `json:"ref"` // such as "INC-7"
	Title    string    `json:"title"`
	Severity int       `json:"severity"` // 1 is the worst
	Since    time.Time `json:"since"`
	// CodeRed marks an incident that a freeze opened: the freeze itself speaks for it.
	CodeRed bool `json:"codeRed,omitempty"`
}

// Reference is what is known of an incident or action item that a change refers to.
type Reference struct {
	Ref   string `json:"ref"`
	Known bool   `json:"known"`
	Open  bool   `json:"open"`
	// Services that it concerns; nil in a record of before that was asked.
	Services []string `json:"services"`
}
