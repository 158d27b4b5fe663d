package gate

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"plimsoll/internal/nearest"
)

// Class says what a change is for.
type Class string

const (
	Feature     Class = "feature"     // anything that is none of the others
	Reliability Class = "reliability" // makes the service more reliable
	Security    Class = "security"    // closes a security hole
	Rollback    Class = "rollback"    // brings an earlier version back
	Config      Class = "config"      // changes configuration only
)

// Classes returns every class.
func Classes() []Class { return []Class{Feature, Reliability, Security, Rollback, Config} }

// Change is what somebody wants to bring to an environment of a service.
type Change struct {
	Service     string   `json:"service"`
	Environment string   `json:"environment"`
	Commit      string   `json:"commit"`
	Version     string   `json:"version,omitempty"`
	Author      string   `json:"author,omitempty"`
	Class       Class    `json:"class"`
	Refs        []string `json:"refs,omitempty"`        // incidents or action items that the change serves
	Progressive bool     `json:"progressive,omitempty"` // rolls out in steps that stop by themselves
}

const (
	maxField = 200 // bytes of one field of a change
	maxRefs  = 20
)

var commitPattern = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._/@:+-]{0,127}$`)

// InputError says what is wrong with one field of a change or command.
type InputError struct {
	Field   string // as in JSON
	Found   string
	Message string // what is allowed
}

func (e *InputError) Error() string {
	return fmt.Sprintf("%s %q: %s", e.Field, e.Found, e.Message)
}

// Validate checks a change and fills in the class, which is Feature where none is given.
// The error is an *InputError.
func (c *Change) Validate() error {
	if c.Class == "" {
		c.Class = Feature
	}
	required := []field{{"service", c.Service}, {"environment", c.Environment}, {"commit", c.Commit}}
	for _, f := range required {
		if f.value == "" {
			return &InputError{f.name, "", "must not be empty"}
		}
	}
	free := append(required, field{"version", c.Version}, field{"author", c.Author})
	for _, f := range append(free, refFields(c.Refs)...) {
		if len(f.value) > maxField || !utf8.ValidString(f.value) || strings.ContainsFunc(f.value, unicode.IsControl) {
			return &InputError{f.name, f.value, fmt.Sprintf("must be UTF-8 of at most %d bytes, without control characters", maxField)}
		}
	}
	if !commitPattern.MatchString(c.Commit) {
		return &InputError{"commit", c.Commit, "must be a commit's hash, or letters, digits and ._/@:+- up to 128 characters"}
	}
	if len(c.Refs) > maxRefs {
		return &InputError{"refs", fmt.Sprint(len(c.Refs)), fmt.Sprintf("must be at most %d", maxRefs)}
	}
	return validClass(c.Class)
}

type field struct{ name, value string }

func refFields(refs []string) []field {
	fields := make([]field, len(refs))
	for i, r := range refs {
		fields[i] = field{fmt.Sprintf("refs[%d]", i), r}
	}
	return fields
}

func validClass(c Class) error {
	names := classNames()
	for _, n := range names {
		if n == string(c) {
			return nil
		}
	}
	return &InputError{"class", string(c), "must be one of " + strings.Join(names, ", ") + nearest.Hint(string(c), names)}
}

func classNames() []string {
	var names []string
	for _, c := range Classes() {
		names = append(names, string(c))
	}
	return names
}
