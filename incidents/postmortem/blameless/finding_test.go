package blameless_test

import (
	"cmp"
	"strings"
	"testing"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"

	"plimsoll/incidents/postmortem/blameless"
)

func TestWhereAndWhat(t *testing.T) {
	t.Parallel()
	text := "Ünder load the pool was empty.\nIt was human error; müller@example.com should have known."
	var got []string
	for _, f := range blameless.Text(text, []string{"müller@example.com", "ab"}) {
		got = append(got, string(f.Rule)+" "+f.Found)
		if f.Line != 2 || f.Why == "" || f.Better == "" || utf8.RuneCountInString(strings.Split(text, "\n")[1][:f.Start-strings.Index(text, "\n")-1])+1 != f.Column {
			t.Errorf("%+v", f)
		}
	}
	if d := gocmp.Diff([]string{"human_error human error", "name müller@example.com", "should_have should have"}, got); d != "" {
		t.Error(d)
	}
}

// TestNames: a name is found whatever its capitals, as a whole word, and by the part of an address that people use.
func TestNames(t *testing.T) {
	t.Parallel()
	names := []string{"bob", "ada.lovelace@example.com", "ü", "x (y"}
	for text, want := range map[string]string{
		"Then bob restarted it.":        "bob",
		"Then BOB restarted it.":        "BOB",
		"bobsled is a service":          "",
		"ask ada.lovelace, and bob-bob": "ada.lovelace,bob,bob",
		"a ü is no name":                "",
		"x (y":                          "x (y",
		"the pipeline of user@host.":    "",
	} {
		var found []string
		for _, f := range blameless.Text(text, names) {
			found = append(found, f.Found)
		}
		if got := strings.Join(found, ","); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	claims := blameless.Unproven([]blameless.Claim{{Field: "a", Text: "x", Evidence: " "}, {Field: "b", Text: "y", Evidence: "commit 3f2a9c1"}})
	if len(claims) != 1 || claims[0].Field != "a" || claims[0].Rule != blameless.Unsupported {
		t.Errorf("%+v", claims)
	}
	for name, tc := range map[string]struct{ guards, items, want int }{"none": {0, 0, 0}, "no guard": {0, 2, 1}, "one": {1, 3, 0}} {
		if got := blameless.Unprevented("items", tc.guards, tc.items); len(got) != tc.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// FuzzText: whatever the text, findings lie in it, in order and apart, and the same text gives the same ones.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "It was human error.", "If the tests had been run, it would have worked.", "\xff\xfe should have", "@x @y.z a@b.c", "the the the engineer forgot"} {
		f.Add(s, "bob")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		list := blameless.Text(text, []string{name})
		if d := gocmp.Diff(list, blameless.Text(text, []string{name})); d != "" {
			t.Fatal(d)
		}
		end := 0
		for _, found := range list {
			if found.Start < end || found.End <= found.Start || found.End > len(text) || found.Found != text[found.Start:found.End] || cmp.Compare(found.Line, 1) < 0 || found.Column < 1 {
				t.Fatalf("%+v after %d in %q", found, end, text)
			}
			end = found.End
		}
	})
}
