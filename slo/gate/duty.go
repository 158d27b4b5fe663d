package gate

import "time"

// DutyKind names what a Code Red asks of people.
type DutyKind string

const (
	NameCommander DutyKind = "commander" // of its incident
	PlanActions   DutyKind = "plan"      // file the action plan
	UpdateDaily   DutyKind = "update"    // tell everybody else
)

// By when the duties of a Code Red are due.
const (
	CommanderWithin = time.Hour      // of its beginning
	PlanWithin      = 24 * time.Hour // of its beginning
	UpdateEvery     = 24 * time.Hour // since its beginning or the last update
)

// Duty is something that a Code Red still asks of people.
type Duty struct {
	Kind    DutyKind  `json:"kind" enum:"commander,plan,update"`
	Text    string    `json:"text"`
	Due     time.Time `json:"due"`
	Overdue bool      `json:"overdue"`
}

// Duties returns what a Code Red still asks of people at an instant; nothing in any other phase. The daily update is asked for until it ends.
func (s State) Duties(r Response, at time.Time) []Duty {
	duties := []Duty{}
	if s.Phase != CodeRed {
		return duties
	}
	add := func(kind DutyKind, text string, due time.Time) {
		duties = append(duties, Duty{Kind: kind, Text: text, Due: due, Overdue: at.After(due)})
	}
	if r.Commander == "" {
		add(NameCommander, "naming an incident commander", s.Since.Add(CommanderWithin))
	}
	if s.Plan == nil {
		add(PlanActions, "the action plan", s.Since.Add(PlanWithin))
	}
	last := s.Since
	if r.LastUpdate.After(last) {
		last = r.LastUpdate
	}
	add(UpdateDaily, "the daily update", last.Add(UpdateEvery))
	return duties
}
