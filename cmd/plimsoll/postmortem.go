package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"plimsoll/incidents/postmortem"
	"plimsoll/incidents/postmortem/api"
)

// postmortemCmd is "plimsoll postmortem".
type postmortemCmd struct {
	Show     postmortemShowCmd     `cmd:"" help:"Show how a postmortem stands."`
	List     postmortemListCmd     `cmd:"" help:"List postmortems, that of the latest incident first."`
	Begin    postmortemBeginCmd    `cmd:"" help:"Begin a postmortem with what is known. Plimsoll does so itself when an incident is mitigated."`
	Edit     postmortemEditCmd     `cmd:"" help:"Write in a postmortem; what is not named stays."`
	Refresh  postmortemRefreshCmd  `cmd:"" help:"Take the facts of a draft again."`
	Assign   postmortemAssignCmd   `cmd:"" help:"Give a postmortem to somebody."`
	Schedule postmortemScheduleCmd `cmd:"" help:"Set when a postmortem is to be reviewed."`
	Invite   postmortemInviteCmd   `cmd:"" help:"Say whose approval a postmortem needs; nobody named means anybody."`
	Submit   postmortemSubmitCmd   `cmd:"" help:"Say that a postmortem is complete."`
	Review   postmortemReviewCmd   `cmd:"" help:"Approve a postmortem, or return it to its authors."`
	Reopen   postmortemReopenCmd   `cmd:"" help:"Make a reviewed or closed postmortem a draft again."`
	Close    postmortemCloseCmd    `cmd:"" help:"Close a postmortem whose action items are done."`
	History  postmortemHistoryCmd  `cmd:"" help:"Show the versions of a postmortem, or one of them."`
	Export   postmortemExportCmd   `cmd:"" help:"Write a postmortem as Markdown or HTML."`
	Check    postmortemCheckCmd    `cmd:"" help:"Advise on blame and on what is missing."`
	Learn    postmortemLearnCmd    `cmd:"" help:"Sum up what postmortems teach: repeated causes, triggers, action items."`
	Similar  postmortemSimilarCmd  `cmd:"" help:"Find postmortems of similar incidents."`
	Item     itemCmd               `cmd:"" help:"Action items: what will be changed, and the evidence that it was."`
}

// path is where the postmortem of an incident is.
func (r ref) path(rest string) string {
	return "/v1/incidents/" + r.Ref.String() + "/postmortem" + rest
}

func (r ref) load(c *cli) (p api.Postmortem, err error) {
	client, err := c.Client()
	if err != nil {
		return p, err
	}
	return p, client.Do(c.Ctx, http.MethodGet, r.path(""), nil, &p)
}

// send gives a change to the server and prints the postmortem as it is then.
func (r ref) send(c *cli, method, rest string, body any) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var p api.Postmortem
	if err := client.Do(c.Ctx, method, r.path(rest), body, &p); err != nil {
		return err
	}
	return c.Print(p, func(w io.Writer) { writePostmortem(w, p) })
}

type postmortemShowCmd struct{ ref }

// Run shows a postmortem.
func (cmd postmortemShowCmd) Run(c *cli) error {
	p, err := cmd.load(c)
	if err != nil {
		return err
	}
	return c.Print(p, func(w io.Writer) { writePostmortem(w, p) })
}

func writePostmortem(out io.Writer, p api.Postmortem) {
	fmt.Fprintf(out, "Postmortem of %s: %s\n%s, version %d\n\n", p.Incident, p.Facts.Title, strings.ReplaceAll(string(p.State), "_", " "), p.Version)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	row("Severity", p.Facts.Severity.String())
	row("Required", p.Required)
	row("Owner", p.Owner)
	if !p.Due.IsZero() {
		late := ""
		if p.Overdue {
			late = " (overdue)"
		}
		row("Due", instant(p.Due)+late)
	}
	row("Authors", strings.Join(p.Authors, ", "))
	row("Reviewers", strings.Join(p.Reviewers, ", "))
	for _, a := range p.Approvals {
		row("Approved", strings.TrimSpace(fmt.Sprintf("by %s, %s %s", a.By, instant(a.At), a.Note)))
	}
	row("Waits for", strings.Join(p.Pending, ", "))
	for _, m := range p.Missing {
		row("To do", m)
	}
	w.Flush()
	if len(p.Items) > 0 {
		fmt.Fprintln(out)
		items := make([]api.Item, len(p.Items))
		for n, i := range p.Items {
			items[n] = api.Item{ActionItem: i}
		}
		writeItems(out, items)
	}
}

type postmortemListCmd struct {
	State   string `enum:"open,all,draft,in_review,reviewed,closed" default:"all" help:"Which postmortems: ${enum}; open are a draft or in review."`
	Service string `short:"s" help:"Only those of incidents that affected this service."`
	Overdue bool   `help:"Only those that should have been reviewed by now."`
}

