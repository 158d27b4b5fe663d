package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"plimsoll/incidents/postmortem"
	"plimsoll/incidents/postmortem/api"
	"plimsoll/internal/config"
	"plimsoll/internal/nearest"
)

// postmortemEditCmd writes in a postmortem. Lists are given whole: what is named replaces what was there.
type postmortemEditCmd struct {
	ref
	File         string   `short:"f" type:"existingfile" help:"A YAML file with the sections, by their names in the API (see \"show -o yaml\"); flags change it further."`
	Summary      *string  `help:"What happened, in three sentences that somebody outside the team understands."`
	Impact       *string  `help:"Who noticed, and what they could not do."`
	Users        *int64   `help:"How many users were affected."`
	Background   *string  `help:"What a reader needs to know of the system."`
	Trigger      *string  `help:"What set it off: binary, configuration, traffic, provider, capacity, hardware, data, expiry, security, other."`
	TriggerText  *string  `help:"The same in words."`
	Cause        []string `sep:"none" placeholder:"[LABEL: ]TEXT[ | EVIDENCE]" help:"A root cause; may be repeated. The label makes it known again in another postmortem."`
	Factor       []string `sep:"none" placeholder:"[LABEL: ]TEXT[ | EVIDENCE]" help:"A contributing factor; may be repeated."`
	Why          []string `sep:"none" help:"An answer of the five whys, in order; may be repeated."`
	Detection    *string  `help:"How it was noticed."`
	Gap          *string  `help:"What did not notice it, and why."`
	Response     *string  `help:"What helped the responders, and what was in their way."`
	Recovery     *string  `help:"What brought the service back, and how that was known."`
	Moment       []string `sep:"none" placeholder:"INSTANT WHAT" help:"A line that the incident's timeline lacks, such as \"2026-03-02T11:48:00Z the release began\"; may be repeated."`
	Well         []string `sep:"none" help:"What went well; may be repeated."`
	Wrong        []string `sep:"none" help:"What went wrong; may be repeated."`
	Lucky        []string `sep:"none" help:"Where we were lucky; may be repeated."`
	Lesson       []string `sep:"none" help:"A lesson; may be repeated."`
	Risk         []string `help:"A risk of the register, such as RISK-7; may be repeated."`
	FMEA         []string `name:"fmea" sep:"none" help:"A row of a failure modes and effects analysis; may be repeated."`
	FaultTree    []string `sep:"none" help:"A fault tree, by its file or address; may be repeated."`
	LinkIncident []string `help:"Another incident, such as INC-7; may be repeated."`
	Clear        []string `placeholder:"SECTION" help:"Empty a section, by its name in the API, such as wentWell."`
	Reason       string   `help:"Why, for the history."`
}

// Run writes in a postmortem.
func (cmd postmortemEditCmd) Run(c *cli) error {
	p, err := cmd.load(c)
	if err != nil {
		return err
	}
	content := p.Content
	if cmd.File != "" {
		if content, err = readContent(cmd.File); err != nil {
			return err
		}
	}
	if err := clearSections(&content, cmd.Clear); err != nil {
		return err
	}
	if err := cmd.apply(&content); err != nil {
		return err
	}
	return cmd.send(c, http.MethodPut, "", api.EditBody{Version: p.Version, Content: content, Reason: cmd.Reason})
}

// readContent reads the sections of a file.
func readContent(file string) (content postmortem.Content, err error) {
	if err := config.Read(file, &content); err != nil {
		return content, err
	}
	return content, nil
}

func (cmd postmortemEditCmd) apply(content *postmortem.Content) error {
	set(&content.Summary, cmd.Summary)
	set(&content.Impact.Text, cmd.Impact)
	if cmd.Users != nil {
		content.Impact.Users = cmd.Users
	}
	set(&content.Background, cmd.Background)
	if cmd.Trigger != nil {
		content.Trigger.Kind = postmortem.TriggerKind(*cmd.Trigger)
	}
	set(&content.Trigger.Text, cmd.TriggerText)
	set(&content.Detection, cmd.Detection)
	set(&content.Gap, cmd.Gap)
	set(&content.Response, cmd.Response)
	set(&content.Recovery, cmd.Recovery)
	for _, l := range []struct {
		into *[]string
		list []string
	}{{&content.FiveWhys, cmd.Why}, {&content.WentWell, cmd.Well}, {&content.WentWrong, cmd.Wrong}, {&content.Lucky, cmd.Lucky}, {&content.Lessons, cmd.Lesson},
		{&content.Links.Risks, cmd.Risk}, {&content.Links.FMEA, cmd.FMEA}, {&content.Links.FaultTrees, cmd.FaultTree}, {&content.Links.Incidents, cmd.LinkIncident}} {
		if l.list != nil {
			*l.into = l.list
		}
	}
	if cmd.Cause != nil {
		content.RootCauses = causes(cmd.Cause)
	}
	if cmd.Factor != nil {
		content.Contributing = causes(cmd.Factor)
	}
	if cmd.Moment == nil {
		return nil
	}
	content.Timeline = nil
	for _, m := range cmd.Moment {
		word, what, _ := strings.Cut(m, " ")
		at, err := time.Parse(time.RFC3339, word)
		if err != nil {
			return fmt.Errorf("--moment: expected an instant and what happened, such as \"2026-03-02T11:48:00Z the release began\", but got %q", m)
		}
		content.Timeline = append(content.Timeline, postmortem.Moment{At: at, What: what})
	}
	return nil
}

// maxLabel is how many words stand before the colon of a label: a longer beginning is a sentence.
const maxLabel = 5

// causes reads "LABEL: TEXT | EVIDENCE", of which the label and the evidence may be left out.
func causes(list []string) []postmortem.Cause {
	var out []postmortem.Cause
	for _, s := range list {
		var c postmortem.Cause
		c.Text, c.Evidence, _ = strings.Cut(s, " | ")
		if label, text, ok := strings.Cut(c.Text, ": "); ok && len(strings.Fields(label)) <= maxLabel {
			c.Label, c.Text = label, text
		}
		out = append(out, c)
	}
	return out
}

// clearSections empties sections by their names in the API.
func clearSections(content *postmortem.Content, names []string) error {
	empty := map[string]func(){
		"summary": func() { content.Summary = "" }, "impact": func() { content.Impact = postmortem.Impact{} }, "background": func() { content.Background = "" },
		"trigger": func() { content.Trigger = postmortem.Trigger{} }, "rootCauses": func() { content.RootCauses = nil }, "contributing": func() { content.Contributing = nil },
		"fiveWhys": func() { content.FiveWhys = nil }, "detection": func() { content.Detection = "" }, "gap": func() { content.Gap = "" },
		"response": func() { content.Response = "" }, "recovery": func() { content.Recovery = "" }, "timeline": func() { content.Timeline = nil },
		"wentWell": func() { content.WentWell = nil }, "wentWrong": func() { content.WentWrong = nil }, "lucky": func() { content.Lucky = nil },
		"lessons": func() { content.Lessons = nil }, "links": func() { content.Links = postmortem.Links{} },
	}
	for _, name := range names {
		clear, ok := empty[name]
		if !ok {
			var known []string
			for k := range empty {
				known = append(known, k)
			}
			slices.Sort(known)
			return fmt.Errorf("--clear: %q is no section: expected one of %s%s", name, strings.Join(known, ", "), nearest.Hint(name, known))
		}
		clear()
	}
	return nil
}
