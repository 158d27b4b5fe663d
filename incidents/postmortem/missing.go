package postmortem

// Section of a postmortem that must be there before it is reviewed.
type section struct {
	Name string // as in the API
	Asks string // what is missing, in words
	full func(Record) bool
}

// sections are what a review needs. Background, contributing factors, five whys, the gap in detection and luck are asked
// for in the document and may be left out: not every incident has them.
var sections = []section{
	{"summary", "a summary", func(r Record) bool { return r.Content.Summary != "" && r.Content.Summary != r.Facts.opening() }},
	{"impact.text", "the impact (who noticed, and what they could not do)", func(r Record) bool { return r.Content.Impact.Text != "" }},
	{"trigger.kind", "the kind of the trigger", func(r Record) bool { return r.Content.Trigger.Kind != "" }},
	{"rootCauses", "a root cause", func(r Record) bool { return len(r.Content.RootCauses) > 0 }},
	{"detection", "the detection", func(r Record) bool { return r.Content.Detection != "" }},
	{"response", "the response", func(r Record) bool { return r.Content.Response != "" }},
	{"recovery", "the recovery", func(r Record) bool { return r.Content.Recovery != "" }},
	{"wentWell", "something that went well", func(r Record) bool { return len(r.Content.WentWell) > 0 }},
	{"wentWrong", "something that went wrong", func(r Record) bool { return len(r.Content.WentWrong) > 0 }},
	{"lessons", "a lesson", func(r Record) bool { return len(r.Content.Lessons) > 0 }},
	{"items", "an action item", func(r Record) bool { return len(r.Items) > 0 }},
}

// Missing returns what a review needs and the postmortem does not have, in words. A summary that only repeats what the
// record of the incident says is none.
func (r Record) Missing() []string {
	var list []string
	for _, s := range sections {
		if !s.full(r) {
			list = append(list, s.Asks+" is missing")
		}
	}
	return list
}