// Run lists postmortems.
func (cmd postmortemListCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	query := url.Values{"state": {cmd.State}, "service": {cmd.Service}, "overdue": {fmt.Sprint(cmd.Overdue)}}
	var list api.ListResponse
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/postmortems?"+query.Encode(), nil, &list.Body); err != nil {
		return err
	}
	return c.Print(list.Body, func(out io.Writer) {
		if len(list.Body.Postmortems) == 0 {
			fmt.Fprintln(out, "No postmortems.")
			return
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		defer w.Flush()
		fmt.Fprintln(w, "INCIDENT\tSEVERITY\tSTATE\tTITLE\tTRIGGER\tOWNER\tDUE\tOPEN ITEMS")
		for _, s := range list.Body.Postmortems {
			due := "–"
			if !s.Due.IsZero() {
				due = s.Due.UTC().Format(time.DateOnly)
			}
			if s.Overdue {
				due += " overdue"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d of %d\n", s.Incident, s.Severity, strings.ReplaceAll(string(s.State), "_", " "), s.Title,
				cmp.Or(string(s.Trigger), "–"), cmp.Or(s.Owner, "–"), due, s.Open, s.Items)
		}
	})
}

type postmortemBeginCmd struct{ ref }

// Run begins a postmortem.
func (cmd postmortemBeginCmd) Run(c *cli) error { return cmd.send(c, http.MethodPost, "", nil) }

type postmortemRefreshCmd struct{ ref }

// Run takes the facts again.
func (cmd postmortemRefreshCmd) Run(c *cli) error {
	return cmd.send(c, http.MethodPost, "/refresh", nil)
}

type postmortemAssignCmd struct {
	ref
	To string `arg:"" optional:"" help:"Who sees to it that it gets done; you if it is left out."`
}

// Run gives a postmortem to somebody.
func (cmd postmortemAssignCmd) Run(c *cli) error {
	return cmd.send(c, http.MethodPost, "/owner", fields{"owner": cmd.To}.set())
}

type postmortemScheduleCmd struct {
	ref
	Due    time.Time `arg:"" help:"Such as 2026-03-05T12:00:00Z."`
	Reason string    `help:"Why, for the history."`
}

// Run sets the date.
func (cmd postmortemScheduleCmd) Run(c *cli) error {
	return cmd.send(c, http.MethodPost, "/due", map[string]any{"due": cmd.Due, "reason": cmd.Reason})
}

type postmortemInviteCmd struct {
	ref
	Reviewer []string `arg:"" optional:"" help:"All reviewers."`
}

// Run names the reviewers.
func (cmd postmortemInviteCmd) Run(c *cli) error {
	return cmd.send(c, http.MethodPost, "/reviewers", map[string]any{"reviewers": append([]string{}, cmd.Reviewer...)})
}

type postmortemSubmitCmd struct{ ref }

// Run submits a postmortem.
func (cmd postmortemSubmitCmd) Run(c *cli) error { return cmd.send(c, http.MethodPost, "/submit", nil) }

type postmortemReviewCmd struct {
	ref
	Approve bool   `xor:"word" required:"" help:"Agree with the text as it stands."`
	Return  bool   `xor:"word" required:"" help:"Send it back to its authors; needs --note."`
	Note    string `help:"What you have to say."`
}

// Run reviews a postmortem.
func (cmd postmortemReviewCmd) Run(c *cli) error {
	return cmd.send(c, http.MethodPost, "/review", map[string]any{"approve": cmd.Approve, "note": cmd.Note})
}

type postmortemReopenCmd struct {
	ref
	Reason string `required:"" help:"Why."`
}

// Run makes it a draft again.
func (cmd postmortemReopenCmd) Run(c *cli) error {
	return cmd.send(c, http.MethodPost, "/return", fields{"reason": cmd.Reason})
}

type postmortemCloseCmd struct{ ref }

// Run closes a postmortem.
func (cmd postmortemCloseCmd) Run(c *cli) error { return cmd.send(c, http.MethodPost, "/close", nil) }

type postmortemHistoryCmd struct {
	ref
	Version int `arg:"" optional:"" help:"Show this version whole, as Markdown."`
}

// Run shows the history.
func (cmd postmortemHistoryCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	if cmd.Version != 0 {
		var v postmortem.Version
		if err := client.Do(c.Ctx, http.MethodGet, cmd.path(fmt.Sprintf("/versions/%d", cmd.Version)), nil, &v); err != nil {
			return err
		}
		return c.Print(v, func(w io.Writer) { fmt.Fprint(w, postmortem.Write(v.Record).Markdown()) })
	}
	var list api.HistoryResponse
	if err := client.Do(c.Ctx, http.MethodGet, cmd.path("/versions"), nil, &list.Body); err != nil {
		return err
	}
	return c.Print(list.Body, func(out io.Writer) {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		defer w.Flush()
		for _, v := range list.Body.Versions {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", v.Version, instant(v.At), v.By, v.Verb, strings.Join(v.Fields, ", "))
			if v.Reason != "" {
				fmt.Fprintf(w, "\t\t\tbecause: %s\n", v.Reason)
			}
		}
	})
}

type postmortemExportCmd struct {
	ref
	HTML bool   `name:"html" help:"As a page that stands alone, instead of Markdown."`
	File string `short:"f" type:"path" help:"Write to this file instead."`
}

// Run writes the document.
func (cmd postmortemExportCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	format := "markdown"
	if cmd.HTML {
		format = "html"
	}
	var text string
	if err := client.Do(c.Ctx, http.MethodGet, cmd.path("/document?format="+format), nil, &text); err != nil {
		return err
	}
	if cmd.File != "" {
		if err := os.WriteFile(cmd.File, []byte(text), 0o600); err != nil {
			return fmt.Errorf("write document: %w", err)
		}
		return nil
	}
	_, err = io.WriteString(c.Out, text)
	return err
}
