package gate

import (
	"regexp"
	"slices"
	"strconv"
	"time"
)

var manualFact = regexp.MustCompile(`^(freeze|thaw) by (\w+) until day (\d+) (\S+)$`)

// wordFact is what people do that is not a freeze or thaw: plan by ada, criteria by grace refused.
var wordFact = regexp.MustCompile(`^(plan|criteria) by (\w+)( refused)?$`)

func (w *world) fact(fact string, words []string) *Command {
	if m := wordFact.FindStringSubmatch(fact); m != nil {
		c := &Command{Kind: FilePlan, By: m[2], Reason: "because" + m[3], Plan: Plan{Text: "drain the queue sooner"}}
		if m[1] == "criteria" {
			c.Kind = ThawByCriteria
			if m[2] == "grace" { // the release manager of all scenarios
				c.Roles = []string{ReleaseManager}
			}
		}
		return c
	}
	if words[0] == "exempt" || fact == "no exemption" {
		w.exempt(fact)
		return nil
	}
	if words[0] == "override" {
		w.override(fact)
		return nil
	}
	if m := manualFact.FindStringSubmatch(fact); m != nil {
		c := &Command{Kind: CommandKind(m[1]), By: m[2], Reason: "because", Until: w.instant(m[3], m[4])}
		if err := c.Validate(w.at); err != nil {
			w.fail("%v", err)
		}
		return c
	}
	var err error
	switch {
	case words[0] == "budget" && len(words) == 3:
		w.budgets["availability"], err = strconv.ParseFloat(words[1], 64)
	case words[0] == "budget" && len(words) == 4:
		w.budgets[words[1]], err = strconv.ParseFloat(words[2], 64)
	case words[0] == "coverage":
		w.coverage, err = strconv.ParseFloat(words[1], 64)
		w.coverage /= 100
	case fact == "data never":
		w.never = true
	case words[0] == "data" && words[1] == "of": // data of latency never
		w.unheard = words[2]
	case words[0] == "data":
		w.never = false
		w.age, err = time.ParseDuration(words[1])
	case words[0] == "reference":
		concerned := []string{w.service}
		if len(words) > 3 { // reference INC-7 open of search; of nothing
			concerned = slices.DeleteFunc(words[4:], func(s string) bool { return s == "nothing" })
		}
		w.references = append(w.references, Reference{Ref: words[1], Known: true, Open: words[2] == "open", Services: concerned})
	case words[0] == "incident":
		severity, _ := strconv.Atoi(words[3])
		w.incidents = append(w.incidents, Incident{Ref: words[1], Severity: severity, Title: "trouble", Since: w.at, CodeRed: len(words) > 4})
	case fact == "no incident":
		w.incidents = nil
	case words[0] == "alert":
		w.alerts = append(w.alerts, Alert{Objective: "video-api/availability", Tier: words[1], Severity: words[2]})
	case fact == "no alert":
		w.alerts = nil
	case words[0] == "dependency" && words[2] == "frozen":
		w.depends = append(w.depends, Dependency{Service: words[1], Frozen: true})
	case words[0] == "dependency":
		severity, _ := strconv.Atoi(words[5])
		w.depends = append(w.depends, Dependency{Service: words[1], Incident: &Incident{Ref: words[3], Severity: severity, Title: "trouble", Since: w.at}})
	case fact == "source silent":
		w.gap = true
	case fact == "source heard":
		w.gap = false
	case w.responds(fact, words):
	case fact == "no dependency":
		w.depends = nil
	case fact == "no objective":
		w.budgets = map[string]float64{}
	default:
		w.fail("no such fact: %q", fact)
	}
	if err != nil {
		w.fail("%v", err)
	}
	return nil
}
