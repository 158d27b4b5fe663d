package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"plimsoll/incidents/postmortem"
	"plimsoll/incidents/postmortem/api"
)

// itemCmd is "plimsoll postmortem item".
type itemCmd struct {
	Add    itemAddCmd    `cmd:"" help:"Add an action item to a postmortem."`
	List   itemListCmd   `cmd:"" help:"List action items, the one that is due first first."`
	Show   itemShowCmd   `cmd:"" help:"Show an action item with its evidence."`
	Edit   itemEditCmd   `cmd:"" help:"Change what is said of an open action item; what is not named stays."`
	Close  itemCloseCmd  `cmd:"" help:"Close an action item with evidence of what has changed."`
	Verify itemVerifyCmd `cmd:"" help:"Say that you looked at the evidence; never who closed it."`
	Reopen itemReopenCmd `cmd:"" help:"Say that an action item is not done."`
}

// itemRef is how every command names its action item.
type itemRef struct {
	ID postmortem.ItemRef `arg:"" help:"Such as AI-7 or 7."`
}

func (r itemRef) path(rest string) string { return "/v1/action-items/" + r.ID.String() + rest }

// sendItem gives a request to the server and prints the action item as it is then.
func sendItem(c *cli, method, path string, body any) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var i api.Item
	if err := client.Do(c.Ctx, method, path, body, &i); err != nil {
		return err
	}
	return c.Print(i, func(w io.Writer) { writeItems(w, []api.Item{i}) })
}

type itemAddCmd struct {
	ref
	Text     []string  `arg:"" help:"What will be changed."`
	Kind     string    `required:"" enum:"prevent,detect,mitigate,process" help:"What it is good for: ${enum}."`
	Owner    string    `required:"" help:"Who answers for it."`
	Priority int       `short:"p" default:"2" help:"1 (most urgent) to 4."`
	Due      time.Time `help:"Such as 2026-03-05T12:00:00Z; by the priority if it is left out: 7, 30, 90 or 180 days."`
	Tracker  string    `help:"Address of the same in a tracker."`
}

// Run adds an action item.
func (cmd itemAddCmd) Run(c *cli) error {
	return sendItem(c, http.MethodPost, cmd.path("/items"), api.ItemBody{Kind: postmortem.ItemKind(cmd.Kind), Text: strings.Join(cmd.Text, " "), Owner: cmd.Owner,
		Priority: postmortem.Priority(cmd.Priority), Due: cmd.Due, Tracker: cmd.Tracker})
}

type itemListCmd struct {
	State   string `enum:"all,open,closed,verified" default:"all" help:"Which action items: ${enum}."`
	Service string `short:"s" help:"Only those of incidents that affected this service."`
	Owner   string `help:"Only those of this owner."`
	Overdue bool   `help:"Only those that should have been done by now."`
}

// Run lists action items.
func (cmd itemListCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	query := url.Values{"state": {cmd.State}, "service": {cmd.Service}, "owner": {cmd.Owner}, "overdue": {fmt.Sprint(cmd.Overdue)}}
	var list api.ItemsResponse
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/action-items?"+query.Encode(), nil, &list.Body); err != nil {
		return err
	}
	return c.Print(list.Body, func(w io.Writer) { writeItems(w, list.Body.Items) })
}

