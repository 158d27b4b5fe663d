package gate

import "time"

// FreezeStatus is a freeze with what people need to know of it: what is owed, what ends it, and when that may be.
type FreezeStatus struct {
	State
	Tier    int    `json:"tier,omitempty"` // of the service
	Policy  string `json:"policy"`         // whom the policy is for, such as "tier 1"
	Stopped bool   `json:"stopped"`        // changes that are not exempt are denied
	// Spent are the objectives whose budgets are spent now.
	Spent []Figures `json:"spent"`
	// BackAbout is when the last of them is back if no more errors come; nil if none is spent or it is not known.
	BackAbout *time.Time `json:"backAbout,omitempty"`
	// LiftsAt is when the freeze ends if the budgets stay as they are; of a Code Red whose budgets are back.
	LiftsAt *time.Time `json:"liftsAt,omitempty"`
	Ends    string     `json:"ends,omitempty"` // how the freeze ends, in words; of a Code Red
	// Incident of a Code Red, such as "INC-7", and its commander.
	Incident   string            `json:"incident,omitempty"`
	Commander  string            `json:"commander,omitempty"`
	Duties     []Duty            `json:"duties"`   // of a Code Red
	Criteria   []CriterionStatus `json:"criteria"` // of a Code Red
	Exemptions []Exemption       `json:"exemptions"`
}

// StatusOf describes a freeze at an instant. A response that is not known asks nobody for anything.
func StatusOf(p *Policy, s State, figures []Figures, r *Response, exemptions []Exemption, at time.Time) FreezeStatus {
	if s.Phase == "" {
		s.Phase = Open
	}
	f := FreezeStatus{
		State: s, Policy: p.Ref().Covers(), Stopped: s.Frozen(at) && p.Mode != Shadow, Spent: append([]Figures{}, spentOf(figures)...),
		Duties: []Duty{}, Criteria: []CriterionStatus{}, Exemptions: append([]Exemption{}, exemptions...),
	}
	f.Shadow, f.BackAbout = p.Mode == Shadow, backAt(f.Spent)
	if s.Phase != CodeRed {
		return f
	}
	f.Ends, f.Criteria = p.FreezeEnds(), s.Criteria(p.Thaw, r)
	if name := p.awaits(figures, at); name != "" {
		f.Ends += "; it does not end by itself while data of " + name + " is missing"
	} else if s.RecoveredAt != nil {
		lifts := s.RecoveredAt.Add(p.Thaw.After)
		f.LiftsAt = &lifts
	}
	if r != nil {
		f.Incident, f.Commander, f.Duties = r.Incident, r.Commander, s.Duties(*r, at)
	}
	return f
}
