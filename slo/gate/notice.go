package gate

import (
	"fmt"
	"slices"
	"strings"
)

// Notice tells people outside the team what happened to releases, in plain words.
type Notice struct {
	Title  string
	Text   string
	Owners []string // of the objectives that the event names, sorted
}

// Notice writes what owners and stakeholders are told of an event; false if it is not worth a message. Nothing is told of a policy in
// shadow mode, which stops nothing.
func (p *Policy) Notice(e Event) (Notice, bool) {
	write, ok := notices[e.Kind]
	if !ok || p.Mode == Shadow || e.Kind == EnteredOpen && e.From == Caution || e.Kind == EnteredCaution && e.From == Open {
		return Notice{}, false
	}
	n := Notice{}
	n.Title, n.Text = write(p, e)
	for _, f := range e.Objectives {
		if f.Owner != "" {
			n.Owners = append(n.Owners, f.Owner)
		}
	}
	slices.Sort(n.Owners)
	n.Owners = slices.Compact(n.Owners)
	return n, true
}

// notices are the texts of the events that people are told of.
var notices = map[EventKind]func(*Policy, Event) (title, text string){
	EnteredCodeRed: func(p *Policy, e Event) (string, string) {
		return fmt.Sprintf("Releases of %s to %s are stopped", e.Service, e.Environment),
			fmt.Sprintf("Too much has failed: the error budget is spent (%s). Until it is back, only %s go out. %s; %s. "+
				"An incident commander is to be named within %d hour, an action plan is due by %s, and everybody is told how it stands each day until it ends.",
				sentence(e.Objectives), p.Exemptions(), upperFirst(forecast(e.Objectives)), p.FreezeEnds(),
				int(CommanderWithin.Hours()), instant(e.At.Add(PlanWithin)))
	},
	EnteredThawing: func(p *Policy, e Event) (string, string) {
		return fmt.Sprintf("Releases of %s to %s begin again, one at a time", e.Service, e.Environment),
			fmt.Sprintf("%s. One change goes out in %d minutes until %s.", told(e), int(p.Thaw.Every.Minutes()), instant(e.At.Add(p.Thaw.For)))
	},
	EnteredCaution: func(_ *Policy, e Event) (string, string) { // at the end of a freeze
		return fmt.Sprintf("Releases of %s to %s are open again, with care", e.Service, e.Environment), told(e) + "."
	},
	EnteredOpen: func(_ *Policy, e Event) (string, string) {
		return fmt.Sprintf("Releases of %s to %s are open again", e.Service, e.Environment), told(e) + "."
	},
	Frozen: func(p *Policy, e Event) (string, string) {
		return fmt.Sprintf("Releases of %s to %s are frozen by hand", e.Service, e.Environment),
			fmt.Sprintf("%s. It lasts until %s. Only %s go out.", told(e), instant(*e.Until), p.Exemptions())
	},
	Thawed: func(_ *Policy, e Event) (string, string) {
		return fmt.Sprintf("The freeze of %s in %s is lifted by hand", e.Service, e.Environment),
			fmt.Sprintf("%s. It lasts until %s.", told(e), instant(*e.Until))
	},
	PlanFiled: func(_ *Policy, e Event) (string, string) {
		return fmt.Sprintf("There is an action plan for %s in %s", e.Service, e.Environment), told(e) + "."
	},
	DutyOverdue: func(_ *Policy, e Event) (string, string) {
		return fmt.Sprintf("Overdue while releases of %s to %s are stopped", e.Service, e.Environment), told(e) + "."
	},
}

// told is the reason of an event with whoever gave it.
func told(e Event) string {
	reason := strings.TrimSuffix(e.Reason, ".")
	if e.By == "" {
		return upperFirst(reason)
	}
	return e.By + ": " + reason
}

// forecast says when spent budgets may be back.
func forecast(spent []Figures) string {
	if len(spent) == 0 {
		return ""
	}
	return backAbout(backAt(spent), spent[0].Window)
}
