package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
)

// inputKind is how a field of a modal is filled in.
type inputKind int

const (
	line   inputKind = iota // one line of text
	prose                   // several
	choice                  // one of the options
	flags                   // any of the options
	who                     // a person
)

// input is a field of a modal.
type input struct {
	name, label, hint string
	kind              inputKind
	optional          bool
	options           []string
}

// form is the modal of a verb. Without fill, the words of the fields are put together in their order and read as if they
// had been typed.
type form struct {
	title  string // at most 24 characters
	fields []input
	blame  string // the field at which an error is shown that is about none by name; the first one when empty
	fill   func(v map[string]string, c setting) (request, error)
}

// fieldError is about one field of a form.
type fieldError struct{ field, problem string }

func (e *fieldError) Error() string { return e.problem }

var severityChoices = []string{"sev1 critical", "sev2 major", "sev3 moderate", "sev4 minor", "sev5 low"}

var newForm = &form{title: "Declare an incident", fields: []input{
	{name: "title", label: "What do customers notice?"},
	{name: "severity", label: "How bad is it?", kind: choice, options: severityChoices, optional: true, hint: "May be left open until somebody can tell."},
	{name: "services", label: "Services", optional: true, hint: "Names with blanks between them, such as video-api"},
	{name: "started", label: "Since when?", optional: true, hint: "14:05, in UTC"},
	{name: "options", label: "Options", kind: flags, options: []string{"private", "drill"}, optional: true},
}, fill: fillNew}

var (
	handoffForm = &form{title: "Hand a role off", fields: []input{
		{name: "role", label: "Role", kind: choice, options: []string{"lead", "ops", "comms", "scribe"}}, {name: "to", label: "To whom?", kind: who}}, blame: "to"}
	noteForm   = &form{title: "Note", fields: []input{{name: "text", label: "What do responders have to know?", kind: prose}}}
	updateForm = &form{title: "Tell everybody", fields: []input{
		{name: "text", label: "How does it go?", kind: prose}, {name: "in", label: "When does the next word come?", hint: "30m or 1h30m; by the severity if you do not say", optional: true}},
		fill: fillUpdate}
	sevForm    = &form{title: "Severity", fields: []input{{name: "severity", label: "How bad is it?", kind: choice, options: severityChoices}, {name: "reason", label: "Why?", optional: true}}, fill: fillSev}
	impactForm = &form{title: "What is affected", fields: []input{{name: "services", label: "Services and objectives", hint: "svc:video-api objective:video-api/latency, or -svc:x"}}}
	atForm     = &form{title: "Correct a time", fields: []input{
		{name: "event", label: "What happened?", kind: choice, options: []string{"started", "detected", "declared", "acknowledged", "mitigated", "resolved"}},
		{name: "at", label: "When?", hint: "14:05 or 2026-03-02T14:05:00Z, in UTC"}}, blame: "at"}
	doneForm = &form{title: "Close an action item", fields: []input{
		{name: "action item", label: "Action item", hint: "AI-7"}, {name: "evidence[0].kind", label: "What shows that it is done?", kind: choice, options: evidenceKinds()},
		{name: "evidence[0].ref", label: "Where is it?", hint: "An address, or the name of a test or an alert, or a commit"}, {name: "evidence[0].words", label: "What does it show?"}}}
	itemForm = &form{title: "Add an action item", fields: []input{
		{name: "kind", label: "What is it good for?", kind: choice, options: itemKinds()}, {name: "priority", label: "How urgent is it?", kind: choice, options: []string{"p1", "p2", "p3", "p4"}, optional: true},
		{name: "owner", label: "Who answers for it?", kind: who, optional: true}, {name: "text", label: "What will be changed?"}}, blame: "text"}
	verifyForm = &form{title: "Verify an action item", fields: []input{{name: "action item", label: "Action item", hint: "AI-7"}, {name: "note", label: "What did you see?", optional: true}}}
	inviteForm = &form{title: "Invite", fields: []input{{name: "who", label: "Who may see it?", kind: who}}}
)

func evidenceKinds() []string {
	var list []string
	for _, k := range postmortem.EvidenceKinds() {
		list = append(list, string(k))
	}
	return list
}

func reasonForm(title, label string) *form {
	return &form{title: title, fields: []input{{name: "reason", label: label, kind: prose}}}
}

func taskForm(title string) *form {
	return &form{title: title, fields: []input{{name: "owner", label: "Who does it?", kind: who, optional: true}, {name: "text", label: "What is to be done?", kind: prose}}, blame: "text"}
}

func otherForm(title string) *form {
	return &form{title: title, fields: []input{{name: "incident", label: "Which other incident?", hint: "INC-7"}}}
}

func fillNew(v map[string]string, c setting) (request, error) {
	d := incidents.Declare{Title: strings.TrimSpace(v["title"]), Source: incidents.SourceSlack, Services: strings.Fields(strings.ReplaceAll(v["services"], ",", " "))}
	if level, _ := cut(v["severity"]); level != "" {
		s, err := incidents.ParseSeverity(level)
		if err != nil {
			return nil, err
		}
		d.Severity = s
	}
	if v["started"] != "" {
		at, err := clockTime(strings.TrimSpace(v["started"]), c.at)
		if err != nil {
			return nil, &fieldError{"started", err.Error()}
		}
		d.Started = at
	}
	options := strings.Fields(v["options"])
	d.Private, d.Drill = slices.Contains(options, "private"), slices.Contains(options, "drill")
	return d, nil
}

