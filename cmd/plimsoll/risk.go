package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"plimsoll/incidents/risk"
	"plimsoll/incidents/risk/api"
)

// riskCmd is "plimsoll risk".
type riskCmd struct {
	Add     riskAddCmd     `cmd:"" help:"Add a risk to the register."`
	List    riskListCmd    `cmd:"" help:"List risks, the one to do first first."`
	Show    riskShowCmd    `cmd:"" help:"Show a risk with its figures and its history."`
	Edit    riskEditCmd    `cmd:"" help:"Change what is said of a risk; what is not named stays."`
	Score   riskScoreCmd   `cmd:"" help:"Score a risk from 1 (least) to 5 (worst)."`
	Plan    riskPlanCmd    `cmd:"" help:"Say that a risk will be put right."`
	Close   riskCloseCmd   `cmd:"" help:"Say that a risk was put right, or that it is accepted."`
	Reopen  riskReopenCmd  `cmd:"" help:"Say that a risk is back."`
	Matrix  riskMatrixCmd  `cmd:"" help:"Sort risks into quick wins, plan, schedule and accept."`
	Justify riskJustifyCmd `cmd:"" help:"Explain a risk on one page, in plain words, to somebody who plans a product."`
	Suggest riskSuggestCmd `cmd:"" help:"Suggest risks from objectives that keep spending their budgets."`
	Import  riskImportCmd  `cmd:"" help:"Add or edit the risks of a file, known by their titles; all or none."`
	Export  riskExportCmd  `cmd:"" help:"Write what is said of all risks as a file for import."`
}

// riskRef is how every command names its risk.
type riskRef struct {
	Ref risk.Ref `arg:"" help:"Such as RISK-7 or 7."`
}

func (r riskRef) get(c *cli) (d api.RiskDetail, err error) {
	client, err := c.Client()
	if err != nil {
		return d, err
	}
	return d, client.Do(c.Ctx, http.MethodGet, "/v1/risks/"+r.Ref.String(), nil, &d)
}

// sendRisk gives a change to the server and prints the risk as it is then.
func sendRisk(c *cli, method, path string, body any) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var r api.Risk
	if err := client.Do(c.Ctx, method, "/v1/risks"+path, body, &r); err != nil {
		return err
	}
	return c.Print(r, func(w io.Writer) { writeRisks(w, []api.Risk{r}) })
}

// riskWhy goes into the history.
type riskWhy struct {
	Reason string `help:"Why, for the history."`
}

type riskAddCmd struct {
	Title string `arg:"" help:"What may go wrong, in one line."`
	riskScores
	riskFields
	riskWhy
}

// Run adds a risk.
func (cmd riskAddCmd) Run(c *cli) error {
	content := risk.Content{Title: cmd.Title}
	cmd.riskScores.apply(&content)
	if err := cmd.riskFields.apply(&content); err != nil {
		return err
	}
	return sendRisk(c, http.MethodPost, "", api.AddBody{Content: content, Reason: cmd.Reason})
}

type riskEditCmd struct {
	riskRef
	Title *string `help:"What may go wrong, in one line."`
	riskScores
	riskFields
	riskWhy
}

// Run edits a risk.
func (cmd riskEditCmd) Run(c *cli) error {
	return cmd.edit(c, cmd.Reason, func(t *risk.Content) error {
		set(&t.Title, cmd.Title)
		cmd.riskScores.apply(t)
		return cmd.riskFields.apply(t)
	})
}

// edit changes what is said of the risk, from the version that it has now.
func (r riskRef) edit(c *cli, reason string, change func(*risk.Content) error) error {
	d, err := r.get(c)
	if err != nil {
		return err
	}
	if err := change(&d.Content); err != nil {
		return err
	}
	return sendRisk(c, http.MethodPut, "/"+r.Ref.String(), api.EditBody{Version: d.Version, Content: d.Content, Reason: reason})
}

type riskScoreCmd struct {
	riskRef
	riskScores
	riskWhy
}

// Run scores a risk.
func (cmd riskScoreCmd) Run(c *cli) error {
	return cmd.edit(c, cmd.Reason, func(t *risk.Content) error { cmd.riskScores.apply(t); return nil })
}

type riskPlanCmd struct {
	riskRef
	riskWhy
}

// Run plans a risk.
func (cmd riskPlanCmd) Run(c *cli) error { return cmd.move(c, risk.Planned, cmd.Reason) }

type riskCloseCmd struct {
	riskRef
	As     risk.State `enum:"done,accepted" default:"done" help:"${enum}; accepting needs a reason."`
	Reason string     `help:"Why, for the history."`
}

// Run closes a risk.
func (cmd riskCloseCmd) Run(c *cli) error { return cmd.move(c, cmd.As, cmd.Reason) }

type riskReopenCmd struct {
	riskRef
	Reason string `required:"" help:"Why it is back."`
}

