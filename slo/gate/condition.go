package gate

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"

	"plimsoll/internal/config"
)

// conditionClause is a condition of the policy's own, in the Common Expression Language. It sees the snapshot as typed variables, see
// [facts], and nothing else: no clock, no network.
type conditionClause struct {
	line    int
	name    string
	text    string
	program cel.Program
	then    Outcome
	message string
}

// The variables of a condition.
type (
	// facts are all of them, by their names.
	facts struct {
		Now          time.Time         `cel:"now"`
		Change       changeFacts       `cel:"change"`
		Objectives   []objectiveFacts  `cel:"objectives"`
		Freeze       freezeFacts       `cel:"freeze"`
		Incidents    []incidentFacts   `cel:"incidents"`
		Alerts       []alertFacts      `cel:"alerts"`
		Dependencies []dependencyFacts `cel:"dependencies"`
	}
	changeFacts struct {
		Service     string   `cel:"service"`
		Environment string   `cel:"environment"`
		Commit      string   `cel:"commit"`
		Version     string   `cel:"version"`
		Author      string   `cel:"author"`
		Class       string   `cel:"class"`
		Refs        []string `cel:"refs"`
		Progressive bool     `cel:"progressive"`
	}
	objectiveFacts struct {
		Name      string  `cel:"name"` // without the service
		Owner     string  `cel:"owner"`
		Target    float64 `cel:"target"`
		Remaining float64 `cel:"remaining"` // share of the budget; negative when it is overspent
		Spent     bool    `cel:"spent"`
		Bad       int64   `cel:"bad"`
		Total     int64   `cel:"total"`
		Coverage  float64 `cel:"coverage"` // of the last hour
	}
	freezeFacts struct {
		Phase  string `cel:"phase"`
		Frozen bool   `cel:"frozen"`
	}
	incidentFacts struct {
		Ref      string `cel:"ref"`
		Title    string `cel:"title"`
		Severity int64  `cel:"severity"`
	}
	alertFacts struct {
		Objective string `cel:"objective"`
		Tier      string `cel:"tier"`
		Severity  string `cel:"severity"`
	}
	dependencyFacts struct {
		Service string `cel:"service"`
		Frozen  bool   `cel:"frozen"`
		Spent   bool   `cel:"spent"`
	}
)

// factsOf takes what a condition may see out of a question.
func factsOf(q *question) facts {
	s, c := q.snapshot, q.change
	f := facts{
		Now:    s.At,
		Change: changeFacts{c.Service, c.Environment, c.Commit, c.Version, c.Author, string(c.Class), append([]string{}, c.Refs...), c.Progressive},
		Freeze: freezeFacts{string(cmp.Or(s.Freeze.Phase, Open)), s.Freeze.Frozen(s.At)},
	}
	for _, o := range q.figures {
		f.Objectives = append(f.Objectives, objectiveFacts{nameOf(o), o.Owner, o.Target.Float(), o.Remaining, o.Spent, o.Bad(), o.Total, o.Coverage})
	}
	for _, i := range s.Incidents {
		f.Incidents = append(f.Incidents, incidentFacts{i.Ref, i.Title, int64(i.Severity)})
	}
	for _, a := range s.Alerts {
		f.Alerts = append(f.Alerts, alertFacts{string(a.Objective), a.Tier, a.Severity})
	}
	for _, d := range s.Dependencies {
		f.Dependencies = append(f.Dependencies, dependencyFacts{d.Service, d.Frozen, d.Spent})
	}
	return f
}

// variables gives the fields of facts by their names.
func (f facts) variables() map[string]any {
	v := reflect.ValueOf(f)
	vars := make(map[string]any, v.NumField())
	for i := range v.NumField() {
		vars[v.Type().Field(i).Tag.Get("cel")] = v.Field(i).Interface()
	}
	return vars
}