func writeItems(out io.Writer, list []api.Item) {
	if len(list) == 0 {
		fmt.Fprintln(out, "No action items.")
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "ITEM\tINCIDENT\tKIND\tPRIORITY\tSTATE\tDUE\tOWNER\tTEXT")
	for _, i := range list {
		due := i.Due.UTC().Format(time.DateOnly)
		if i.Overdue {
			due += " overdue"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", i.ID, i.Incident, i.Kind, i.Priority, i.State, due, i.Owner, i.Text)
	}
}

type itemShowCmd struct{ itemRef }

// Run shows an action item.
func (cmd itemShowCmd) Run(c *cli) error {
	i, err := cmd.get(c)
	if err != nil {
		return err
	}
	return c.Print(i, func(out io.Writer) {
		fmt.Fprintf(out, "%s %s\n%s of %s, %s\n\n", i.ID, i.Text, i.Kind, i.Incident, i.State)
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		defer w.Flush()
		fmt.Fprintf(w, "Owner\t%s\nPriority\t%s\nDue\t%s\nTracker\t%s\n", i.Owner, i.Priority, instant(i.Due), cmp.Or(i.Tracker, "–"))
		for _, e := range i.Evidence {
			fmt.Fprintf(w, "Evidence\t%s %s: %s\n", e.Kind, e.Ref, e.Words)
		}
		if i.Done() {
			fmt.Fprintf(w, "Closed\tby %s, %s\n", i.ClosedBy, instant(i.Closed))
		}
		if i.VerifiedBy != "" {
			fmt.Fprintf(w, "Verified\tby %s, %s %s\n", i.VerifiedBy, instant(i.Verified), i.Note)
		}
	})
}

func (r itemRef) get(c *cli) (i api.Item, err error) {
	client, err := c.Client()
	if err != nil {
		return i, err
	}
	return i, client.Do(c.Ctx, http.MethodGet, r.path(""), nil, &i)
}

type itemEditCmd struct {
	itemRef
	Text     *string    `help:"What will be changed."`
	Kind     *string    `help:"What it is good for: prevent, detect, mitigate, process."`
	Owner    *string    `help:"Who answers for it."`
	Priority *int       `short:"p" help:"1 (most urgent) to 4."`
	Due      *time.Time `help:"Such as 2026-03-05T12:00:00Z."`
	Tracker  *string    `help:"Address of the same in a tracker."`
}

// Run edits an action item.
func (cmd itemEditCmd) Run(c *cli) error {
	i, err := cmd.get(c)
	if err != nil {
		return err
	}
	body := api.ItemBody{Kind: i.Kind, Text: i.Text, Owner: i.Owner, Priority: i.Priority, Due: i.Due, Tracker: i.Tracker}
	if cmd.Kind != nil {
		body.Kind = postmortem.ItemKind(*cmd.Kind)
	}
	if cmd.Priority != nil {
		body.Priority = postmortem.Priority(*cmd.Priority)
	}
	set(&body.Text, cmd.Text)
	set(&body.Owner, cmd.Owner)
	set(&body.Due, cmd.Due)
	set(&body.Tracker, cmd.Tracker)
	return sendItem(c, http.MethodPut, cmd.path(""), body)
}

type itemCloseCmd struct {
	itemRef
	Kind  string   `arg:"" enum:"test,alert,commit,change,dashboard,runbook,decision" help:"Kind of the evidence: ${enum}."`
	Where string   `arg:"" help:"Its address, or the name of the test or alert, or the hash of the commit."`
	Words []string `arg:"" help:"What it shows."`
}

// Run closes an action item.
func (cmd itemCloseCmd) Run(c *cli) error {
	e := postmortem.Evidence{Kind: postmortem.EvidenceKind(cmd.Kind), Ref: cmd.Where, Words: strings.Join(cmd.Words, " ")}
	return sendItem(c, http.MethodPost, cmd.path("/close"), map[string]any{"evidence": []postmortem.Evidence{e}})
}

type itemVerifyCmd struct {
	itemRef
	Note []string `arg:"" optional:"" help:"What you saw."`
}

// Run verifies an action item.
func (cmd itemVerifyCmd) Run(c *cli) error {
	return sendItem(c, http.MethodPost, cmd.path("/verify"), fields{"note": strings.Join(cmd.Note, " ")}.set())
}

type itemReopenCmd struct {
	itemRef
	why
}

// Run reopens an action item.
func (cmd itemReopenCmd) Run(c *cli) error {
	return sendItem(c, http.MethodPost, cmd.path("/reopen"), cmd.fields())
}
