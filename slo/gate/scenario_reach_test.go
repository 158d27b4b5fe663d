package gate

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// transitions are the arrows of the diagram in the package comment.
var transitions = []string{
	"open to caution", "open to code_red",
	"caution to open", "caution to code_red",
	"code_red to thawing", "code_red to caution", "code_red to open",
	"thawing to open", "thawing to caution", "thawing to code_red",
}

// reach is what scenarios have come to.
type reach struct {
	mu                                   sync.Mutex
	reasons, clauses, moves, events, who map[string]bool
}

func newReach() *reach {
	return &reach{reasons: map[string]bool{}, clauses: map[string]bool{}, moves: map[string]bool{}, events: map[string]bool{}, who: map[string]bool{}}
}

func (r *reach) decided(d Decision) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reasons[string(d.Reason)] = true
	for _, c := range d.Clauses {
		r.reasons[string(c.Reason)], r.clauses[c.Clause] = true, true
	}
}

func (r *reach) moved(before, after State, events []Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if from := before.Phase; from != "" && from != after.Phase {
		r.moves[fmt.Sprintf("%s to %s", from, after.Phase)] = true
	}
	for _, e := range events {
		r.events[string(e.Kind)] = true
		r.who[fmt.Sprintf("%s, by a person: %t", e.Kind, e.By != "")] = true
	}
}

// check names all that no scenario has come to, and all that should not be.
func (r *reach) check(t *testing.T) {
	t.Helper()
	for _, reason := range reasonsOfSource(t) {
		if reason != string(NoAnswer) && !r.reasons[reason] { // which the asker says when the gate does not
			t.Errorf("no scenario comes to the reason %s", reason)
		}
	}
	clauses := []string{"rollback", "override", "objective", "policy"}
	for i, file := 0, reflect.TypeFor[clauseFile](); i < file.NumField(); i++ {
		clauses = append(clauses, file.Field(i).Tag.Get("yaml"))
	}
	for _, clause := range clauses {
		if !r.clauses[clause] {
			t.Errorf("no scenario asks the clause %s", clause)
		}
	}
	for _, move := range transitions {
		if !r.moves[move] {
			t.Errorf("no scenario goes from %s", move)
		}
	}
	for move := range r.moves {
		if !slices.Contains(transitions, move) {
			t.Errorf("a scenario goes from %s, which the diagram does not show", move)
		}
	}
	for _, kind := range EventKinds() {
		if !r.events[string(kind)] {
			t.Errorf("no scenario comes to the event %s", kind)
		}
	}
	for _, who := range []string{"entered_thawing, by a person: true", "entered_thawing, by a person: false", "manual_ended, by a person: true", "manual_ended, by a person: false"} {
		if !r.who[who] {
			t.Errorf("no scenario comes to %s", who)
		}
	}
}

// reasonsOfSource reads the constants of type Reason, so that a new one cannot be forgotten.
func reasonsOfSource(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "decision.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Reason" {
			reason, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			reasons = append(reasons, reason)
		}
		return true
	})
	if len(reasons) < 20 {
		t.Fatalf("only %v were found", reasons)
	}
	return reasons
}