// conditionEnvironment declares the variables.
func conditionEnvironment() (*cel.Env, error) {
	object := func(t any) *cel.Type { return cel.ObjectType("gate." + reflect.TypeOf(t).Name()) }
	listOf := func(t any) *cel.Type { return cel.ListType(object(t)) }
	return cel.NewEnv(
		ext.NativeTypes(ext.ParseStructTag("cel"), reflect.TypeFor[changeFacts](), reflect.TypeFor[objectiveFacts](), reflect.TypeFor[freezeFacts](),
			reflect.TypeFor[incidentFacts](), reflect.TypeFor[alertFacts](), reflect.TypeFor[dependencyFacts]()),
		ext.Strings(),
		cel.Variable("now", cel.TimestampType),
		cel.Variable("change", object(changeFacts{})),
		cel.Variable("objectives", listOf(objectiveFacts{})),
		cel.Variable("freeze", object(freezeFacts{})),
		cel.Variable("incidents", listOf(incidentFacts{})),
		cel.Variable("alerts", listOf(alertFacts{})),
		cel.Variable("dependencies", listOf(dependencyFacts{})),
	)
}

// maxConditionCost bounds an evaluation, in CEL's units of cost: some thousand comparisons, far below a millisecond.
const maxConditionCost = 10_000

func (c *conditionClause) evaluate(q *question) Result {
	r := Result{Clause: "when", Line: c.line, Verdict: Pass}
	out, _, err := c.program.Eval(factsOf(q).variables())
	if err != nil {
		r.Verdict, r.Reason = Hold, ConditionFailed
		r.Detail = fmt.Sprintf("the condition %q cannot be evaluated: %v", c.label(), err)
		r.Next = fmt.Sprintf("correct the policy. Meanwhile only %s go out.", q.policy.Exemptions())
		return r
	}
	if holds, _ := out.Value().(bool); !holds {
		r.Detail = c.label() + " does not hold"
		return r
	}
	r.Verdict, r.Reason, r.Detail = c.then, ConditionHolds, cmp.Or(c.message, c.label())
	switch c.then {
	case Allow:
		r.Next = "go ahead; the condition is recorded."
	default:
		r.Next = fmt.Sprintf("wait until it no longer holds: %s. Now only %s go out.", c.text, q.policy.Exemptions())
		r.Flip = "a change or state for which this does not hold: " + c.text
	}
	return r
}

func (c *conditionClause) label() string { return cmp.Or(c.name, c.text) }

type conditionFile struct {
	Name      string `yaml:"name"`
	Condition string `yaml:"condition"`
	Then      string `yaml:"then"`
	Message   string `yaml:"message"`
}

func (r *policyReader) condition(at config.Path, line int, f *conditionFile) clause {
	c := &conditionClause{line: line, name: f.Name, text: strings.Join(strings.Fields(f.Condition), " "), message: f.Message,
		then: oneOf(r, at.In("then"), f.Then, Deny, Hold, Allow)}
	if c.text == "" {
		r.problem(at.In("condition"), `must be a condition in CEL, such as change.class == "feature" && objectives.exists(o, o.remaining < 0.2)`)
		return c
	}
	program, err := compileCondition(c.text)
	if err != nil {
		r.problem(at.In("condition"), "%v", err)
	}
	c.program = program
	return c
}

func compileCondition(text string) (cel.Program, error) {
	env, err := conditionEnvironment()
	if err != nil {
		return nil, fmt.Errorf("declare variables: %w", err)
	}
	ast, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		return nil, conditionError(issues, text)
	}
	if ast.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("must be true or false, but %q is of type %s", text, ast.OutputType())
	}
	return env.Program(ast, cel.CostLimit(maxConditionCost))
}

// conditionError says what is wrong with a condition in one line, with the place in it.
func conditionError(issues *cel.Issues, text string) error {
	var problems []string
	for _, e := range issues.Errors() {
		problems = append(problems, fmt.Sprintf("at character %d: %s", e.Location.Column()+1, strings.Join(strings.Fields(e.Message), " ")))
	}
	return errors.New("is not CEL over the variables now, change, objectives, freeze, incidents, alerts, dependencies: " +
		strings.Join(problems, "; ") + fmt.Sprintf(", found %q", text))
}
