package failure_test

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/incidents/failure"
)

func read(t testing.TB, text string) *failure.Tree {
	t.Helper()
	tree, err := failure.ReadTree("tree.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func sets(sets []failure.CutSet) []string {
	var out []string
	for _, s := range sets {
		out = append(out, strings.Join(s, " "))
	}
	return out
}

// pressureTank is the example of the pressure tank in NUREG-0492, reduced: the rupture
// follows from the tank itself, or from current for too long: relay K2 sticks, or the pressure switch S and one of S1, K1
// and R fail. The handbook finds the minimal cut sets tank; K2; S S1; S K1; S R, and gives the tank 14 % and K2 86 % of the importance.
const pressureTank = `
top: rupture
gates:
  rupture: {or: [tank, e2]}
  e2:      {or: [k2, e3]}
  e3:      {and: [s, e5]}
  e5:      {or: [s1, k1, r]}
events:
  tank: {probability: 5.0e-6}
  k2:   {probability: 3.0e-5}
  s:    {probability: 1.0e-4}
  s1:   {probability: 3.0e-5}
  k1:   {probability: 3.0e-5}
  r:    {probability: 1.0e-4}
`

func TestPressureTank(t *testing.T) {
	t.Parallel()
	a, err := read(t, pressureTank).Analyse()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"k2", "tank", "k1 s", "r s", "s s1"}, sets(a.CutSets)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"k2", "tank"}, a.SinglePoints); diff != "" {
		t.Error(diff)
	}
	// By hand: 5e-6 + 3e-5 + 1e-4 · (3e-5 + 3e-5 + 1e-4) = 3.5016e-5, of which the tank is 14.3 % and K2 85.7 %.
	if math.Abs(a.RareEvents-3.5016e-5) > 1e-12 || a.Probability > a.RareEvents || a.RareEvents-a.Probability > 1e-9 {
		t.Errorf("rare events %v, exact %v", a.RareEvents, a.Probability)
	}
	if a.Events[0].Event != "k2" || math.Abs(a.Events[0].FussellVesely-0.857) > 0.001 || a.Events[1].Event != "tank" || math.Abs(a.Events[1].FussellVesely-0.143) > 0.001 {
		t.Errorf("importances %+v", a.Events)
	}
}

func TestGates(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, tree string
		sets       []string
		p          float64
	}{
		{"two of three", "top: g\ngates: {g: {atLeast: 2, of: [a, b, c]}}\nevents: {a: {probability: 0.1}, b: {probability: 0.2}, c: {probability: 0.3}}\n",
			[]string{"a b", "a c", "b c"}, 0.1*0.2*0.7 + 0.1*0.8*0.3 + 0.9*0.2*0.3 + 0.1*0.2*0.3},
		// T = E1·E2, E1 = A + E3, E3 = B + C, E2 = C + E4, E4 = A·B: the handbook reduces it to C + A·B (chapter VII).
		{"reduction of the handbook", "top: t\ngates: {t: {and: [e1, e2]}, e1: {or: [a, e3]}, e3: {or: [b, c]}, e2: {or: [c, e4]}, e4: {and: [a, b]}}\nevents: {a: {probability: 0.1}, b: {probability: 0.2}, c: {probability: 0.3}}\n",
			[]string{"c", "a b"}, 0.3 + 0.7*0.1*0.2},
		{"an event in two places", "top: g\ngates: {g: {and: [x, y]}, x: {or: [a, b]}, y: {or: [a, c]}}\nevents: {a: {probability: 0.1}, b: {probability: 0.2}, c: {probability: 0.3}}\n",
			[]string{"a", "b c"}, 0.1 + 0.9*0.2*0.3},
		{"absorbed", "top: g\ngates: {g: {or: [a, x]}, x: {and: [a, b]}}\nevents: {a: {probability: 0.5}, b: {probability: 0.5}}\n", []string{"a"}, 0.5},
		{"one event", "top: a\nevents: {a: {probability: 0.25}}\n", []string{"a"}, 0.25},
		{"impossible", "top: g\ngates: {g: {and: [a, b]}}\nevents: {a: {probability: 0}, b: {probability: 1}}\n", []string{"a b"}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a, err := read(t, tc.tree).Analyse()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.sets, sets(a.CutSets)); diff != "" {
				t.Error(diff)
			}
			if math.Abs(a.Probability-tc.p) > 1e-15 {
				t.Errorf("probability %v, want %v", a.Probability, tc.p)
			}
		})
	}
}

// oracle tries all combinations of a tree's events.
type oracle struct {
	tree  *failure.Tree
	names []string
}

// happens evaluates a gate or event where the bits of mask say which events have happened.
func (o oracle) happens(name string, mask uint) bool {
	if i := slices.Index(o.names, name); i >= 0 {
		return mask>>i&1 == 1
	}
	g, n := o.tree.Gates[name], 0
	for _, in := range g.Inputs {
		if o.happens(in, mask) {
			n++
		}
	}
	return n >= g.AtLeast
}

