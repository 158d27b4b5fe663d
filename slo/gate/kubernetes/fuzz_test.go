package kubernetes

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzJudge(f *testing.F) {
	update, err := os.ReadFile("testdata/update.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(update)
	f.Add([]byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"CREATE","kind":{"group":"apps","kind":"Deployment"},"object":{"spec":{"template":{"metadata":null}}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parse(body)
		if err != nil {
			return
		}
		c, v, err := defaults{environment: "production"}.judge(r)
		if err == nil && v == isRelease && (c.Environment == "" || c.Commit == "") {
			t.Errorf("%+v", c)
		}
		r.OldObject = r.Object
		if _, v, err := (defaults{}).judge(r); err == nil && v == isRelease {
			t.Error("an object differs from itself")
		}
	})
}

func FuzzCanonical(f *testing.F) {
	f.Add([]byte(`{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"x"},"creationTimestamp":null},"spec":{"a":[1,null,{}]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return
		}
		once, err := canonical(raw)
		if err != nil {
			return
		}
		twice, err := canonical(json.RawMessage(once))
		if err != nil || once != twice {
			t.Errorf("%v: %s becomes %s", err, once, twice)
		}
	})
}

func TestClip(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"", "short", strings.Repeat("a", maxWarning), strings.Repeat("ü", maxWarning), "a" + strings.Repeat("ü", maxWarning)} {
		got := clip(line)
		if len(got) > maxWarning || !utf8.ValidString(got) || len(line) <= maxWarning && got != line {
			t.Errorf("%q: %q", line, got)
		}
	}
}
