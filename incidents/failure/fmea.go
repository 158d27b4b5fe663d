package failure

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/config"
)

// ErrInvalidFMEA marks a failure modes and effects analysis that a person can correct.
var ErrInvalidFMEA = errors.New("the analysis is not valid")

// Rating is a rating from 1 to 10, where 10 is the worst: the gravest effect, the most frequent cause, the least likely detection.
type Rating int

// Ratings are those of one failure mode.
type Ratings struct {
	Severity   Rating `yaml:"severity" json:"severity"`
	Occurrence Rating `yaml:"occurrence" json:"occurrence"`
	Detection  Rating `yaml:"detection" json:"detection"`
}

// RPN is the risk priority number, severity × occurrence × detection, from 1 to 1,000. It is shown because people ask for it; it
// decides nothing, for the product of ranks has no meaning of its own.
func (r Ratings) RPN() int { return int(r.Severity) * int(r.Occurrence) * int(r.Detection) }

// Priority is how urgent an action is.
type Priority string

// The priorities of the AIAG & VDA FMEA Handbook.
const (
	High   Priority = "high"   // an action is needed, or a reason why none is
	Medium Priority = "medium" // an action should be taken
	Low    Priority = "low"    // an action may be taken
	// Unranked is the priority where no table is given, or none of its rows matches.
	Unranked Priority = ""
)

// Mode is a row of the analysis: one way in which something fails, for one cause.
type Mode struct {
	Item       string   `yaml:"item" json:"item"`
	Function   string   `yaml:"function" json:"function"`
	Mode       string   `yaml:"mode" json:"mode"`
	Effect     string   `yaml:"effect" json:"effect"`
	Cause      string   `yaml:"cause" json:"cause"`
	Prevention string   `yaml:"prevention" json:"prevention,omitempty"` // control that makes the cause rarer
	Detected   string   `yaml:"detected" json:"detected,omitempty"`     // control by which it is found
	Rated      Ratings  `yaml:"rated" json:"rated"`
	Action     string   `yaml:"action" json:"action,omitempty"`
	After      *Ratings `yaml:"after" json:"after,omitempty"` // once the action is taken
	Observed   *Pattern `yaml:"observed" json:"observed,omitempty"`
}

// Pattern says which incidents are of a failure mode: those of the service whose title has the words, in any case. Both or one are given.
type Pattern struct {
	Service string `yaml:"service" json:"service,omitempty"`
	Title   string `yaml:"title" json:"title,omitempty"`
}

// Matches reports whether an incident is of the mode.
func (p Pattern) Matches(title string, services []string) bool {
	return (p.Service == "" || slices.Contains(services, p.Service)) && strings.Contains(strings.ToLower(title), strings.ToLower(p.Title))
}

// FMEA is a failure modes and effects analysis.
type FMEA struct {
	Title string `yaml:"title"`
	// Priorities decide by the first row that matches. The table of the AIAG & VDA handbook is not shipped: it stands in a book that is
	// sold, and the copies of it in public disagree with each other. Whoever owns the book writes its rows here.
	Priorities []PriorityRow `yaml:"priorities"`
	Scales     Scales        `yaml:"scales"` // those of [DefaultScales] where it has no steps
	Modes      []Mode        `yaml:"modes"`
}

// PriorityRow gives a priority to ranges of ratings, such as "9-10" or "4".
type PriorityRow struct {
	Severity   string   `yaml:"severity"`
	Occurrence string   `yaml:"occurrence"`
	Detection  string   `yaml:"detection"`
	Priority   Priority `yaml:"priority"`
}

// Row is a failure mode with what follows from its ratings.
type Row struct {
	Mode
	RPN      int      `json:"rpn"`
	Priority Priority `json:"priority,omitempty"`
	// AfterRPN and AfterPriority are those once the action is taken; 0 and empty where that is not rated.
	AfterRPN      int      `json:"afterRpn,omitempty"`
	AfterPriority Priority `json:"afterPriority,omitempty"`
}