func fillUpdate(v map[string]string, _ setting) (request, error) {
	u := incidents.Update{Text: strings.TrimSpace(v["text"])}
	if in := strings.TrimSpace(v["in"]); in != "" {
		d, err := time.ParseDuration(in)
		if err != nil {
			return nil, &fieldError{"in", fmt.Sprintf("%q is no length of time: write 30m or 1h30m", in)}
		}
		u.NextIn = d
	}
	return u, nil
}

func fillSev(v map[string]string, _ setting) (request, error) {
	level, _ := cut(v["severity"])
	s, err := incidents.ParseSeverity(level)
	return incidents.SetSeverity{Severity: s, Reason: strings.TrimSpace(v["reason"])}, err
}

// read makes a request of the values of a modal.
func (v verb) read(values map[string]string, c setting) (request, error) {
	if v.form.fill != nil {
		return v.form.fill(values, c)
	}
	var typed []string
	for _, in := range v.form.fields {
		switch value := values[in.name]; {
		case value == "":
		case in.kind == who:
			typed = append(typed, "<@"+value+">")
		default:
			typed = append(typed, escaper.Replace(value))
		}
	}
	return v.parse(strings.Join(typed, " "), c)
}

// fault says at which field of the modal an error is shown, and how.
func (v verb) fault(err error) (field, problem string) {
	field = v.form.fields[0].name
	if v.form.blame != "" {
		field = v.form.blame
	}
	about := ""
	if f, ok := errors.AsType[*fieldError](err); ok {
		about = f.field
	} else if f, ok := errors.AsType[*incidents.InputError](err); ok {
		about = f.Field
	}
	list, _, _ := strings.Cut(about, "[") // "services[1]" is in the field "services"
	for _, in := range v.form.fields {
		if in.name == about || in.name == list {
			field = in.name
		}
	}
	if f, ok := errors.AsType[*incidents.InputError](err); ok { // the field is seen; its name in records need not be
		if f.Found == "" {
			return field, sentence("expected " + f.Want)
		}
		return field, fmt.Sprintf("%q is not valid: expected %s.", f.Found, f.Want)
	}
	return field, sentence(rootOf(err))
}

// origin is what a modal remembers of where it was opened.
type origin struct {
	Command string        `json:"command"`
	Verb    string        `json:"verb"`
	Ref     incidents.Ref `json:"ref,omitzero"`
	Channel string        `json:"channel"`
	Answer  string        `json:"answer,omitempty"` // response_url
}

// callbackID marks the modals of this package.
const callbackID = "plimsoll_verb"

// maxInput is how much Slack lets somebody type into a field, in characters.
const maxInput = 3000

// view is the modal of a verb.
func (v verb) view(from origin) (slackapi.ModalViewRequest, error) {
	metadata, err := json.Marshal(from)
	if err != nil {
		return slackapi.ModalViewRequest{}, fmt.Errorf("encode where a modal was opened: %w", err)
	}
	var blocks []slackapi.Block
	for _, in := range v.form.fields {
		var hint *slackapi.TextBlockObject
		if in.hint != "" {
			hint = text(in.hint)
		}
		block := slackapi.NewInputBlock(in.name, text(in.label), hint, in.element())
		block.Optional = in.optional
		blocks = append(blocks, block)
	}
	return slackapi.ModalViewRequest{
		Type: slackapi.VTModal, Title: text(v.form.title), Submit: text("Do it"), Close: text("Leave it"), CallbackID: callbackID,
		PrivateMetadata: string(metadata), Blocks: slackapi.Blocks{BlockSet: blocks},
	}, nil
}

// text is plain text of a modal.
func text(s string) *slackapi.TextBlockObject {
	return slackapi.NewTextBlockObject(slackapi.PlainTextType, s, false, false)
}

func (in input) element() slackapi.BlockElement {
	var options []*slackapi.OptionBlockObject
	for _, o := range in.options {
		options = append(options, slackapi.NewOptionBlockObject(o, text(o), nil))
	}
	switch in.kind {
	case choice:
		return slackapi.NewOptionsSelectBlockElement(slackapi.OptTypeStatic, nil, in.name, options...)
	case flags:
		return slackapi.NewCheckboxGroupsBlockElement(in.name, options...)
	case who:
		return slackapi.NewOptionsSelectBlockElement(slackapi.OptTypeUser, nil, in.name)
	}
	e := slackapi.NewPlainTextInputBlockElement(nil, in.name)
	e.Multiline, e.MaxLength = in.kind == prose, maxInput
	return e
}

// submitted are the values that somebody filled in, by field.
func submitted(state *slackapi.ViewState) map[string]string {
	values := map[string]string{}
	if state == nil {
		return values
	}
	for _, block := range slices.Sorted(maps.Keys(state.Values)) {
		for name, a := range state.Values[block] {
			switch {
			case a.SelectedUser != "":
				values[name] = a.SelectedUser
			case a.SelectedOption.Value != "":
				values[name] = a.SelectedOption.Value
			case len(a.SelectedOptions) > 0:
				var list []string
				for _, o := range a.SelectedOptions {
					list = append(list, o.Value)
				}
				values[name] = strings.Join(list, " ")
			default:
				values[name] = storable(a.Value)
			}
		}
	}
	return values
}
