package probe

import (
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/nearest"
)

// template is a text with ${variables}. "$${" stands for "${".
type template struct {
	text  string // as it is written
	parts []part
}

// part is a literal or the name of a variable.
type part struct{ literal, variable string }

// runID is the variable that is another one in each run.
const runID = "run.id"

// functions turn what is written as ${name:argument} into text when a probe is read.
type functions map[string]func(argument string) (string, error)

// parseTemplate reads a template. Functions are resolved, variables must be among those that are defined.
func parseTemplate(text string, f functions, defined []string) (template, error) {
	t := template{text: text}
	literal := func(s string) {
		if n := len(t.parts); n > 0 && t.parts[n-1].variable == "" {
			t.parts[n-1].literal += s
		} else if s != "" {
			t.parts = append(t.parts, part{literal: s})
		}
	}
	for rest := text; rest != ""; {
		before, after, found := strings.Cut(rest, "${")
		if !found {
			literal(rest)
			break
		}
		if escaped, ok := strings.CutSuffix(before, "$"); ok {
			literal(escaped + "${")
			rest = after
			continue
		}
		literal(before)
		name, end, closed := strings.Cut(after, "}")
		if !closed {
			return t, fmt.Errorf(`"${%s" has no closing brace; write "$${" for a dollar sign and a brace`, name)
		}
		rest = end
		if function, argument, ok := strings.Cut(name, ":"); ok {
			call, known := f[function]
			if !known {
				return t, fmt.Errorf("${%s} names no function%s; there are env, size and sha256, as in ${env:API_KEY}", name, nearest.Hint(function, []string{"env", "size", "sha256"}))
			}
			value, err := call(argument)
			if err != nil {
				return t, fmt.Errorf("${%s}: %w", name, err)
			}
			literal(value)
			continue
		}
		if !slices.Contains(defined, name) {
			return t, fmt.Errorf("${%s} is not defined here%s; defined are %s", name, nearest.Hint(name, defined), strings.Join(defined, ", "))
		}
		t.parts = append(t.parts, part{variable: name})
	}
	return t, nil
}

// render puts the values of the variables in.
func (t template) render(variables map[string]string) string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.variable != "" {
			b.WriteString(variables[p.variable])
		} else {
			b.WriteString(p.literal)
		}
	}
	return b.String()
}
