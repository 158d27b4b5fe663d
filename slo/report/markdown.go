package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"plimsoll/slo"
)

// Markdown writes the report for people, in GitHub's flavour.
func Markdown(w io.Writer, r Report) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Error budgets of week %s\n\n", r.Week)
	if r.Complete {
		fmt.Fprintf(&b, "%s until %s.", stamp(r.From), stamp(r.Until))
	} else {
		fmt.Fprintf(&b, "%s until now, %s. **The week is not over: these figures will still change.**", stamp(r.From), r.Until.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	b.WriteString("\n\n")
	for _, s := range r.Summary {
		fmt.Fprintf(&b, "- %s\n", text(s))
	}
	for _, s := range r.Services {
		service(&b, s)
	}
	incidentTable(&b, r.Incidents)
	itemTable(&b, r.ActionItems)
	fmt.Fprintf(&b, "\n---\n\n%s\n", explanation)
	_, err := b.WriteTo(w)
	return err
}

const explanation = `SLI is the week's share of good events. Budget is 1 − bad ÷ allowed over the objective's window, which ends where the
week begins and where it ends; below 0 % it is overspent. Spent is the week's bad events as a share of what the window at the week's end
allows; a budget can rise while some of it is spent, because older bad events leave the window. Coverage is the share of the week's minutes
in which the source was seen. TTD is from start to detection, TTA from detection to acknowledgement, TTM and TTR from start to mitigation
and to resolution. Deployments are changes that went out; lead time is from the commit until then, change failures are those that had to be put
right at once, and recovery time is from the failure until that was done (medians, with their number). What is good to have is rounded down, and what is bad is rounded up.`

func service(b *bytes.Buffer, s Service) {
	fmt.Fprintf(b, "\n## %s\n", text(s.Name))
	if s.Owner != "" {
		fmt.Fprintf(b, "\nOwner: %s\n", text(s.Owner))
	}
	fmt.Fprintf(b, "\n**Next:** %s (rule: %s)\n\n", text(s.Advice.Text), s.Advice.Rule)
	table(b, "Objective", "Target", ">SLI", ">Bad", ">Events", ">Budget at start", ">at end", ">Spent", ">Coverage")
	for _, o := range s.Objectives {
		bad, total := slo.FormatBadAmount(o.Bad()), slo.FormatAmount(o.Total)
		if o.Unit != "events" {
			total += " " + o.Unit
		}
		if o.Composite {
			bad, total = "–", "–"
		}
		row(b, o.Name, o.Target.Percent()+" % over "+o.Window, sli(o), bad, total,
			left(o.Start), left(o.End), slo.FormatBadPercent(o.Spent), measured(o))
	}
	hours(b, s)
	gateParagraphs(b, s)
	deliveryTable(b, s.Delivery)
	exceptionParagraphs(b, s)
}

func sli(o Objective) string {
	s := slo.FormatSLI(o.Target, slo.CountsOf(o.Good, o.Total))
	if !o.Kept {
		s += " ✗"
	}
	return s
}

// left is what was left of a budget, with the share of its window that is known if that is not nearly all.
func left(b Budget) string {
	switch {
	case b.Coverage == 0 && b.Allowed == 0:
		return "no data"
	case b.Estimated:
		return fmt.Sprintf("%s (estimated; seen %s)", slo.FormatPercent(b.Remaining), slo.FormatPercent(b.Coverage))
	case b.Coverage < fullCoverage:
		return fmt.Sprintf("%s (seen %s)", slo.FormatPercent(b.Remaining), slo.FormatPercent(b.Coverage))
	default:
		return slo.FormatPercent(b.Remaining)
	}
}

// measured is the share of the week that was seen, and since when if the source is new.
func measured(o Objective) string {
	s := slo.FormatPercent(o.Coverage)
	if !o.MeasuredSince.IsZero() {
		s += " (since " + o.MeasuredSince.Format("Mon 15:04 UTC") + ")"
	}
	return s
}

func hours(b *bytes.Buffer, s Service) {
	any := false
	for _, o := range s.Objectives {
		if len(o.Worst) == 0 {
			continue
		}
		if !any {
			b.WriteString("\nWorst hours:\n\n")
			any = true
		}
		var parts []string
		for _, h := range o.Worst {
			parts = append(parts, fmt.Sprintf("%s (%s bad of %s, %s of the week's)", h.From.Format("Mon 2 Jan 15:04 UTC"),
				slo.FormatBadAmount(h.Bad), slo.FormatAmount(h.Total), slo.FormatBadPercent(h.Share)))
		}
		fmt.Fprintf(b, "- %s: %s\n", text(o.Name), strings.Join(parts, "; "))
	}
}

func gateParagraphs(b *bytes.Buffer, s Service) {
	r := s.Releases
	if r.Checks() == 0 {
		b.WriteString("\nReleases: none asked at the gate.\n")
	} else {
		fmt.Fprintf(b, "\nReleases: %s allowed, %s denied, %s held.", count(r.Allowed), count(r.Denied), count(r.Held))
		if r.Shadow > 0 {
			fmt.Fprintf(b, " Of those allowed, %s would not have been if the policy were enforced.", count(r.Shadow))
		}
		if len(r.Reasons) > 0 {
			var parts []string
			for _, c := range r.Reasons {
				parts = append(parts, fmt.Sprintf("`%s` %s×", c.Reason, count(c.Count)))
			}
			fmt.Fprintf(b, " Reasons: %s.", strings.Join(parts, ", "))
		}
		b.WriteString("\n")
	}
	for i, f := range s.Freezes {
		if i == 0 {
			b.WriteString("\n")
		}
		end := "until " + stamp(f.Until)
		if f.Ongoing {
			end = "and still in force at " + stamp(f.Until)
		}
		fmt.Fprintf(b, "- Releases to %s frozen from %s %s, %s: %s\n", text(f.Environment), stamp(f.From), end, span(f.Seconds), text(f.Reason))
	}
}

func incidentTable(b *bytes.Buffer, list []Incident) {
	if len(list) == 0 {
		return
	}
	b.WriteString("\n## Incidents\n\n")
	table(b, "Incident", "Severity", "State", "Services", "Declared", ">TTD", ">TTA", ">TTM", ">TTR")
	for _, i := range list {
		row(b, i.Ref+" "+i.Title, fmt.Sprint(i.Severity), i.State, strings.Join(i.Services, ", "), stamp(i.Declared),
			known(i.SecondsToDetect), known(i.SecondsToAcknowledge), known(i.SecondsToMitigate), known(i.SecondsToResolve))
	}
}

func known(seconds *int64) string {
	if seconds == nil {
		return "–"
	}
	return span(*seconds)
}

// table writes the head of a table; a column whose name begins with ">" is aligned right.
func table(b *bytes.Buffer, columns ...string) {
	names, rules := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i], rules[i] = c, "---"
		if right, ok := strings.CutPrefix(c, ">"); ok {
			names[i], rules[i] = right, "---:"
		}
	}
	fmt.Fprintf(b, "| %s |\n|%s|\n", strings.Join(names, " | "), strings.Join(rules, "|"))
}

func row(b *bytes.Buffer, cells ...string) {
	for i, c := range cells {
		cells[i] = text(c)
	}
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}

// text keeps what people have written from being read as markup.
var markup = strings.NewReplacer("\\", "\\\\", "|", "\\|", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[", "]", "\\]", "<", "&lt;", ">", "&gt;", "\r", "", "\n", " ")

func text(s string) string { return markup.Replace(s) }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func count(n int) string { return slo.FormatCount(int64(n)) }