// ReadFMEA reads an analysis from YAML. All problems are reported at once.
func ReadFMEA(file string, data []byte) (*FMEA, error) {
	var f FMEA
	if err := config.Decode(file, data, &f); err != nil {
		return nil, err
	}
	var problems []error
	for i, m := range f.Modes {
		problems = append(problems, m.check(fmt.Sprintf("modes[%d]", i))...)
	}
	for i, r := range f.Priorities {
		problems = append(problems, r.check(fmt.Sprintf("priorities[%d]", i))...)
	}
	if len(f.Modes) == 0 {
		problems = append(problems, errors.New("modes: is empty"))
	}
	problems = append(problems, f.Scales.check()...)
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", file, ErrInvalidFMEA, err)
	}
	usual := DefaultScales()
	if f.Scales.Occurrence == nil {
		f.Scales.Occurrence = usual.Occurrence
	}
	if f.Scales.Detection == nil {
		f.Scales.Detection = usual.Detection
	}
	return &f, nil
}

func (m Mode) check(at string) (problems []error) {
	for _, f := range []struct{ name, value string }{{"item", m.Item}, {"mode", m.Mode}, {"effect", m.Effect}, {"cause", m.Cause}} {
		if strings.TrimSpace(f.value) == "" {
			problems = append(problems, fmt.Errorf("%s.%s: must say something", at, f.name))
		}
	}
	if m.Observed != nil && *m.Observed == (Pattern{}) {
		problems = append(problems, fmt.Errorf("%s.observed: must name a service, words of a title, or both", at))
	}
	problems = append(problems, m.Rated.check(at+".rated")...)
	if m.After != nil {
		problems = append(problems, m.After.check(at+".after")...)
		if m.Action == "" {
			problems = append(problems, fmt.Errorf("%s.after: rates an action, but there is none", at))
		}
	}
	return problems
}

func (r Ratings) check(at string) (problems []error) {
	for _, f := range []struct {
		name  string
		value Rating
	}{{"severity", r.Severity}, {"occurrence", r.Occurrence}, {"detection", r.Detection}} {
		problems = append(problems, f.value.check(at+"."+f.name)...)
	}
	return problems
}

func (r Rating) check(at string) []error {
	if r < 1 || r > 10 {
		return []error{fmt.Errorf("%s: must be 1 to 10, found %d", at, r)}
	}
	return nil
}

func (r PriorityRow) check(at string) (problems []error) {
	for _, f := range []struct{ name, value string }{{"severity", r.Severity}, {"occurrence", r.Occurrence}, {"detection", r.Detection}} {
		if _, _, ok := ratings(f.value); !ok {
			problems = append(problems, fmt.Errorf(`%s.%s: must be ratings such as "9-10" or "4", found %q`, at, f.name, f.value))
		}
	}
	if !slices.Contains([]Priority{High, Medium, Low}, r.Priority) {
		problems = append(problems, fmt.Errorf("%s.priority: must be one of high, medium, low, found %q", at, r.Priority))
	}
	return problems
}

// ratings reads a range of ratings.
func ratings(s string) (from, to Rating, ok bool) {
	low, high, ranged := strings.Cut(s, "-")
	if !ranged {
		high = low
	}
	a, err := strconv.Atoi(strings.TrimSpace(low))
	b, err2 := strconv.Atoi(strings.TrimSpace(high))
	return Rating(a), Rating(b), err == nil && err2 == nil && 1 <= a && a <= b && b <= 10
}

func (r PriorityRow) matches(of Ratings) bool {
	for _, pair := range []struct {
		row   string
		value Rating
	}{{r.Severity, of.Severity}, {r.Occurrence, of.Occurrence}, {r.Detection, of.Detection}} {
		if from, to, _ := ratings(pair.row); pair.value < from || pair.value > to {
			return false
		}
	}
	return true
}

// Priority returns the priority of ratings by the analysis's table.
func (f *FMEA) Priority(of Ratings) Priority {
	for _, r := range f.Priorities {
		if r.matches(of) {
			return r.Priority
		}
	}
	return Unranked
}

// urgency orders priorities.
var urgency = map[Priority]int{High: 0, Medium: 1, Low: 2, Unranked: 3}

// Rows returns the failure modes, the most urgent first: by priority, then by severity, then by RPN.
func (f *FMEA) Rows() []Row {
	rows := make([]Row, len(f.Modes))
	for i, m := range f.Modes {
		rows[i] = Row{Mode: m, RPN: m.Rated.RPN(), Priority: f.Priority(m.Rated)}
		if m.After != nil {
			rows[i].AfterRPN, rows[i].AfterPriority = m.After.RPN(), f.Priority(*m.After)
		}
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(urgency[a.Priority], urgency[b.Priority]), cmp.Compare(b.Rated.Severity, a.Rated.Severity), cmp.Compare(b.RPN, a.RPN))
	})
	return rows
}