func (o oracle) probability(holds func(mask uint) bool, p map[string]float64) float64 {
	sum := 0.0
	for mask := range uint(1) << len(o.names) {
		if !holds(mask) {
			continue
		}
		product := 1.0
		for i, name := range o.names {
			if mask>>i&1 == 1 {
				product *= p[name]
			} else {
				product *= 1 - p[name]
			}
		}
		sum += product
	}
	return sum
}

// Everything agrees with trying all combinations, for random trees of up to 16 events.
func TestAgreesWithTryingAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tree := draw(t)
		a, err := tree.Analyse()
		if err != nil {
			t.Fatal(err)
		}
		o := oracle{tree: tree}
		p := map[string]float64{}
		for name, e := range tree.Events {
			o.names = append(o.names, name)
			p[name] = e.Probability
		}
		slices.Sort(o.names)
		top := func(mask uint) bool { return o.happens(tree.Top, mask) }
		near(t, "probability", a.Probability, o.probability(top, p))
		var minimal []uint
		for mask := range uint(1) << len(o.names) {
			if !top(mask) {
				continue
			}
			least := true
			for rest := mask; rest != 0 && least; rest &= rest - 1 {
				least = !top(mask &^ (1 << bits.TrailingZeros(rest)))
			}
			if least {
				minimal = append(minimal, mask)
			}
		}
		if len(minimal) != len(a.CutSets) {
			t.Fatalf("%d minimal cut sets, want %d", len(a.CutSets), len(minimal))
		}
		for _, s := range a.CutSets {
			var mask uint
			for _, name := range s {
				mask |= 1 << slices.Index(o.names, name)
			}
			if !slices.Contains(minimal, mask) {
				t.Fatalf("%v is not a minimal cut set", s)
			}
		}
		for _, i := range a.Events {
			bit := uint(1) << slices.Index(o.names, i.Event)
			with := o.probability(func(m uint) bool { return top(m | bit) }, p)
			without := o.probability(func(m uint) bool { return top(m &^ bit) }, p)
			near(t, "Birnbaum of "+i.Event, i.Birnbaum, with-without)
			contributes := o.probability(func(m uint) bool {
				return slices.ContainsFunc(minimal, func(s uint) bool { return s&bit != 0 && s&^m == 0 })
			}, p)
			if a.Probability > 1e-9 {
				near(t, "Fussell–Vesely of "+i.Event, i.FussellVesely, contributes/o.probability(top, p))
			}
		}
		if a.RareEvents < a.Probability-1e-9 {
			t.Fatalf("the bound %v is below %v", a.RareEvents, a.Probability)
		}
	})
}

func near(t *rapid.T, what string, got, want float64) {
	if math.Abs(got-want) > 1e-9 {
		t.Fatalf("%s is %v, want %v", what, got, want)
	}
}

// draw makes a tree: gates take inputs of what was made before, and the last one is the top; what it does not need is left out.
func draw(t *rapid.T) *failure.Tree {
	tree := failure.Tree{Gates: map[string]failure.Gate{}, Events: map[string]failure.Event{}}
	var names []string
	for i := range rapid.IntRange(1, 10).Draw(t, "events") {
		name := fmt.Sprintf("e%d", i)
		tree.Events[name] = failure.Event{Probability: rapid.Float64Range(0, 1).Draw(t, "p")}
		names = append(names, name)
	}
	for i := range rapid.IntRange(1, 8).Draw(t, "gates") {
		inputs := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, min(5, len(names)), rapid.ID[string]).Draw(t, "inputs")
		name := fmt.Sprintf("g%d", i)
		tree.Gates[name] = failure.Gate{AtLeast: rapid.IntRange(1, len(inputs)).Draw(t, "at least"), Inputs: inputs}
		names = append(names, name)
		tree.Top = name
	}
	needed := map[string]bool{}
	var walk func(name string)
	walk = func(name string) {
		needed[name] = true
		for _, in := range tree.Gates[name].Inputs {
			walk(in)
		}
	}
	walk(tree.Top)
	for _, name := range names {
		if !needed[name] {
			delete(tree.Gates, name)
			delete(tree.Events, name)
		}
	}
	checked, err := failure.NewTree(tree)
	if err != nil {
		t.Fatal(err)
	}
	return checked
}