// Run reopens a risk.
func (cmd riskReopenCmd) Run(c *cli) error { return cmd.move(c, risk.Open, cmd.Reason) }

func (r riskRef) move(c *cli, to risk.State, reason string) error {
	d, err := r.get(c)
	if err != nil {
		return err
	}
	return sendRisk(c, http.MethodPost, "/"+r.Ref.String()+"/state", api.MoveBody{Version: d.Version, State: to, Reason: reason})
}

// riskSelection chooses risks.
type riskSelection struct {
	State   string `enum:"live,all,open,planned,accepted,done" default:"live" help:"Which risks: ${enum}; live are open or planned."`
	Service string `short:"s" help:"Only risks of this service."`
}

func (s riskSelection) list(c *cli) (list api.RiskList, err error) {
	client, err := c.Client()
	if err != nil {
		return list, err
	}
	query := url.Values{"state": {s.State}, "service": {s.Service}}
	return list, client.Do(c.Ctx, http.MethodGet, "/v1/risks?"+query.Encode(), nil, &list)
}

type riskListCmd struct{ riskSelection }

// Run lists risks.
func (cmd riskListCmd) Run(c *cli) error {
	list, err := cmd.list(c)
	if err != nil {
		return err
	}
	return c.Print(list, func(w io.Writer) { writeRisks(w, list.Risks) })
}

func writeRisks(out io.Writer, list []api.Risk) {
	if len(list) == 0 {
		fmt.Fprintln(out, "No risks.")
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "RISK\tQUADRANT\tEXPOSURE\tDAYS\tSAVES A YEAR\tSTATE\tOWNER\tTITLE")
	for _, r := range list {
		saves := "–"
		if r.Saved != nil {
			saves = fmt.Sprintf("%s %d", r.Currency, *r.Saved)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%g\t%s\t%s\t%s\t%s\n", r.Ref, r.Quadrant, r.Exposure, r.Cost.PersonDays, saves, r.State, r.Owner, r.Title)
	}
}

type riskShowCmd struct{ riskRef }

// Run shows a risk.
func (cmd riskShowCmd) Run(c *cli) error {
	d, err := cmd.get(c)
	if err != nil {
		return err
	}
	return c.Print(d, func(w io.Writer) { writeRisk(w, d) })
}

func writeRisk(out io.Writer, d api.RiskDetail) {
	fmt.Fprintf(out, "%s %s\n%s, %s, version %d\n\n", d.Ref, d.Title, d.State, d.Quadrant, d.Version)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	s := d.Scores
	row("Owner", d.Owner)
	row("Services", strings.Join(d.Services, ", "))
	row("Description", d.Description)
	row("Impact", fmt.Sprintf("%d: the worst of compliance %d, security %d, blast radius %d", d.Impact, s.Compliance, s.Security, s.BlastRadius))
	row("Exposure", fmt.Sprintf("%d: impact %d × probability %d", d.Exposure, d.Impact, s.Probability))
	row("Cost", fmt.Sprintf("%g person-days, %.3g weeks", d.Cost.PersonDays, d.Cost.Weeks()))
	if d.Cost.Money != nil {
		row("Cost in money", fmt.Sprintf("%s %d", d.Currency, *d.Cost.Money))
	}
	if l := d.Loss; l != nil {
		row("Annual loss", fmt.Sprintf("%s %d before, %d after", d.Currency, l.Before, l.After))
	}
	if d.Leverage != nil {
		row("Leverage", fmt.Sprintf("%.3g a year", *d.Leverage))
	}
	if w := d.Delay; w != nil {
		row("Cost of delay", fmt.Sprintf("%s %d, if “%s” waits %.3g weeks", d.Currency, w.OfFeature, d.Displaces.Title, w.ItemWeeks))
		row("Cost of failure", fmt.Sprintf("%s %d, if this waits %.3g weeks", d.Currency, w.OfItem, w.FeatureWeeks))
	}
	row("Incidents", strings.Join(d.Links.Incidents, ", "))
	row("Failure modes", strings.Join(d.Links.FMEA, ", "))
	row("Objectives", strings.Join(d.Links.Objectives, ", "))
	fmt.Fprintln(w)
	for _, e := range d.History {
		for n, ch := range e.Changes {
			head := "\t\t"
			if n == 0 {
				head = fmt.Sprintf("%d\t%s\t%s", e.Version, instant(e.At), e.By)
			}
			if e.Version > 1 {
				fmt.Fprintf(w, "%s\t%s: %q → %q\n", head, ch.Field, ch.Was, ch.Became)
			} else if n == 0 {
				fmt.Fprintf(w, "%s\tadded\n", head)
			}
		}
		if e.Reason != "" {
			fmt.Fprintf(w, "\t\t\tbecause: %s\n", e.Reason)
		}
	}
	w.Flush()
}
