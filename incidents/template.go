package incidents

import (
	"fmt"
	"strings"
	"time"
)

// notices says who notices an incident of a severity, in the words of its definition.
var notices = map[Severity]string{
	Unset: "We do not know yet how many customers notice it.",
	1:     "Most customers notice it.",
	2:     "Many customers notice it.",
	3:     "Some customers notice it, and there is a way around it.",
	4:     "Few customers notice it.",
	5:     "Customers do not notice it.",
}

// works says what is being done in a state.
var works = map[State]string{
	Declared:     "We are finding people to work on it.",
	Acknowledged: "We are working on it.",
	Mitigated:    "Customers no longer notice it. We are making sure that it stays that way.",
	Resolved:     "It is over. We are looking into what we can learn from it.",
	Closed:       "It is over.",
	Cancelled:    "It turned out that nothing was wrong.",
	Merged:       "It is part of a larger problem, on which we are working.",
}

// Template is a message that is ready to be read by its audience: what is affected, who notices, what we do, and when
// the next word comes. It uses no technical words of its own; the title is the responders'.
func Template(a Audience, i Incident, at time.Time) string {
	var b strings.Builder
	if i.Drill {
		b.WriteString("This is a drill.\n")
	}
	switch a {
	case Customers:
		fmt.Fprintf(&b, "What is affected: %s.\n", sentence(i.Title))
	default:
		fmt.Fprintf(&b, "%s, %s.\n", i.Ref, howBad(i.Severity))
		fmt.Fprintf(&b, "What is affected: %s%s.\n", sentence(i.Title), in(i.Services))
	}
	fmt.Fprintf(&b, "Who notices: %s\n", noticed(i))
	fmt.Fprintf(&b, "What we do: %s\n", works[i.State])
	if a == Support && (i.State.Open() || i.State == Merged) {
		b.WriteString("What to tell customers who ask: we know of it, and they need not report it again.\n")
	} else if a == Support {
		b.WriteString("What to tell customers who ask: it is over, and we want to hear from whoever still notices it.\n")
	}
	b.WriteString("Next word: " + nextWord(i, at))
	return b.String()
}

// noticed says who notices it, in the past once nobody does any more.
func noticed(i Incident) string {
	switch s := notices[i.Severity]; {
	case i.State == Cancelled:
		return "Nobody."
	case i.State == Declared || i.State == Acknowledged || i.State == Merged || !i.Severity.Set():
		return s
	}
	return strings.NewReplacer("do not notice", "did not notice", "notice", "noticed", "there is", "there was").Replace(notices[i.Severity])
}

func howBad(s Severity) string {
	if !s.Set() {
		return "severity not known yet"
	}
	return fmt.Sprintf("severity %d (%s)", s, s.Name())
}

// sentence takes the full stop off a title, so that one can be put after it.
func sentence(title string) string { return strings.TrimRight(title, ". ") }

func in(services []string) string {
	if len(services) == 0 {
		return ""
	}
	return " (" + strings.Join(services, ", ") + ")"
}

func nextWord(i Incident, at time.Time) string {
	due, ok := i.UpdateDue()
	switch {
	case i.State == Merged:
		return "with the news of that problem."
	case !i.State.Open():
		return "none; this is the last one."
	case !ok:
		return "as soon as there is news."
	case due.Before(at):
		return "shortly."
	case due.Sub(at) < 24*time.Hour:
		return "at " + due.UTC().Format("15:04 UTC") + ", or earlier if there is news."
	default:
		return "on " + due.UTC().Format("2 January at 15:04 UTC") + ", or earlier if there is news."
	}
}