func TestInvalidTrees(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, tree, says string }{
		{"a circle", "top: a\ngates: {a: {or: [b]}, b: {or: [a]}}\n", "a depends on itself: a → b → a"},
		{"a typo", "top: a\ngates: {a: {or: [databse]}}\nevents: {database: {probability: 0.1}}\n", `gates.a: there is no gate or event "databse" (did you mean "database"?)`},
		{"no top", "top: x\nevents: {a: {probability: 0.1}}\n", `top: there is no gate or event "x"`},
		{"two forms", "top: a\ngates: {a: {or: [b], and: [b]}}\nevents: {b: {probability: 0.1}}\n", `gates.a: the fault tree is not valid: needs one of`},
		{"how many", "top: a\ngates: {a: {of: [b]}}\nevents: {b: {probability: 0.1}}\n", "needs one of"},
		{"too many", "top: a\ngates: {a: {atLeast: 3, of: [b, c]}}\nevents: {b: {probability: 0.1}, c: {probability: 0.1}}\n", "3 of 2 inputs cannot be needed; allowed: 1 to 2"},
		{"not needed", "top: a\nevents: {a: {probability: 0.1}, b: {probability: 0.1}}\n", "b is not part of the tree"},
		{"no probability", "top: a\nevents: {a: {probability: 2}}\n", "events.a.probability: 2 is not between 0 and 1"},
		{"twice", "top: a\ngates: {a: {or: [b, b]}}\nevents: {b: {probability: 0.1}}\n", `gates.a: names "b" twice`},
		{"both", "top: a\ngates: {a: {or: [b]}, b: {or: [c]}}\nevents: {b: {probability: 0.1}, c: {probability: 0.1}}\n", "b is a gate and an event"},
		{"unknown key", "top: a\nevents: {a: {probabilty: 0.1}}\n", `did you mean "probability"?`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := failure.ReadTree("tree.yaml", []byte(tc.tree))
			if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), "tree.yaml") {
				t.Errorf("got %v\nwant %s", err, tc.says)
			}
		})
	}
}

// A tree that explodes is refused rather than filling the memory.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	tree := failure.Tree{Top: "top", Gates: map[string]failure.Gate{}, Events: map[string]failure.Event{}}
	var ors []string
	for i := range 12 {
		var inputs []string
		for j := range 4 {
			name := fmt.Sprintf("e%d-%d", i, j)
			tree.Events[name] = failure.Event{Probability: 0.01}
			inputs = append(inputs, name)
		}
		or := fmt.Sprintf("or%d", i)
		tree.Gates[or] = failure.Gate{AtLeast: 1, Inputs: inputs}
		ors = append(ors, or)
	}
	tree.Gates["top"] = failure.Gate{AtLeast: len(ors), Inputs: ors}
	checked, err := failure.NewTree(tree)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := checked.Analyse(); err == nil || !strings.Contains(err.Error(), "the gate top has more than 100000 cut sets") {
		t.Errorf("got %v", err)
	}
}

func FuzzReadTree(f *testing.F) {
	f.Add([]byte(pressureTank))
	f.Add([]byte("top: g\ngates: {g: {atLeast: 2, of: [a, b, c]}}\nevents: {a: {}, b: {}, c: {}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, err := failure.ReadTree("tree.yaml", data)
		if err != nil {
			return
		}
		if len(tree.Events) > 12 {
			return
		}
		a, err := tree.Analyse()
		if err != nil {
			return
		}
		if a.Probability < -1e-12 || a.Probability > 1+1e-12 || len(a.CutSets) == 0 {
			t.Errorf("probability %v, %d cut sets", a.Probability, len(a.CutSets))
		}
	})
}

// TestWideGates: a gate of many inputs is as simple as what it says; the ways to bring some of the inputs about do not count.
func TestWideGates(t *testing.T) {
	t.Parallel()
	const inputs = 40
	tree := failure.Tree{Top: "all", Events: map[string]failure.Event{}, Gates: map[string]failure.Gate{}}
	var names []string
	for n := range inputs {
		names = append(names, fmt.Sprintf("e%02d", n))
		tree.Events[names[n]] = failure.Event{Probability: 0.5}
	}
	for _, tc := range []struct {
		atLeast, sets int
		probability   float64
	}{
		{1, inputs, 1 - math.Pow(0.5, inputs)},
		{inputs, 1, math.Pow(0.5, inputs)},
		{inputs - 1, inputs, (inputs + 1) * math.Pow(0.5, inputs)},
	} {
		tree.Gates["all"] = failure.Gate{AtLeast: tc.atLeast, Inputs: names}
		valid, err := failure.NewTree(tree)
		if err != nil {
			t.Fatal(err)
		}
		a, err := valid.Analyse()
		if err != nil {
			t.Errorf("%d of %d: %v", tc.atLeast, inputs, err)
		} else if len(a.CutSets) != tc.sets || math.Abs(a.Probability-tc.probability) > 1e-12*tc.probability {
			t.Errorf("%d of %d: %d cut sets, probability %g; want %d, %g", tc.atLeast, inputs, len(a.CutSets), a.Probability, tc.sets, tc.probability)
		}
	}
}
