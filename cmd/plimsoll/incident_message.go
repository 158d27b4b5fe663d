package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"plimsoll/incidents/api"
)

// incidentMessageCmd is "plimsoll incident message".
type incidentMessageCmd struct {
	Template messageTemplateCmd `cmd:"" help:"Show what a message to an audience would say now; nothing is kept."`
	Draft    messageDraftCmd    `cmd:"" help:"Write a message, which somebody else approves."`
	Show     messageShowCmd     `cmd:"" help:"Show the messages of an incident and where they went."`
	Approve  messageApproveCmd  `cmd:"" help:"Let a message of somebody else go out."`
	Reject   messageRejectCmd   `cmd:"" help:"Keep a message of somebody else from going out."`
	Sent     messageSentCmd     `cmd:"" help:"Record where an approved message went that was sent by hand."`
}

// audience is who a message is for.
type audience struct {
	ref
	Audience string `arg:"" enum:"executives,support,customers" help:"${enum}."`
}

type messageTemplateCmd struct{ audience }

// Run prints the text.
func (cmd messageTemplateCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var body struct {
		Text string `json:"text"`
	}
	path := "/v1/incidents/" + cmd.Ref.String() + "/template?" + url.Values{"audience": {cmd.Audience}}.Encode()
	if err := client.Do(c.Ctx, http.MethodGet, path, nil, &body); err != nil {
		return err
	}
	return c.Print(body, func(w io.Writer) { fmt.Fprintln(w, body.Text) })
}

type messageDraftCmd struct {
	audience
	Text []string `arg:"" optional:"" help:"The message; written from what is known if it is left out."`
}

// Run drafts a message.
func (cmd messageDraftCmd) Run(c *cli) error {
	return cmd.postMessage(c, "messages", fields{"audience": cmd.Audience, "text": strings.Join(cmd.Text, " ")}.set())
}

type messageShowCmd struct{ ref }

// Run shows the messages.
func (cmd messageShowCmd) Run(c *cli) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var i api.Incident
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/incidents/"+cmd.Ref.String(), nil, &i); err != nil {
		return err
	}
	return c.Print(i.Messages, func(w io.Writer) { writeMessages(w, i) })
}

// messageNumber names a message.
type messageNumber struct {
	ref
	Number int `arg:"" help:"The number of the message."`
}

func (m messageNumber) post(c *cli, action string, body any) error {
	return m.postMessage(c, fmt.Sprintf("messages/%d/%s", m.Number, action), body)
}

type messageApproveCmd struct{ messageNumber }

// Run approves.
func (cmd messageApproveCmd) Run(c *cli) error { return cmd.post(c, "approve", nil) }

type messageRejectCmd struct {
	messageNumber
	why
}

// Run rejects.
func (cmd messageRejectCmd) Run(c *cli) error { return cmd.post(c, "reject", cmd.fields()) }

type messageSentCmd struct {
	messageNumber
	To    []string `arg:"" help:"Channels, addresses or lists that it went to."`
	Error string   `help:"Why it did not arrive there."`
}

// Run records deliveries.
func (cmd messageSentCmd) Run(c *cli) error {
	var list []api.DeliveryBody
	for _, to := range cmd.To {
		list = append(list, api.DeliveryBody{To: to, Error: cmd.Error})
	}
	return cmd.post(c, "deliveries", map[string]any{"deliveries": list})
}

// postMessage gives a command to the server and prints the messages of the incident as they are then.
func (r ref) postMessage(c *cli, action string, body any) error {
	client, err := c.Client()
	if err != nil {
		return err
	}
	var i api.Incident
	if err := client.Do(c.Ctx, http.MethodPost, "/v1/incidents/"+r.Ref.String()+"/"+action, body, &i); err != nil {
		return err
	}
	return c.Print(i, func(w io.Writer) { writeMessages(w, i) })
}

func writeMessages(w io.Writer, i api.Incident) {
	if len(i.Messages) == 0 {
		fmt.Fprintf(w, "%s has no messages to stakeholders.\n", i.Ref)
	}
	for n, m := range i.Messages {
		if n > 0 {
			fmt.Fprintln(w)
		}
		decided := ""
		if m.DecidedBy != "" {
			decided = ", decided by " + m.DecidedBy + " at " + instant(m.Decided)
		}
		fmt.Fprintf(w, "Message %d to %s: %s; written by %s at %s%s\n", m.Number, m.Audience, m.State, m.By, instant(m.At), decided)
		fmt.Fprintln(w, "    "+strings.ReplaceAll(m.Text, "\n", "\n    "))
		for _, d := range m.Sent {
			if d.Error == "" {
				fmt.Fprintf(w, "  sent to %s at %s\n", d.To, instant(d.At))
			} else {
				fmt.Fprintf(w, "  not sent to %s at %s: %s\n", d.To, instant(d.At), d.Error)
			}
		}
	}
}
