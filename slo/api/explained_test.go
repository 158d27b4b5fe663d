package api_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"plimsoll/slo/api"
)

// figuresOf says which figure of the explanation opens each number of an objective, by its place in the JSON. What is no figure (names,
// definitions, instants of the window, and what the explanation itself has as a field) maps to "".
var figuresOf = map[string]string{
	"key": "", "service": "", "name": "", "displayName": "", "description": "", "owner": "", "parent": "", "group": "", "method": "", "unit": "",
	"target": "", "window": "", "windowName": "", "windowSeconds": "", "from": "", "until": "", "at": "", "version": "", "revision": "", "lastSample": "",
	"corrections": "", "children": "", "quality.kind": "", "quality.detail": "", "unattributed": "",
	"definition.good": "", "definition.bad": "", "definition.total": "", "definition.query": "", "definition.method": "", "definition.slice": "",
	"definition.sliceTarget": "", "definition.noData.gate": "", "definition.noData.alert": "", "definition.noData.report": "",
	"definition.lowTraffic.minBad": "", "definition.lowTraffic.minTotal": "", "definition.file": "", "definition.line": "",

	"condition": "condition", "sli": "sli", "events.good": "events", "events.bad": "events", "events.total": "events",
	"measured.good": "sli-measured", "measured.bad": "sli-measured", "measured.total": "sli-measured",
	"budget.allowed": "allowed", "budget.remaining": "remaining", "budget.spent": "remaining", "budget.judged": "condition",
	"burn.lookback": "burn-1h", "burn.lookbackSeconds": "burn-1h", "burn.rate": "burn-1h", "burn.coverage": "burn-1h",
	"burn.events.good": "burn-1h", "burn.events.bad": "burn-1h", "burn.events.total": "burn-1h",
	"components.key": "spent", "components.weight": "spent", "components.remaining": "spent", "components.condition": "spent",
	"coverage.ratio": "coverage", "coverage.observedMinutes": "coverage", "coverage.minutes": "coverage",
	"coverage.since": "coverage-since", "coverage.ratioSince": "coverage-since",
	"forecast.exhaustedAt": "forecast", "forecast.recoversAt": "recovery", "forecast.recoversAtPresentRate": "forecast", "outlook": "forecast",
	"attribution.bad": "cause-nobody", "attribution.others": "cause-nobody",
	"attribution.causes.kind": "cause-nobody", "attribution.causes.ref": "cause-nobody", "attribution.causes.title": "cause-nobody",
	"attribution.causes.from": "cause-nobody", "attribution.causes.until": "cause-nobody", "attribution.causes.bad": "cause-nobody",
	"attribution.causes.share": "cause-nobody", "attribution.causes.needsPostmortem": "cause-nobody",
	"attribution.spells.from": "cause-nobody", "attribution.spells.until": "cause-nobody", "attribution.spells.bad": "cause-nobody",
	"attribution.spells.share": "cause-nobody",
}

// leaves calls f with the place of each value in the JSON of a type.
func leaves(t reflect.Type, place string, f func(string)) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.String() == "time.Time" {
		f(place)
		return
	}
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "" && field.Anonymous:
			leaves(field.Type, place, f)
		case place == "" && name == "explanation", place == "attribution.spells" && name == "causes": // as the causes of the whole
		default:
			leaves(field.Type, strings.TrimPrefix(place+"."+name, "."), f)
		}
	}
}

// TestEveryFigureIsExplained fails when a number is added to what the API says of an objective and nothing explains it.
func TestEveryFigureIsExplained(t *testing.T) {
	t.Parallel()
	h := server(t)
	explained := map[string]bool{"": true}
	for _, key := range []string{"encoder/minutes", "encoder/journey", "video-api/availability", "video-api/availability?group=%7Broute=%22/videos%22%7D", "video-api/latency/p95"} {
		var d api.Detail
		get(t, h, "/v1/objectives/"+key, 200, &d)
		var names []string
		for _, f := range d.Explanation.Figures {
			if explained[f.Name] = true; slices.Contains(names, f.Name) {
				t.Errorf("%s: two figures are named %s", key, f.Name)
			}
			names = append(names, f.Name)
			if f.Title == "" || f.Formula == "" || f.Working == "" || f.Value == "" || f.From.IsZero() || !f.From.Before(f.Until) || f.Coverage == "" {
				t.Errorf("%s: %+v does not say how it comes about", key, f)
			}
		}
		var e struct {
			Figures []struct{ Name string }
		}
		path, group, _ := strings.Cut(key, "?")
		get(t, h, "/v1/objectives/"+path+"/explanation?"+group, 200, &e)
		for i, name := range names {
			if i >= len(e.Figures) || e.Figures[i].Name != name {
				t.Errorf("%s: the explanation alone has other figures: %+v, want %v", key, e.Figures, names)
				break
			}
		}
	}
	leaves(reflect.TypeFor[api.Detail](), "", func(place string) {
		if figure, known := figuresOf[place]; !known {
			t.Errorf("%s is new: say which figure of slo.Explain explains it", place)
		} else if !explained[figure] {
			t.Errorf("%s is explained by %q, which no objective has", place, figure)
		}
	})
}
